"""One line of each server, and what is read of it."""

from __future__ import annotations

import json
import math

import pytest

from keytui.domain.errors import Invalid
from keytui.probes.access_log import Field, Format, parse_mapping
from keytui.probes.access_log.formats import find_format
from keytui.probes.access_log.line import Line, Names
from keytui.probes.access_log.times import Times
from tests.unit.probes.logs import OLD, RECOGNISER
from tests.world import NOON

PREFIX = OLD.prefix()
AT = NOON.timestamp()
CADDY = {
    "level": "info",
    "ts": AT + 0.25,
    "logger": "http.log.access.log0",
    "msg": "handled request",
    "request": {
        "remote_ip": "10.0.0.1",
        "remote_port": "41342",
        "client_ip": "10.0.0.2",
        "proto": "HTTP/2.0",
        "method": "GET",
        "uri": "/v1/x?page=2",
        "headers": {"User-Agent": ["curl/7"], "X-Api-Key": [PREFIX]},
    },
    "user_id": "",
    "status": 200,
    "duration": 0.001,
}


def read(line: str, *mapping: str, format_: Format = Format.AUTO) -> Line | None:
    """What is read of a line of a file that holds nothing else."""
    found = find_format(format_, [line], parse_mapping(mapping), Names(RECOGNISER), Times())
    return found.reader.read(line) if found else None


def line(
    at: float | None = AT, address: str = "10.0.0.1", agent: str = "curl/7", key: str = PREFIX, caller: str = ""
) -> Line:
    return Line(at, address, agent, 200, "/v1/x?page=2", key, "", caller, False)


COMBINED = '10.0.0.1 - ann [20/Nov/2026:12:00:00 +0000] "GET /v1/x?page=2 HTTP/1.1" 200 11 "-" "curl/7"'
UVICORN = '10.0.0.1:50000 - "GET /v1/x?page=2 HTTP/1.1" 200 OK'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f'{{"t":"2026-11-20T12:00:00+00:00","ip":"10.0.0.1","m":"GET","u":"/v1/x?page=2","s":200,"rt":0.007,'
            f'"key_prefix":"{PREFIX}","ua":"curl/7"}}',
            line(),
        ),
        (json.dumps(CADDY), line(AT + 0.25, address="10.0.0.2")),
        (json.dumps({**CADDY, "user_id": "checkout:1"}), line(AT + 0.25, address="10.0.0.2", key="checkout:1")),
        (f'{COMBINED} "{PREFIX}"', line()),
        (f"{COMBINED} {PREFIX}", line()),
        (f'{COMBINED} 0.003 "-" "{PREFIX}" upstream', line()),
        (f'{COMBINED} rt=0.003 key="{PREFIX}"', line()),
        (f"{COMBINED} key_prefix=nobodys-key", line(key="nobodys-key")),
        (COMBINED, line(key="")),
        (f"2026-11-20 12:00:00,000 INFO:     {UVICORN} key={PREFIX}", line()._replace(agent="", zoneless=True)),
        (f"2026-11-20T12:00:00Z {UVICORN} {PREFIX}", line()._replace(agent="")),
        (f"INFO:     {UVICORN}", line(None, agent="", key="")),
    ],
)
def test_a_line_of_each_server_is_read_without_being_told_how(text: str, expected: Line) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "mapping", "expected"),
    [
        (f'{COMBINED} "web" "nobodys-key"', ["key=2", "caller=1"], line(key="nobodys-key", caller="web")),
        (f'{COMBINED} app=web id="{PREFIX}"', ["key=id", "caller=app"], line(caller="web")),
        (f'{COMBINED} "{PREFIX}"', ["key=user"], line(key="ann")),
        (f'{COMBINED} "{PREFIX}"', ["key=9"], line(key="")),
        (
            json.dumps(
                {"when": AT * 1000, "http": {"code": "200", "path": "/v1/x?page=2"}, "http.id": PREFIX, "ip": 1}
            ),
            ["time=when", "status=http.code", "route=http.path", "key=http.id"],
            Line(AT, "1", "", 200, "/v1/x?page=2", PREFIX, "", "", False),
        ),
    ],
)
def test_a_field_stands_where_it_is_said_to_stand(text: str, mapping: list[str], expected: Line) -> None:
    assert read(text, *mapping) == expected


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "{", '{"t":1}x', "null", "1", '"x"', "[" * 5000, "hello", "\x00\x16\x03", '{"a":' * 5000]
)
def test_what_is_no_line_of_a_log_is_not_read(text: str) -> None:
    assert read(text) is None
    for format_ in (Format.JSON, Format.COMBINED, Format.UVICORN):
        assert read(text, format_=format_) is None


