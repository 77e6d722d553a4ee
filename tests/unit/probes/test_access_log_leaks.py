"""A whole secret in a log is found wherever it stands, told once a file, and kept nowhere else."""

from __future__ import annotations

import json
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytui.domain.keys import Key, Version, VersionState
from keytui.domain.recognition import Recogniser
from keytui.domain.secrets import FORMATS, Secret
from keytui.domain.verification import Credential
from keytui.probes.access_log import AccessLog
from keytui.probes.access_log.leaks import Leaks
from tests.unit.probes.logs import (
    LATER,
    NEW,
    OLD,
    RECOGNISER,
    SECRETS,
    Notebook,
    at,
    combined,
    credential,
    nginx,
    write,
)
from tests.world import NOON, repeatable_randomness

SECRET = OLD.reveal()
_random = repeatable_randomness(5)
IMPORTED = [FORMATS["base64"].mint(_random) for _ in range(40)]
MANY_ISSUERS = Recogniser([credential(secret, number) for number, secret in enumerate(IMPORTED, start=1)])
CADDY = {"ts": NOON.timestamp(), "status": 200, "request": {"headers": {"X-Api-Key": [SECRET]}}}


@pytest.mark.parametrize(
    "line",
    [
        nginx(0, SECRET),
        nginx(0, path=f"/v1/x?api_key={SECRET}"),
        nginx(0, path=f"/v1/x?a=1&api_key={SECRET}&b=2"),
        nginx(0, path=f"/v1/{SECRET}/x"),
        nginx(0, OLD.prefix(), path=f"/v1/x?api_key={SECRET}"),
        nginx(0, path=f"/v1/x?next=%2Fy%3Fapi_key%3D{SECRET}"),
        nginx(0).replace("curl/7.88.1", f"curl/7.88.1 {SECRET}"),
        nginx(0).replace("curl/7.88.1", rf"x\u0026{SECRET}\u0026y"),
        combined(0, SECRET),
        combined(0, path=f"/v1/x?api_key={SECRET}"),
        combined(0).replace("curl/7.88.1", rf"\x22{SECRET}\x22"),
        f"{{broken {SECRET}",
        f"Authorization: Bearer {SECRET}",
        f"key=={SECRET}==",
        json.dumps(CADDY),
    ],
)
def test_a_whole_secret_is_found_wherever_it_stands(tmp_path: Path, line: str) -> None:
    file = write(tmp_path / "edge.log", nginx(0), line, nginx(0, OLD.prefix()))
    log, book = AccessLog("log edge", [file]), Notebook()
    book.take(log)
    assert book.leaks == [("checkout", 1, "edge.log line 2")]
    assert log.counts[str(file)].leaks == 1
    assert not any(secret in repr((book, log.counts)) for secret in SECRETS)


@pytest.mark.parametrize("line", [nginx(0, OLD.prefix()), nginx(0, SECRET[:-1]), nginx(0, f"{OLD.prefix()}********")])
def test_less_than_the_whole_secret_is_no_leak(tmp_path: Path, line: str) -> None:
    book = Notebook()
    book.read(write(tmp_path / "edge.log", nginx(0), line))
    assert book.leaks == []


def test_a_file_that_leaks_in_every_line_is_told_of_once_for_each_version(tmp_path: Path) -> None:
    lines = [nginx(second, secret.reveal()) for second in range(50) for secret in (OLD, NEW)]
    file = write(tmp_path / "edge.log", *lines)
    log, book = AccessLog("log edge", [file]), Notebook()
    book.take(log)
    assert book.leaks == [("checkout", 1, "edge.log line 1"), ("checkout", 2, "edge.log line 2")]
    assert log.counts[str(file)].leaks == 100
    write(file, nginx(60, SECRET))
    book.take(log)
    assert len(book.leaks) == 2
    assert book.accepted == {("checkout", 1): 51, ("checkout", 2): 50}


def test_a_secret_in_the_address_line_is_its_use_by_the_address_and_nothing_else_is_kept(tmp_path: Path) -> None:
    book = Notebook()
    (report,) = book.read(write(tmp_path / "edge.log", nginx(0, path=f"/{SECRET}").replace("curl", SECRET)))
    (use,) = report.uses
    assert (use.key_id, use.version, use.accepted, use.caller.name) == ("checkout", 1, 1, "10.0.0.1")
    assert report.routes == ()
    assert SECRET not in repr(report)


