"""A verifier on another machine: its keys come from a team's server, and its usage goes there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

import keytui
from keytui.domain.gaps import GapKind
from keytui.domain.rotation import Reason
from keytui.domain.usage import Caller, Flush, Use
from keytui.vault.wire import encode
from tests.end_to_end.team_server import TeamServer, bearer, beside, key, service_token, team_server
from tests.world import eventually


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeamServer]:
    with team_server(tmp_path_factory.mktemp("elsewhere")) as running:
        yield running


def known(server: TeamServer, token: str) -> str:
    """The token, once the server knows it."""
    eventually(lambda: httpx.get(f"{server.url}/v1/credentials", headers=bearer(token)).status_code == 200)
    return token


def report(server: TeamServer, token: str, what: dict[str, object]) -> httpx.Response:
    return httpx.post(f"{server.url}/v1/usage", headers=bearer(token), content=encode(what))


def use(key_id: str, accepted: int = 1) -> Use:
    now = datetime.now(UTC)
    return Use(key_id, 1, Caller.called("web"), now.replace(second=0, microsecond=0), now, now, accepted)


def test_a_service_elsewhere_checks_by_itself_and_reports(
    server: TeamServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued, others = key(server.home, "own", "blue"), key(server.home, "others", "red")
    monkeypatch.setenv("TEAM_TOKEN", known(server, service_token(server.home, "shop", "blue")))
    monkeypatch.setenv("KEYTUI_HOME", str(tmp_path))
    (tmp_path / "config.toml").write_text(f'[profiles.team]\nurl = "{server.url}"\ntoken = "env:TEAM_TOKEN"\n')
    with keytui.open_verifier("shop-1", "team") as verifier, beside(server.home) as vault:
        assert verifier.check(issued.secret, ("read",), "web").valid
        assert not verifier.check(others.secret).valid
        vault.revoke(issued.key.id, None, Reason.COMPROMISE, "a test")
        assert eventually(lambda: not verifier.check(issued.secret, (), "web").valid) < 1.5
    with beside(server.home) as vault:
        source = next(source for source in vault.sources() if source.name == "recorder blue/shop")
        (caller,) = vault.callers(issued.key.id)
    assert {gap.kind for gap in source.gaps} == {GapKind.NO_RECORDER}  # before it began; it ended cleanly
    assert caller.caller.name == "web"
    assert caller.accepted >= 1


def test_a_flush_that_is_told_twice_counts_once(server: TeamServer) -> None:
    token, key_id = known(server, service_token(server.home, "twice")), key(server.home, "twice").key.id
    report(server, token, {"register": {"recorder": "00ff" * 4, "host": "there", "pid": 7}})
    flush = Flush("00ff" * 4, 1, datetime.now(UTC), (use(key_id, 5),))
    for _ in range(2):
        assert report(server, token, {"flush": flush}).status_code == 204
    with beside(server.home) as vault:
        assert [caller.accepted for caller in vault.callers(key_id)] == [5]


def test_a_token_reports_under_its_own_name_and_of_its_tenant_alone(server: TeamServer) -> None:
    mine, key_id = known(server, service_token(server.home, "mine")), key(server.home, "mine", "red").key.id
    other = known(server, service_token(server.home, "other", "blue"))
    report(server, mine, {"register": {"recorder": "11ee" * 4, "host": "there", "pid": 7}})
    borrowed = Flush("11ee" * 4, 1, datetime.now(UTC))
    foreign = Flush("22dd" * 4, 1, datetime.now(UTC), (use(key_id),))

    assert report(server, other, {"flush": borrowed}).status_code == 403
    assert report(server, other, {"register": {"recorder": "11ee" * 4, "host": "here", "pid": 1}}).status_code == 403
    assert report(server, other, {"flush": foreign}).status_code == 403
    with beside(server.home) as vault:
        assert vault.callers(key_id) == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"flush": Flush("33cc" * 4, 0, datetime.now(UTC))},
        {"flush": Flush("", 1, datetime.now(UTC))},
        {"flush": Flush("33cc" * 4, 1, datetime.now(UTC), (use("", -1),))},
        {"flush": Flush("33cc" * 4, 1, datetime.now(UTC), dropped=-1)},
        {"flush": {"recorder": "33cc"}},
        {"register": {"recorder": "", "host": "", "pid": 1}},
    ],
)
def test_what_no_recorder_says_is_refused(server: TeamServer, wrong: dict[str, object]) -> None:
    token = known(server, service_token(server.home, f"wrong-{abs(hash(repr(wrong)))}"[:40]))

    assert report(server, token, wrong).status_code == 422


def test_an_acknowledgement_of_what_has_not_happened_is_cut(server: TeamServer) -> None:
    token = known(server, service_token(server.home, "ahead"))
    flush = Flush("44bb" * 4, 1, datetime.now(UTC) - timedelta(seconds=1), acknowledged=10**9)

    assert report(server, token, {"flush": flush}).status_code == 204
    with beside(server.home) as vault:
        now = vault.changes(0, 0).position
    with httpx.Client(headers=bearer(token)) as client:
        told = client.get(f"{server.url}/v1/credentials", params={"after": now + 10**6})
    assert told.json()["position"] <= now


def test_services_of_one_name_in_two_tenants_are_two(server: TeamServer) -> None:
    """One that begins would otherwise seem to take over from the other's that fell silent."""
    for tenant, recorder in (("red", "55aa" * 4), ("blue", "66ff" * 4)):
        token = known(server, service_token(server.home, "web", tenant))
        register = {"recorder": recorder, "host": "there", "pid": 7}
        assert report(server, token, {"register": register}).status_code == 204
        assert report(server, token, {"flush": Flush(recorder, 1, datetime.now(UTC))}).status_code == 204
    with beside(server.home) as vault:
        assert {"recorder red/web", "recorder blue/web"} <= {source.name for source in vault.sources()}
