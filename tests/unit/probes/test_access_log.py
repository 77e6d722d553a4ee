"""What lines amount to: whose use they are, what they leave open, and what must not be kept of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.domain.gaps import GapKind
from keytui.domain.recognition import Recogniser
from keytui.domain.secrets import Secret
from keytui.domain.usage import NO_KEY, Caller
from keytui.probes.access_log import AccessLog, Field, Format, source_name
from tests.unit.probes.logs import (
    LATER,
    NEW,
    OLD,
    OTHER,
    RECOGNISER,
    SECRETS,
    Notebook,
    at,
    combined,
    credential,
    nginx,
    write,
)

OLD_VERSION, NEW_VERSION = ("checkout", 1), ("checkout", 2)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "edge.log"


def counts(log: AccessLog) -> dict[str, int]:
    """The one file's counts that are not zero."""
    (found,) = log.counts.values()
    names = (
        "accepted",
        "refused",
        "undecided",
        "without_key",
        "unknown",
        "shared",
        "skewed",
        "astray",
        "not_understood",
    )
    numbers = {name: getattr(found, name) for name in names}
    assert sum(numbers.values()) == found.lines
    return {name: number for name, number in numbers.items() if number}


@pytest.mark.parametrize("make", [nginx, combined])
def test_requests_are_counted_by_version_caller_minute_and_route(file: Path, make: Callable[[float, str], str]) -> None:
    write(file, make(0, OLD.prefix()), make(50, OLD.prefix()), make(59, OLD.prefix()), make(61, OLD.prefix()))
    (report,) = Notebook().read(file)
    first, second = report.uses
    assert (first.key_id, first.version, first.caller) == ("checkout", 1, Caller.undeclared("10.0.0.1", "curl/7.88.1"))
    assert (first.minute, first.first_at, first.last_at) == (at(0), at(0), at(59))
    assert (first.accepted, first.refused, first.longest_gap) == (3, 0, timedelta(seconds=50))
    assert (second.minute, second.accepted, second.longest_gap) == (at(60), 1, timedelta())
    assert [(route.route, route.accepted) for route in report.routes] == [("/v1/bookings/*", 3), ("/v1/bookings/*", 1)]
    assert (report.source, report.since, report.as_of) == ("log edge", at(0), at(61))


@pytest.mark.parametrize(
    ("status", "version", "expected"),
    [
        *[(status, version, "accepted") for status in (101, 200, 204, 302) for version in (OLD, NEW)],
        *[(status, version, "refused") for status in (401, 403) for version in (OLD, NEW)],
        *[(status, OLD, "accepted") for status in (400, 404, 429, 500, 503)],
        *[(status, NEW, "undecided") for status in (400, 404, 429, 500, 503)],
    ],
)
def test_an_answer_that_proves_nothing_counts_only_against_a_version_with_a_successor(
    file: Path, status: int, version: Secret, expected: str
) -> None:
    write(file, nginx(0, OLD.prefix() if version is OLD else NEW.prefix(), status))
    log = AccessLog("log edge", [file])
    book = Notebook()
    book.take(log)
    assert counts(log) == {expected: 1}
    number = OLD_VERSION if version is OLD else NEW_VERSION
    assert book.accepted[number] == (expected == "accepted")
    assert book.refused[number] == (expected == "refused")


def test_each_line_is_counted_under_one_word(file: Path) -> None:
    shared = Recogniser([credential(OLD, 1), credential(Secret(OLD.prefix() + "x" * 24), 1, "twin")])
    write(
        file,
        nginx(0),
        nginx(1, "nobodys-secret"),
        nginx(2, "short"),
        nginx(3, OLD.prefix()),
        nginx(200_000, OLD.prefix()),
        "not json",
        "",
    )
    log = AccessLog("log edge", [file])
    Notebook().take(log, recogniser=shared)
    assert counts(log) == {"without_key": 1, "unknown": 2, "shared": 1, "skewed": 1, "not_understood": 1}
    assert log.counts[str(file)].short == 1


def test_what_is_nobodys_is_refused_by_address_alone(file: Path) -> None:
    write(file, nginx(0, "nobodys-secret", 401), nginx(1, "other-secret", 403), nginx(2, "nobodys-secret", 200))
    (report,) = Notebook().read(file)
    (use,) = report.uses
    assert (use.key_id, use.version, use.refused, use.accepted) == (NO_KEY, 0, 2, 0)
    assert use.caller == Caller.undeclared("10.0.0.1")
    assert report.routes == ()
    assert "nobodys" not in repr(report)


def test_a_declared_caller_is_called_by_its_name(file: Path) -> None:
    write(file, json.dumps({"t": at(0).isoformat(), "s": 200, "key": "checkout", "v": 2, "who": "web\x1b[31m"}))
    log = AccessLog("log edge", [file], mapping={Field.VERSION: "v", Field.CALLER: "who"})
    (report,) = Notebook().take(log)
    assert [(use.key_id, use.version, use.caller) for use in report.uses] == [
        ("checkout", 2, Caller.called("web\\x1b[31m"))
    ]


def test_only_a_prefix_that_nobody_vouches_for_makes_a_log_forgeable(tmp_path: Path) -> None:
    by_prefix = write(tmp_path / "a.log", nginx(0, OLD.prefix()))
    by_digest = write(tmp_path / "b.log", nginx(0, OLD.digest()))
    nobody = write(tmp_path / "c.log", nginx(0))
    found = {
        (path.name, verified): Notebook().take(AccessLog("log x", [path], verified=verified))[0].forgeable
        for path in (by_prefix, by_digest, nobody)
        for verified in (True, False)
    }
    assert {name for name, forgeable in found.items() if forgeable} == {("a.log", False), ("c.log", False)}


