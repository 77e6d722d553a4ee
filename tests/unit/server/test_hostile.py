"""Whatever is sent: a problem document that repeats none of it, never a fault, and nothing of it in the log."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from typing import Final

import httpx
import pytest
from fastapi import APIRouter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keytui.server.app import build
from keytui.server.intake import MOST_BYTES
from tests.unit.server.endpoints import ENDPOINTS
from tests.unit.server.team import Team

CANARY: Final = "tk_c4n4ryc4n4ryc4n4ryc4n4ryc4n4ry12"
CREATE: Final = {"name": "a", "environment": "production"}


def is_problem(answer: httpx.Response, status: int | None = None) -> bool:
    document = answer.json()
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert document["status"] == answer.status_code
    assert CANARY not in answer.text
    return 400 <= answer.status_code < 500 if status is None else answer.status_code == status


BODIES: Final[dict[str, tuple[bytes, int]]] = {
    "nothing": (b"", 422),
    "not JSON": (f'{{"draft": {CANARY}'.encode(), 422),
    "cut off": (f'{{"draft": {{"name": "{CANARY}'.encode(), 422),
    "not UTF-8": (b'{"draft": "' + CANARY.encode() + b'\xff\xfe"}', 400),
    "UTF-16": (json.dumps({"draft": CREATE | {"owner": CANARY}}).encode("utf-16"), 422),
    "a list": (json.dumps([CANARY]).encode(), 422),
    "a text": (json.dumps(CANARY).encode(), 422),
    "a number": (b"1e999", 422),
    "no number": (b'{"draft": NaN}', 422),
    "a long number": (b'{"draft": ' + b"9" * 5_000 + b"}", 400),
    "deep": (b'{"draft": ' * 50_000, 400),
    "deep and whole": (b'{"draft": ' * 500 + b"1" + b"}" * 500, 422),
    "unknown field": (json.dumps({"draft": CREATE, CANARY: CANARY}).encode(), 422),
    "unknown field within": (json.dumps({"draft": CREATE | {CANARY: CANARY}}).encode(), 422),
    "wrong type": (json.dumps({"draft": CREATE | {"sensitive": CANARY}}).encode(), 422),
    "text for a flag": (json.dumps({"draft": CREATE | {"sensitive": "yes"}}).encode(), 422),
    "number for a text": (json.dumps({"draft": CREATE | {"owner": 7}}).encode(), 422),
    "NUL": (json.dumps({"draft": CREATE | {"owner": f"{CANARY}\0"}}).encode(), 422),
    "half a character": (b'{"draft": {"name": "' + CANARY.encode() + b'\\ud800", "environment": "production"}}', 422),
    "no offset": (json.dumps({"draft": CREATE | {"expires_at": "2027-01-01T00:00:00"}}).encode(), 422),
    "end of time": (json.dumps({"draft": CREATE | {"expires_at": "9999-12-31T23:59:59-23:00"}}).encode(), 422),
    "before time": (json.dumps({"draft": CREATE | {"expires_at": "0001-01-01T00:00:00+23:00"}}).encode(), 422),
    "escapes": (json.dumps({"draft": CREATE | {"name": "a\x1b[2Jb"}}).encode(), 422),
    "a long name": (json.dumps({"draft": CREATE | {"name": "n" * 100_000}}).encode(), 422),
}


@pytest.mark.parametrize("body", BODIES)
def test_a_body(team: Team, body: str, caplog: pytest.LogCaptureFixture) -> None:
    content, status = BODIES[body]
    entries = team.entries()
    assert is_problem(team.ask("super_admin", "POST", "/admin/keys", content=content), status)
    assert CANARY not in caplog.text
    assert team.entries() == entries


def test_a_body_that_is_too_large_is_not_read(team: Team) -> None:
    sent = 0

    async def asked() -> httpx.Response:
        async def pieces() -> AsyncIterator[bytes]:
            nonlocal sent
            for _ in range(1_000):
                sent += 1
                yield b" " * 65_536

        headers = {"Authorization": f"Bearer {team.tokens['super_admin']}", "Content-Type": "application/json"}
        return await team.client.post("/admin/keys", content=pieces(), headers=headers)

    assert is_problem(team.portal.call(asked), 413)
    assert sent <= MOST_BYTES // 65_536 + 2
    announced = team.ask("super_admin", "POST", "/admin/keys", content=b" " * (MOST_BYTES + 1))
    assert is_problem(announced, 413)


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_only_json_is_read(team: Team, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    answer = team.ask("super_admin", "POST", "/admin/keys", {"draft": CREATE}, headers=headers)
    assert is_problem(answer, 415)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/admin/keys/%00", 422),
        ("/admin/keys/%1b[2J", 422),
        ("/admin/keys/%ff", 422),
        ("/admin/keys/" + "k" * 10_000, 414),
        (f"/admin/keys/{CANARY}", 404),
        (f"/admin/{CANARY}", 404),
        ("/admin/keys?limit=0", 422),
        ("/admin/keys?limit=1001", 422),
        (f"/admin/keys?limit={CANARY}", 422),
        ("/admin/keys?offset=-1", 422),
        ("/admin/keys?offset=" + "9" * 400, 422),
        ("/admin/keys?cursor=AAAA", 422),
        ("/admin/keys?cursor=W10", 422),
        ("/admin/keys?cursor=%F0%9F%98%80", 422),
        ("/admin/keys?filter=%22", 422),
        ("/admin/keys?sort=nothing", 422),
        ("/admin/rotations/0", 422),
        ("/admin/rotations/99999999999999999999", 422),
        ("/admin/rotations/1e3", 422),
        ("/admin/audit-logs?start_date=yesterday", 422),
        ("/admin/audit-logs?start_date=2026-11-01T00:00:00", 422),
        ("/admin/audit-logs?end_date=2026-11-01 00:00", 422),
        ("/admin/audit-logs?end_date=9999-12-31", 422),
        ("/admin/audit-logs?format=xml", 422),
        ("/admin/usage?since=2026-11-20T12:00:00", 422),
        ("/admin/monitor?range=99999999999d", 422),
        ("/admin/changes?after=-1", 422),
        ("/admin/changes?timeout=nan", 422),
    ],
)
def test_an_address(team: Team, path: str, status: int) -> None:
    assert is_problem(team.ask("super_admin", "GET", path), status)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Authorization", "Bearer ")],
        [("Authorization", "Bearer TOKEN extra")],
        [("Authorization", "Basic TOKEN")],
        [("Authorization", "Bearer TOKEN"), ("Authorization", "Bearer TOKEN")],
        [("Authorization", "Bearer TOKEN"), ("X-API-Key", "TOKEN")],
        [("Authorization", "Bearer " + "T" * 60_000)],
        [("Authorization", "Bearer \xff\xfe")],
        [("X-API-Key", "")],
    ],
)
def test_two_tokens_or_half_a_one_are_none(team: Team, headers: list[tuple[str, str]]) -> None:
    token = team.tokens["super_admin"]
    sent = [(name.encode(), value.replace("TOKEN", token).encode("latin-1")) for name, value in headers]
    answer = team.portal.call(lambda: team.client.get("/admin/keys", headers=sent))
    assert is_problem(answer, 401)
    assert token not in answer.text
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_either_header_carries_a_token(team: Team) -> None:
    for name, value in (("Authorization", "bearer {}"), ("X-API-Key", "{}")):
        headers = {name: value.format(team.tokens["key"])}
        assert team.ask(None, "GET", "/admin/keys", headers=headers).status_code == 200


def test_answers_stay_nowhere(team: Team) -> None:
    for answer in (team.ask("super_admin", "GET", "/admin/keys"), team.ask(None, "GET", "/admin/keys")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_nobody_foresaw_tells_nothing(team: Team, caplog: pytest.LogCaptureFixture) -> None:
    broken = APIRouter()

    @broken.get("/broken")
    def fail() -> None:
        raise RuntimeError(f"it holds {CANARY}")

    transport = httpx.ASGITransport(build(team.vault, routers=[broken]), raise_app_exceptions=False)

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://team") as client:
            return await client.get(f"/broken?of={CANARY}")

    with caplog.at_level(logging.DEBUG):
        answer = team.portal.call(asked)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert CANARY not in answer.text
    assert "RuntimeError" in caplog.text
    assert "test_hostile.py" in caplog.text
    assert CANARY not in "".join(record.getMessage() for record in caplog.records if record.name == "keytui.server")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(CANARY),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
"""Any JSON, and what Python takes for it."""


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_json_anywhere(team: Team, data: st.DataObject) -> None:
    """A right body with one thing in it exchanged, or another body altogether."""
    name = data.draw(st.sampled_from([name for name, endpoint in ENDPOINTS.items() if endpoint.body is not None]))
    method, _, path = name.partition(" ")
    path = path.format(
        key_id="zzzzzzzzzzzzzzzz",
        rotation_id=1,
        approval_id=1,
        alert_id=1,
        incident_id=1,
        user_id="nobody",
        issuer="nowhere",
        name="nowhere",
    )
    body = json.loads(json.dumps(ENDPOINTS[name].body))
    place = data.draw(st.sampled_from(sorted(places(body))))
    content = json.dumps(exchanged(body, place, data.draw(anything))).encode()
    answer = team.ask("super_admin", method, path, content=content)
    assert answer.status_code < 500, (name, content, answer.text)
    if answer.status_code >= 400:
        assert is_problem(answer)


def places(body: object, at: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    inner = (
        [place for name, part in body.items() for place in places(part, (*at, name))] if isinstance(body, dict) else []
    )
    return [at, *inner]


def exchanged(body: object, at: tuple[str, ...], by: object) -> object:
    if not at or not isinstance(body, dict):
        return by
    return body | {at[0]: exchanged(body[at[0]], at[1:], by)}


@pytest.mark.parametrize("path", ["/admin/keys/", "/admin/rotations/"])
def test_nobody_is_sent_where_the_client_says(team: Team, path: str) -> None:
    answer = team.ask("super_admin", "GET", path, headers={"Host": "evil.example"})
    assert is_problem(answer, 404)
    assert "location" not in answer.headers