@pytest.mark.parametrize("where", ["key", "path", "agent", "caller", "address"])
def test_only_the_field_that_holds_a_secret_is_left_out(tmp_path: Path, where: str) -> None:
    """One program stays one caller when its log begins to leak: another one would never move."""
    fields = {"ip": "10.0.0.2", "ua": "curl/8.9", "u": "/v1/x", "key_prefix": OLD.prefix(), "caller": ""}
    named = {"key": "key_prefix", "path": "u", "agent": "ua", "caller": "caller", "address": "ip"}[where]
    leaking = {**fields, named: SECRET if where == "key" else f"x%3D{SECRET}"}
    lines = [json.dumps({"t": at(number).isoformat(), "s": 200, **one}) for number, one in enumerate((fields, leaking))]
    (report,) = Notebook().read(write(tmp_path / "edge.log", *lines))
    names = {use.caller.name for use in report.uses}
    assert names - {"10.0.0.2 curl/8.9"} == {"agent": {"10.0.0.2"}, "address": {"curl/8.9"}}.get(where, set())
    assert sum(route.accepted for route in report.routes) == (1 if where == "path" else 2)
    assert SECRET not in repr(report)


def test_the_line_is_counted_from_the_files_start_over_several_runs(tmp_path: Path) -> None:
    book, file = Notebook(), tmp_path / "edge.log"
    book.read(write(file, nginx(0), "", nginx(1)))
    book.read(write(file, nginx(2), nginx(3, SECRET)))
    assert book.leaks == [("checkout", 1, "edge.log line 5")]


def test_a_weak_value_is_found_in_the_keys_field_only(tmp_path: Path) -> None:
    value = Secret("hunter2")
    version = Version(1, VersionState.ACTIVE, NOON, weak=True)
    key = Key("weak", "weak", "production", NOON)
    weak = Recogniser([Credential(value.keyed_digest(b"pepper"), True, key, version)], b"pepper")
    in_agent = nginx(0, value.reveal()).replace("curl", f"curl {value.reveal()}")
    for line, expected in ((nginx(0, value.reveal()), 1), (in_agent, 1), (nginx(0, path=f"/{value.reveal()}"), 0)):
        book = Notebook()
        log = AccessLog("log edge", [write(tmp_path / f"{expected}.log", line)])
        (report,) = book.take(log, LATER, weak)
        assert len(book.leaks) == expected
        assert [leak.at for leak in report.leaks] == [at(0)] * expected
        assert value.reveal() not in repr(report)


@given(
    st.sampled_from([(RECOGNISER, secret) for secret in SECRETS] + [(MANY_ISSUERS, s.reveal()) for s in IMPORTED]),
    st.sampled_from(['"', " ", "=", "?key=", "&", ": ", "%3D", "%22", "Bearer%20", "(", "\\u0022", "\\x22"]),
    st.sampled_from(['"', " ", "&", "", '",', ")", "%22", "%26x=1", "\\u0026", "\\x22"]),
    st.booleans(),
)
def test_no_surroundings_hide_a_secret(held: tuple[Recogniser, str], before: str, behind: str, escaped: bool) -> None:
    recogniser, secret = held
    line = f"GET /x{before}{quote(secret, safe='') if escaped else secret}{behind}".encode()
    leaks = Leaks(recogniser)
    beginnings = leaks.beginnings_in(b"a line before\n" + line + b"\nand one behind\n")
    assert beginnings == (secret[:12].encode(),)
    found = leaks.in_line(line, beginnings)
    assert found == recogniser.whole_secret(secret)


def test_a_line_full_of_beginnings_is_soon_done_with() -> None:
    line = OLD.prefix().encode() * 20_000
    leaks = Leaks(RECOGNISER)
    began = time.process_time()
    assert leaks.in_line(line, leaks.beginnings_in(line)) is None
    assert time.process_time() - began < 1


def test_without_a_secret_to_look_for_nothing_is_found() -> None:
    assert Leaks(Recogniser([])).beginnings_in(SECRET.encode()) == ()


@pytest.mark.parametrize("before", [0, 300_000, 524_270, 786_420, 1_572_850, 2_000_000])
def test_a_secret_anywhere_in_a_line_that_is_too_long_to_be_read_is_found(tmp_path: Path, before: int) -> None:
    file = tmp_path / "edge.log"
    write(file, nginx(0), f'{{"t": "{"x " * (before // 2)}{SECRETS[0]} {"y " * 1_000_000}"}}', nginx(1))
    log, book = AccessLog("log edge", [file]), Notebook()
    book.take(log)
    assert book.leaks == [("checkout", 1, "edge.log line 2")]
    assert log.counts[str(file)].leaks == 1
