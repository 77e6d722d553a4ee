"""The probe that asks with a key itself, on a double of the recorded Reserve platform."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from socket import create_server, socket

import pytest

from keytui.connectors import build_connectors
from keytui.domain.errors import Invalid, Refused
from keytui.domain.secrets import Secret
from keytui.probes.configuration import key_probe_tables, read_settings
from keytui.probes.http_probe import HttpProbe
from keytui.probes.key_probe import KeyProbe, Outcome
from keytui.vault.references import from_here
from tests.doubles.faults import Fault, Faulty
from tests.doubles.reserve import Reserve
from tests.doubles.served import Stage
from tests.dripping import dripping

KEY = Secret("rk_KJmUpiqUw-fUVawgvo-0jK4D8p_9trDs")
STRANGER = Secret("rk_4nUC_yWQnF-H1-1Xj9v65I_uwPEE3d5g")
GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "probe-http.md"


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


@pytest.fixture
def reserve() -> Reserve:
    reserve = Reserve()
    reserve.add("checkout", KEY.reveal(), ["default"])
    return reserve


def probe_of(entry: Mapping[str, object]) -> KeyProbe:
    built: Mapping[str, KeyProbe] = build_connectors(
        "probes", "config.toml", {"ready": {"kind": "http", **entry}}, from_here
    )
    return built["ready"]


def test_a_key_that_is_let_in_is_told_from_one_that_is_not(reserve: Reserve, stage: Stage) -> None:
    probe = probe_of({"url": f"{stage.serve(reserve)}/whoami", "header": "x-api-key"})
    before = probe.ask(KEY)
    assert (before.outcome, before.said) == (Outcome.ACCEPTED, "200")
    assert timedelta() < before.took < timedelta(seconds=10)
    reserve.keys[list(reserve.keys)[-1]]["isActive"] = False
    assert (probe.ask(KEY).outcome, probe.ask(KEY).said) == (Outcome.REFUSED, "401")


def test_an_answer_has_to_hold_what_is_expected(reserve: Reserve, stage: Stage) -> None:
    entry: dict[str, object] = {"url": f"{stage.serve(reserve)}/ready", "header": "x-api-key"}
    expecting = probe_of({**entry, "expects": {"/dependencies/database": "ok"}})
    assert expecting.ask(KEY).outcome is Outcome.ACCEPTED
    expecting = probe_of({**entry, "expects": {"/dependencies/database": "fine"}})
    assert expecting.ask(KEY).outcome is Outcome.UNCLEAR
    assert expecting.ask(KEY).said == "200, but /dependencies/database is 'ok' and not 'fine'"
    reserve.database = False
    assert expecting.ask(KEY).said == "503, which says neither"
    assert expecting.ask(STRANGER).outcome is Outcome.REFUSED


def test_without_a_header_of_its_own_the_key_goes_as_bearer(reserve: Reserve, stage: Stage) -> None:
    probe = probe_of({"url": f"{stage.serve(reserve)}/whoami", "refused": ["403"]})
    assert probe.ask(KEY).outcome is Outcome.UNCLEAR, "401 is not what this site calls refused"
    heard = reserve.heard[-1].headers
    assert heard["authorization"] == f"Bearer {KEY.reveal()}"
    assert heard["user-agent"] == "keytui-probe"
    assert "origin" not in heard


@pytest.mark.parametrize("fault", list(Fault))
def test_whatever_else_comes_proves_nothing(reserve: Reserve, stage: Stage, fault: Fault) -> None:
    line = Faulty(reserve)
    entry = {"url": f"{stage.serve(line)}/ready", "header": "x-api-key", "timeout": "1s"}
    probe = probe_of({**entry, "expects": {"/status": "ok"}})
    line.strike("GET", fault)
    assert probe.ask(KEY).outcome is Outcome.UNCLEAR
    assert probe.ask(KEY).outcome is Outcome.ACCEPTED


def test_no_answer_in_time_proves_nothing() -> None:
    """An answer without a length ends where its connection does, or where we cut it."""
    pieces = [b"HTTP/1.1 200 OK\r\n\r\n"]

    def drip(connection: socket) -> None:
        connection.sendall(pieces.pop() if pieces else b"x")
        time.sleep(0.02)

    with dripping(drip) as port:
        answer = probe_of({"url": f"http://127.0.0.1:{port}", "timeout": "1s"}).ask(KEY)
    assert (answer.outcome, answer.said) == (Outcome.UNCLEAR, "no answer: too late")
    with create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    answer = probe_of({"url": f"http://127.0.0.1:{port}"}).ask(KEY)
    assert (answer.outcome, answer.said.partition(":")[0]) == (Outcome.UNCLEAR, "no answer")


def test_what_lets_everybody_in_is_refused_beforehand(reserve: Reserve, stage: Stage) -> None:
    url = stage.serve(reserve)
    probe_of({"url": f"{url}/whoami", "header": "x-api-key"}).rehearse(STRANGER)
    with pytest.raises(Refused, match="probe ready: what is no key is not refused: 200"):
        probe_of({"url": f"{url}/ready", "header": "x-other"}).rehearse(STRANGER)


@pytest.mark.parametrize("value", ["", "two\nlines", "tür", " blank"])
def test_what_no_header_can_carry_is_not_sent(reserve: Reserve, stage: Stage, value: str) -> None:
    answer = probe_of({"url": f"{stage.serve(reserve)}/whoami", "header": "x-api-key"}).ask(Secret(value))
    assert (answer.outcome, answer.said) == (Outcome.UNCLEAR, "not asked: no header can carry this value")
    assert not reserve.heard


def test_an_answer_that_says_the_key_back_is_told_without_it(stage: Stage) -> None:
    reserve = Reserve()
    id_ = reserve.add("checkout", KEY.reveal(), ["default", "admin"])
    reserve.keys[id_]["name"] = f"\x1b[2J{KEY.reveal()}"
    entry = {"url": f"{stage.serve(reserve)}/v1/admin/api-keys", "header": "x-api-key"}
    said = probe_of({**entry, "expects": {"/items/0/name": "checkout"}}).ask(KEY).said
    assert said == r"200, but /items/0/name is '\x1b[2J…' and not 'checkout'"


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ({"url": "http://a.example"}, "url is not an https:// address"),
        ({"url": "https://a.example", "header": "X Key"}, "header is the name of a header"),
        ({"url": "https://a.example", "refused": ["200"]}, "refused names a status that accepted names too"),
        ({"url": "https://a.example", "refused": ["never"]}, "refused is a list of statuses"),
        ({"url": "https://a.example", "accepted": []}, "accepted is a list of statuses"),
        ({"url": "https://a.example", "expects": {"dependencies.database": "ok"}}, "expects says where by JSON point"),
        ({"url": "https://a.example", "before": "Bearer\n"}, "before is what a header can carry"),
        ({"url": "https://a.example", "credential": "env:A"}, "has no field 'credential'"),
    ],
)
def test_what_is_wrong_is_named(entry: Mapping[str, object], complaint: str) -> None:
    with pytest.raises(Invalid, match=complaint) as wrong:
        probe_of(entry)
    assert "config.toml: [probes.ready] " in wrong.value.message


def test_it_stands_beside_probes_that_bring_evidence() -> None:
    """The guide's own example, beside a table of another sort: each reader takes its own."""
    tables = tomllib.loads(GUIDE.read_text().split("```toml\n")[1].split("```")[0])["probes"]
    refusals = {"kind": "refusals", "url": "https://a.example", "pointer": "/n"}
    both = {**tables, "edge": refusals}
    assert [settings.name for settings in read_settings("config.toml", both)] == ["edge"]
    probes: Mapping[str, KeyProbe] = build_connectors("probes", "config.toml", key_probe_tables(both), from_here)
    assert probes == {
        "ready": HttpProbe(
            "ready", "https://api.example.com/ready", "x-api-key", expects={"/dependencies/database": "ok"}
        ),
        "whoami": HttpProbe("whoami", "https://id.example.com/whoami", "Authorization", "Bearer "),
    }
    with pytest.raises(Invalid, match="kind is missing or none that there is"):
        read_settings("config.toml", {"edge": {**refusals, "kind": "htpp"}})