def test_a_time_to_come_is_kept_out_and_leaves_a_gap(file: Path) -> None:
    now = at(100)
    write(file, nginx(90, OLD.prefix()), nginx(129, OLD.prefix()), nginx(131, OLD.prefix()), nginx(95, OLD.prefix()))
    book = Notebook()
    (report,) = book.read(file, now=now)
    assert book.accepted[OLD_VERSION] == 3
    (gap,) = report.gaps
    assert (gap.kind, gap.count) == (GapKind.CLOCK_SKEW, 1)
    assert gap.end == now
    assert report.as_of == now


def test_a_record_that_cannot_be_read_leaves_a_gap_and_a_remark_does_not(file: Path) -> None:
    write(file, nginx(0, OLD.prefix()), "server started", nginx(5, OLD.prefix()), nginx(6)[:50], nginx(9))
    log = AccessLog("log edge", [file])
    (report,) = Notebook().take(log)
    assert counts(log)["not_understood"] == 2
    (gap,) = report.gaps
    assert (gap.kind, gap.count, gap.start, gap.end) == (GapKind.DROPPED, 1, at(5), at(9))


def test_a_key_without_a_time_is_not_placed_by_guess(file: Path) -> None:
    write(file, json.dumps({"s": 200, "key": OLD.prefix()}), nginx(0))
    log = AccessLog("log edge", [file])
    book = Notebook()
    book.take(log)
    assert counts(log) == {"not_understood": 1, "without_key": 1}
    assert [gap.kind for gap in book.gaps] == [GapKind.DROPPED]


def test_lines_out_of_order_keep_the_first_and_the_last_time(file: Path) -> None:
    write(file, *(nginx(seconds, OLD.prefix()) for seconds in (30, 10, 50, 20)))
    (report,) = Notebook().read(file)
    (use,) = report.uses
    assert (use.first_at, use.last_at, use.accepted) == (at(10), at(50), 4)
    assert (report.since, report.as_of) == (at(10), at(50))


def test_samples_show_the_shape_of_a_line_and_none_of_its_text(file: Path) -> None:
    write(file, *[f"junk {secret} {{x" for secret in SECRETS], "\x1b[31mmore", nginx(0))
    log = AccessLog("log edge", [file], format_=Format.JSON)
    Notebook().take(log)
    (found,) = log.counts.values()
    assert len(found.samples) == 3
    assert found.not_understood == 4
    for secret in SECRETS:
        assert not any(secret[start : start + 4] in "".join(found.samples) for start in range(3, 30))


def test_reports_are_bounded_and_add_up(file: Path) -> None:
    write(file, *(nginx(second, OLD.prefix(), ip=f"10.0.{second % 7}.{second % 250}") for second in range(30_000)))
    book = Notebook()
    reports = book.read(file)
    assert len(reports) > 2
    assert all(len(report.uses) + len(report.routes) < 15_000 for report in reports)
    assert book.accepted == {OLD_VERSION: 30_000}
    assert [report.as_of for report in reports] == sorted(report.as_of for report in reports)


def test_a_key_has_so_many_routes_and_no_more(file: Path) -> None:
    names = [f"{a}{b}" for a in "abcdefghijklmnop" for b in "abcdefghijklmnop"]
    write(file, *(nginx(0, OLD.prefix(), path=f"/{name}") for name in names))
    (report,) = Notebook().read(file)
    assert len(report.routes) == 201
    assert sum(route.accepted for route in report.routes) == 256


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("edge.log", "log edge"),
        ("edge.log.2.gz", "log edge"),
        ("edge-20261120.log", "log edge"),
        ("edge.log-20261120.gz", "log edge"),
        ("edge-2026-11-20T08-15-03.123.log.gz", "log edge"),
        ("edge-2026-11-20T08-15-03.123-size.log", "log edge"),
        ("edge-error.log", "log edge-error"),
        ("api-1.log", "log api-1"),
        ("access.log.old", "log access"),
        (".log", "log .log"),
    ],
)
def test_a_source_is_called_as_the_log_without_what_rotation_adds(name: str, source: str) -> None:
    assert source_name(name) == source


def test_a_followed_log_in_which_nothing_comes_says_so_a_little_behind_now(file: Path) -> None:
    write(file, nginx(0, OLD.prefix()))
    log, book = AccessLog("log edge", [file], live=True), Notebook()
    now = at(3600)
    (first,) = book.take(log, now)
    assert first.as_of == now - timedelta(seconds=10)
    assert book.take(log, now + timedelta(seconds=1)) == []
    (beat,) = book.take(log, now + timedelta(seconds=11))
    assert beat.as_of == now + timedelta(seconds=1)
    assert beat.uses == ()


def test_a_log_that_is_not_followed_speaks_up_to_its_last_line(file: Path) -> None:
    write(file, nginx(0), nginx(7))
    book = Notebook()
    (report,) = book.read(file, now=LATER)
    assert report.as_of == at(7)
    assert book.read(file, now=LATER) == []


def test_a_key_that_is_known_only_later_is_known_from_then_on(file: Path) -> None:
    book, log = Notebook(), AccessLog("log edge", [file])
    write(file, nginx(0, OTHER.prefix()))
    book.take(log, recogniser=Recogniser([credential(OLD, 1)]))
    write(file, nginx(1, OTHER.prefix()))
    book.take(log, recogniser=RECOGNISER)
    assert book.accepted == {("bookings", 1): 1}
