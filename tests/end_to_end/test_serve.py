"""`keytui serve`: what services, probes of its health and strangers are told, and what its log says of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from keytui.domain.access import Role
from keytui.domain.audit import AuditFilter
from keytui.domain.operators import OperatorDraft
from tests.end_to_end.canary import leaks_under
from tests.end_to_end.team_server import TeamServer, bearer, beside, key, service_token, team_server, token, verify
from tests.world import eventually


@dataclass
class Team:
    """A server, the tokens of those who come in, and a key of each of two tenants."""

    server: TeamServer
    service: str
    blue_service: str
    staff: str
    blue_staff: str
    key_id: str
    secret: str
    blue_secret: str

    @property
    def secrets(self) -> list[str]:
        return [self.service, self.blue_service, self.staff, self.blue_staff, self.secret, self.blue_secret]


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    home = tmp_path_factory.mktemp("team")
    issued, blue = key(home), key(home, "orders", "blue")
    with team_server(home) as server:
        made = Team(
            server,
            service_token(home),
            service_token(home, "blue-shop", "blue"),
            token(home, OperatorDraft("grace", Role.STAFF)),
            token(home, OperatorDraft("bob", Role.STAFF, "blue")),
            issued.key.id,
            issued.secret.reveal(),
            blue.secret.reveal(),
        )
        eventually(lambda: verify(server, made.blue_service, made.blue_secret).status_code == 200)
        yield made
        leaked = leaks_under(home, made.secrets)
    assert not leaked, "\n".join(leaked)


def test_a_service_learns_whose_secret_it_was_shown(team: Team) -> None:
    answer = verify(team.server, team.service, team.secret, scopes=["read"], caller={"name": "web"}, route="/orders/17")

    assert answer.status_code == 200
    assert answer.json() == {
        "valid": True,
        "outcome": "accepted",
        "key_id": team.key_id,
        "key_name": "checkout-api",
        "version": 1,
        "scopes": ["read"],
    }


def test_what_a_service_asks_counts_as_use(team: Team) -> None:
    verify(team.server, team.service, team.secret, caller={"name": "nightly"}, route="/orders/17")

    with beside(team.server.home) as vault:
        eventually(lambda: "nightly" in [use.caller.name for use in vault.callers(team.key_id)])


def test_a_secret_that_is_nobodys_is_unknown(team: Team) -> None:
    answer = verify(team.server, team.service, "tk_" + "x" * 32).json()

    assert (answer["valid"], answer["outcome"], answer["key_id"]) == (False, "unknown", None)


def test_another_tenants_key_is_as_unknown_as_nobodys(team: Team) -> None:
    own = verify(team.server, team.blue_service, team.blue_secret)
    others = verify(team.server, team.blue_service, team.secret)
    nobodys = verify(team.server, team.blue_service, "tk_" + "y" * 32)

    assert own.json()["valid"]
    assert others.content == nobodys.content


def test_a_scope_that_is_missing_is_said(team: Team) -> None:
    answer = verify(team.server, team.service, team.secret, scopes=["write"]).json()

    assert (answer["valid"], answer["outcome"], answer["version"]) == (False, "scope", 1)


@pytest.mark.parametrize("headers", [{}, bearer("kto_" + "a" * 40), {"authorization": "Basic dXNlcg=="}])
def test_strangers_are_told_to_authenticate(team: Team, headers: dict[str, str]) -> None:
    for path in ("/v1/verify", "/metrics", "/admin/events", "/admin/keys"):
        method = "POST" if path == "/v1/verify" else "GET"
        answer = httpx.request(method, f"{team.server.url}{path}", headers=headers)

        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"


def test_an_operator_is_no_service(team: Team) -> None:
    assert verify(team.server, team.staff, team.secret).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"secret": 1}',
        b'{"secret": ""}',
        b'{"secret": "x", "scopes": "read"}',
        b'{"secret": "x", "caller": "web"}',
        b'{"secret": "x", "caller": {"name": 1}}',
        b'{"secret": "x", "more": true}',
        b'{"secret": "\\ud800"}',
        b"\xff\xfe",
        b"[" * 60_000,
    ],
)
def test_what_is_no_question_is_refused_in_words(team: Team, body: bytes) -> None:
    answer = httpx.post(f"{team.server.url}/v1/verify", headers=bearer(team.service), content=body)

    if body == b'{"secret": "\\ud800"}':  # half a character is text, and no key's
        assert answer.json()["outcome"] == "unknown"
    else:
        assert answer.status_code == 422
        assert answer.json()["hint"]


def test_a_body_that_is_too_long_is_refused(team: Team) -> None:
    body = json.dumps({"secret": "x" * 100_000})
    answer = httpx.post(f"{team.server.url}/v1/verify", headers=bearer(team.service), content=body)

    assert answer.status_code == 413


def test_the_server_says_that_it_is_ready(team: Team) -> None:
    assert httpx.get(f"{team.server.url}/live").json() == {"status": "ok"}
    assert httpx.get(f"{team.server.url}/ready").json() == {"status": "ready", "dependencies": {"database": "ok"}}


def test_the_description_has_the_services_too(team: Team) -> None:
    paths = httpx.get(f"{team.server.url}/openapi.json", timeout=20).json()["paths"]

    assert {"/v1/verify", "/v1/usage", "/admin/events", "/ready", "/admin/keys"} <= paths.keys()
    assert paths["/v1/verify"]["post"]["requestBody"]["content"]["application/json"]["schema"]["example"]


def test_metrics_are_for_those_who_see_all_tenants(team: Team) -> None:
    verify(team.server, team.service, team.secret)

    page = httpx.get(f"{team.server.url}/metrics", headers=bearer(team.staff))
    assert page.status_code == 200
    assert 'keytui_verifications_total{outcome="accepted"}' in page.text
    assert 'keytui_requests_total{route="/v1/verify",status="200"}' in page.text
    assert "blue" not in page.text
    assert httpx.get(f"{team.server.url}/metrics", headers=bearer(team.blue_staff)).status_code == 403


def test_what_a_service_refuses_is_in_the_audit_log(team: Team) -> None:
    asked = {"/v1/verify": team.staff, "/metrics": team.blue_staff, "/admin/events": team.service}
    for path, shown in asked.items():
        method = "POST" if path == "/v1/verify" else "GET"
        for _ in range(3):
            assert httpx.request(method, f"{team.server.url}{path}", headers=bearer(shown)).status_code == 403

    def told() -> list[tuple[str, str]]:
        with beside(team.server.home) as vault:
            entries = vault.audit(AuditFilter(type="access.refused"), 0, 99).entries
        return [(entry.actor.partition("@")[0], entry.event.details["operation"]) for entry in entries]

    expected = {("grace", "POST /v1/verify"), ("bob", "GET /metrics"), ("checkout", "GET /admin/events")}
    eventually(lambda: expected <= set(told()))
    assert len(told()) == len(set(told()))  # repeats are counted, and told together minutes later


def test_each_request_has_one_line_with_its_key_and_version(team: Team) -> None:
    httpx.get(f"{team.server.url}/admin/keys/find?reference={team.secret}", headers=bearer(team.staff))
    httpx.get(f"{team.server.url}/admin/keys/{team.key_id}", headers=bearer(team.staff))
    verify(team.server, team.service, team.secret)

    eventually(lambda: team.server.log.rstrip().endswith("outcome=accepted"))
    found, asked, verified = team.server.log.splitlines()[-3:]
    assert "GET /admin/keys/find?reference=*" in found
    assert f"GET /admin/keys/{team.key_id} 200" in asked
    assert f"by=grace key={team.key_id} version=1" in asked
    assert "POST /v1/verify 200" in verified
    assert f"from=127.0.0.1 by=checkout key={team.key_id} version=1 outcome=accepted" in verified