def test_a_line_behind_what_a_truncation_left_is_read() -> None:
    assert read("\x00" * 300 + json.dumps(CADDY)) == read(json.dumps(CADDY)) == read(json.dumps(CADDY) + "\r")


def test_the_format_of_most_first_lines_is_the_files() -> None:
    lines = ["started", COMBINED, json.dumps(CADDY), COMBINED]
    found = find_format(Format.AUTO, lines, {}, Names(RECOGNISER), Times())
    assert found is not None
    assert found.format is Format.COMBINED


@pytest.mark.parametrize("mapping", ["keys=a", "=a", "key", "key=", "method=m"])
def test_a_mapping_that_says_nothing_is_refused_by_name(mapping: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_mapping([mapping])
    assert mapping.partition("=")[0] in refused.value.message


def test_a_field_has_one_place_that_the_format_can_have() -> None:
    assert parse_mapping(["route=a", "time=b.c"]) == {Field.PATH: "a", Field.TIME: "b.c"}
    with pytest.raises(Invalid):
        parse_mapping(["route=a", "path=b"])
    for place in ("key=0", "key=request.key"):
        with pytest.raises(Invalid):
            read(COMBINED, place, format_=Format.COMBINED)


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-20T12:00:00+00:00",
        "2026-11-20T12:00:00Z",
        "2026-11-20T13:00:00.000+01:00",
        "20/Nov/2026:12:00:00 +0000",
        "20/Nov/2026:04:30:00 -0730",
        str(AT),
        int(AT),
        AT,
        AT * 1e3,
        int(AT) * 10**6,
        int(AT) * 10**9,
    ],
)
def test_every_way_to_write_a_time_means_the_same(value: object) -> None:
    times = Times()
    assert times.read(value) == pytest.approx(AT, abs=1e-3)
    assert not times.zoneless
    assert times.read(value) == times.read(value)


def test_a_time_without_a_zone_is_utc_and_said_to_be() -> None:
    times = Times()
    for _ in range(2):
        assert times.read("2026-11-20 12:00:00,5") == AT + 0.5
        assert times.zoneless
    times.read(AT)
    assert not times.zoneless


@pytest.mark.parametrize(
    "value", ["", "-", "yesterday", "32/Nov/2026:12:00:00 +0000", "20/Nov/2026", None, True, [], -1, 0, math.nan]
)
def test_what_is_no_time_is_none(value: object) -> None:
    assert Times().read(value) is None


def test_a_number_beyond_all_times_is_none() -> None:
    for value in (math.inf, 10**400, 1e30, "9" * 400):
        assert Times().read(value) is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"a\x22b", 'a"b'),
        (r"a\"b", 'a"b'),
        (r"a\x5Cb", "a\\b"),
        (r"a\\b", "a\\b"),
        (r"a\\x22b", r"a\x22b"),
        (r"caf\xC3\xA9", "café"),
        (r"a\tb", "a\tb"),
        ("a\\xZZb", "axZZb"),
    ],
)
def test_what_nginx_and_apache_escape_is_read_as_it_was_sent(written: str, meant: str) -> None:
    asked = f'10.0.0.1 - {written} [20/Nov/2026:12:00:00 +0000] "GET /{written} HTTP/1.1" 200 1'
    text = f'{asked} "-" "{written}" k "{written}"'
    found = read(text, "key=2", "caller=user")
    assert found is not None
    assert (found.agent, found.path, found.key, found.caller) == (meant, f"/{meant}", meant, meant)
