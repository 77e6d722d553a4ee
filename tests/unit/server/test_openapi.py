"""The API's description: true of what the server does, whatever schemathesis makes of it."""

from __future__ import annotations

from typing import Any, Final, cast

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case, CheckFunction, checks
from schemathesis.schemas import BaseSchema
from starlette.responses import JSONResponse

from keytui.server.app import build
from tests.unit.server.endpoints import ENDPOINTS
from tests.unit.server.team import Team, client_of

checks.load_all_checks()
CHECKS: Final = [
    cast(CheckFunction, checks.CHECKS.get_one(name))
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
    )
]


@pytest.fixture(scope="module")
def described(team: Team) -> BaseSchema:
    schema = schemathesis.openapi.from_dict(build(team.vault).openapi())
    schema.config.phases.coverage.enabled = False  # some four thousand requests
    rejected = schema.config.checks.negative_data_rejection
    rejected.expected_statuses = [*rejected.expected_statuses, "414"]  # a filter may be too long for a path
    return schema


api = schemathesis.pytest.from_fixture("described")


@api.parametrize()
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_server_does_what_it_describes(case: Case[Any], team: Team) -> None:
    sent = case.as_transport_kwargs(base_url="http://team")
    headers = {
        name: value for name, value in sent["headers"].items() if name.lower() not in {"x-api-key", "authorization"}
    }
    headers["Authorization"] = f"Bearer {team.tokens['super_admin']}"

    async def asked() -> httpx.Response:
        return await team.client.request(
            sent["method"],
            sent["url"],
            params=sent.get("params"),
            headers=headers,
            **({"json": sent["json"]} if "json" in sent else {"content": sent.get("data")}),
        )

    case.validate_response(team.portal.call(asked), checks=CHECKS)


def test_every_endpoint_is_described(team: Team) -> None:
    paths = build(team.vault).openapi()["paths"]
    assert isinstance(paths, dict)
    assert {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods} == set(ENDPOINTS)


def test_the_description_is_made_once_whoever_asks_for_it(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strangers may ask as well, and making it takes a second."""
    made = list[JSONResponse]()

    def written(content: object) -> JSONResponse:
        made.append(JSONResponse(content))
        return made[-1]

    monkeypatch.setattr("keytui.server.app.JSONResponse", written)
    client = client_of(team.vault)

    async def asked() -> list[httpx.Response]:
        return [await client.get("/openapi.json") for _ in range(3)]

    told = team.portal.call(asked)
    assert [answer.status_code for answer in told] == [200] * 3
    assert [answer.json() for answer in told] == [build(team.vault).openapi()] * 3
    assert len(made) == 1
    team.portal.call(client.aclose)
