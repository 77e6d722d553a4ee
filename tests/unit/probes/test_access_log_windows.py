"""From when on a log has seen everything: holes within it, files that are missing, and lines that are out of time."""

from __future__ import annotations

import gzip
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.domain.gaps import GapKind
from keytui.probes.access_log import AccessLog
from tests.unit.probes.logs import OLD, Notebook, at, nginx, write

KEY = OLD.prefix()
VERSION = ("checkout", 1)
HOUR, DAY = 3600, 86_400
NOW = at(40 * DAY)
LONG_AGO = -10 * 365 * DAY


def hourly(start: int, stop: int) -> list[str]:
    """A line an hour."""
    return [nginx(hour * HOUR, KEY) for hour in range(start, stop)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "edge.log"


def named(file: Path, name: str, *lines: str) -> Path:
    """The log as it is called after a rotation."""
    path = file.with_name(name)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
        return path
    return write(path, *lines)


def test_a_first_line_of_years_ago_is_no_use_and_no_beginning(file: Path) -> None:
    log, book = AccessLog("log edge", [write(file, nginx(LONG_AGO, KEY), *hourly(20, 26))]), Notebook()
    (report,) = book.take(log, NOW)
    assert report.since == at(20 * HOUR)
    assert [(gap.kind, gap.start, gap.end, gap.count) for gap in report.gaps] == [
        (GapKind.CLOCK_SKEW, at(LONG_AGO), at(20 * HOUR), 1)
    ]
    assert book.accepted == {VERSION: 6}
    assert log.counts[str(file)].astray == 1


def test_a_line_days_before_the_one_before_it_is_no_use_and_leaves_a_gap(file: Path) -> None:
    write(file, *hourly(0, 30), nginx(-3 * DAY, KEY), *hourly(30, 33))
    book = Notebook()
    (report,) = book.read(file, now=NOW)
    (gap,) = report.gaps
    assert (gap.kind, gap.start, gap.end) == (GapKind.CLOCK_SKEW, at(-3 * DAY), at(29 * HOUR))
    assert max(use.longest_gap for use in report.uses) < timedelta(hours=2)
    assert (report.since, book.accepted) == (at(0), {VERSION: 33})


def test_the_line_that_a_run_goes_on_with_may_be_out_of_time_too(file: Path) -> None:
    book = Notebook()
    book.read(write(file, *hourly(0, 3)), now=NOW)
    book.read(write(file, nginx(LONG_AGO, KEY), *hourly(3, 4)), now=NOW)
    assert [gap.kind for gap in book.gaps] == [GapKind.CLOCK_SKEW]
    assert book.accepted == {VERSION: 4}


def test_a_clock_that_was_set_back_is_believed_after_some_lines(file: Path) -> None:
    write(file, *hourly(72, 75), *hourly(0, 40))
    book = Notebook()
    book.read(file, now=NOW)
    assert book.accepted == {VERSION: 23}
    (gap,) = book.gaps
    assert (gap.kind, gap.count, gap.start, gap.end) == (GapKind.CLOCK_SKEW, 20, at(0), at(74 * HOUR))


def test_lines_of_workers_that_write_late_are_uses(file: Path) -> None:
    book = Notebook()
    book.read(write(file, *hourly(30, 32), *hourly(8, 9), *hourly(32, 33)), now=NOW)
    assert book.gaps == []
    assert book.accepted == {VERSION: 4}


@pytest.mark.parametrize("runs", [1, 2])
def test_more_than_eight_days_without_a_line_are_a_hole(file: Path, runs: int) -> None:
    book = Notebook()
    write(file, *hourly(0, 2))
    if runs == 2:
        book.read(file, now=NOW)
    book.read(write(file, *hourly(24 * 9, 24 * 9 + 2)), now=NOW)
    assert [(gap.kind, gap.start, gap.end) for gap in book.gaps] == [(GapKind.LOG_ROTATED, at(HOUR), at(9 * DAY))]
    assert book.reports[-1].since == at(9 * DAY)
    assert book.accepted == {VERSION: 4}


def test_a_week_of_silence_within_one_log_is_silence(file: Path) -> None:
    book = Notebook()
    book.read(write(file, *hourly(0, 2), *hourly(24 * 7, 24 * 7 + 2)), now=NOW)
    assert book.gaps == []
    assert book.reports[0].since == at(0)


def test_a_silence_that_a_followed_log_has_vouched_for_is_no_hole(file: Path) -> None:
    log, book = AccessLog("log edge", [write(file, *hourly(0, 2))], live=True), Notebook()
    book.take(log, at(HOUR))
    book.take(log, at(9 * DAY))
    write(file, nginx(9 * DAY + 5, KEY))
    book.take(log, at(9 * DAY + 20))
    assert book.gaps == []


@pytest.mark.parametrize(
    ("older", "younger", "missing"),
    [
        ("edge.log.1", "edge.log", False),
        ("edge.log.0", "edge.log", False),
        ("edge.log.3.gz", "edge.log.2", False),
        ("edge.log.3.gz", "edge.log", True),
        ("edge.log.3.gz", "edge.log.1", True),
        ("edge.log-20261120", "edge.log-20261121.gz", False),
        ("edge.log-20261119", "edge.log-20261121", True),
        ("edge.log-20261121", "edge.log", True),
        ("edge-2026-11-20T08-15-03.123.log", "edge.log", True),
        ("edge_log.1", "edge_log", False),
        ("north.log", "south.log", True),
    ],
)
def test_between_files_that_are_no_neighbours_one_may_be_missing(
    file: Path, older: str, younger: str, missing: bool
) -> None:
    book = Notebook()
    book.read(named(file, younger, *hourly(20, 26)), named(file, older, *hourly(0, 5)), now=NOW)
    hole = [(GapKind.LOG_ROTATED, at(4 * HOUR), at(20 * HOUR))]
    assert [(gap.kind, gap.start, gap.end) for gap in book.gaps] == (hole if missing else [])
    assert book.reports[0].since == at(20 * HOUR if missing else 0)
    assert book.accepted == {VERSION: 11}


def test_each_missing_file_leaves_its_gap(file: Path) -> None:
    names = (("edge.log.6", 0), ("edge.log.4", 10), ("edge.log.2", 20))
    book = Notebook()
    book.read(*[named(file, name, *hourly(start, start + 3)) for name, start in names], now=NOW)
    assert [(gap.start, gap.end) for gap in book.gaps] == [
        (at(2 * HOUR), at(10 * HOUR)),
        (at(12 * HOUR), at(20 * HOUR)),
    ]


@pytest.mark.parametrize(
    "name", ["edge.log-20261121", "edge-2026-11-21T08-15-03.123.log", "edge.log.old", "edge.log.1"]
)
def test_a_log_that_was_renamed_since_the_last_run_leaves_no_gap(file: Path, name: str) -> None:
    book = Notebook()
    book.read(write(file, *hourly(0, 3)), now=NOW)
    file.rename(file.with_name(name))
    book.read(write(file, *hourly(20, 23)), now=NOW)
    assert book.gaps == []
    assert book.accepted == {VERSION: 6}
