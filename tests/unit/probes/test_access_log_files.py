"""Files that grow, rotate, are truncated, packed, cut off or no logs at all: nothing double, nothing lost unsaid."""

from __future__ import annotations

import gzip
import io
import os
import random
import shutil
import tracemalloc
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytui.domain.gaps import GapKind
from keytui.probes.access_log import AccessLog, Format, PipeContent
from tests.unit.probes.logs import LATER, OLD, RECOGNISER, Notebook, at, combined, nginx, write

KEY = OLD.prefix()
VERSION = ("checkout", 1)


def lines(start: int, stop: int) -> list[str]:
    return [nginx(second, KEY, ip=f"10.0.0.{second % 5}") for second in range(start, stop)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "edge.log"


def pack(path: Path) -> Path:
    """What logrotate's `compress` does."""
    packed = path.with_name(path.name + ".gz")
    with path.open("rb") as plain, gzip.open(packed, "wb") as out:
        shutil.copyfileobj(plain, out)
    path.unlink()
    return packed


def rename(path: Path) -> None:
    path.rename(path.with_name(f"{path.name}.1"))


def copy_and_truncate(path: Path) -> None:
    shutil.copy(path, path.with_name(f"{path.name}.1"))
    os.truncate(path, 0)


def test_a_second_run_counts_what_is_new_and_a_third_nothing(file: Path) -> None:
    book = Notebook()
    book.read(write(file, *lines(0, 10)))
    book.read(write(file, *lines(10, 15)))
    assert book.accepted == {VERSION: 15}
    assert book.read(file) == []


def test_a_half_written_line_is_left_for_the_next_run(file: Path) -> None:
    book, line = Notebook(), nginx(3, KEY)
    write(file, *lines(0, 3))
    with file.open("a") as end:
        end.write(line[:40])
    book.read(file)
    assert book.accepted == {VERSION: 3}
    with file.open("a") as end:
        end.write(line[40:] + "\n")
    book.read(file)
    assert book.accepted == {VERSION: 4}
    assert book.gaps == []


@pytest.mark.parametrize("rotate", [rename, copy_and_truncate])
@pytest.mark.parametrize("packed", [False, True])
def test_what_was_rotated_away_is_found_beside_the_log_and_read_to_its_end(
    file: Path, rotate: Callable[[Path], None], packed: bool
) -> None:
    book = Notebook()
    book.read(write(file, *lines(0, 10)))
    write(file, *lines(10, 20))
    rotate(file)
    if packed:
        pack(file.with_name("edge.log.1"))
    book.read(write(file, *lines(20, 25)))
    assert book.accepted == {VERSION: 25}
    assert book.gaps == []
    assert book.read(file) == []


def test_lines_that_still_come_into_the_rotated_file_are_read_too(file: Path) -> None:
    book = Notebook()
    book.read(write(file, *lines(0, 10)))
    rename(file)
    book.read(write(file, *lines(11, 15)))
    write(file.with_name("edge.log.1"), *lines(10, 11))
    book.read(write(file, *lines(15, 16)))
    assert book.accepted == {VERSION: 16}
    assert book.gaps == []


def test_what_was_rotated_away_for_good_leaves_a_gap(file: Path) -> None:
    book = Notebook()
    book.read(write(file, *lines(0, 10)))
    file.unlink()
    book.read(write(file, *lines(60, 65)))
    (gap,) = book.gaps
    assert (gap.kind, gap.start, gap.end) == (GapKind.LOG_ROTATED, at(9), at(60))
    book.read(write(file, *lines(65, 66)))
    assert len(book.gaps) == 1
    assert book.accepted == {VERSION: 16}


def test_a_followed_log_does_not_vouch_for_the_time_in_which_another_is_missing(file: Path) -> None:
    log, book = AccessLog("log edge", [file], live=True), Notebook()
    write(file, *lines(0, 10))
    book.take(log, at(100))
    file.unlink()
    file.touch()
    book.take(log, at(200))
    assert book.reports[-1].as_of == at(90)
    write(file, *lines(210, 211))
    book.take(log, at(220))
    assert [(gap.start, gap.end) for gap in book.gaps] == [(at(9), at(210))]
    assert book.reports[-1].as_of == at(210)


def test_an_older_log_that_is_named_later_leaves_no_gap(tmp_path: Path) -> None:
    book = Notebook()
    new, old = write(tmp_path / "new.log", *lines(100, 110)), write(tmp_path / "old.log", *lines(0, 10))
    book.read(new)
    book.read(old)
    assert book.accepted == {VERSION: 20}
    assert book.gaps == []


def test_rotated_logs_are_read_in_the_order_of_their_lines_whatever_the_order_of_their_names(tmp_path: Path) -> None:
    files = [write(tmp_path / f"edge.log.{number}", *lines(30 - 10 * number, 40 - 10 * number)) for number in (1, 2, 3)]
    files[1] = pack(files[1])
    for order in (files, files[::-1], [files[1], files[2], files[0], files[1]]):
        book = Notebook()
        (report,) = book.read(*order)
        assert book.accepted == {VERSION: 30}
        assert max(use.longest_gap.total_seconds() for use in report.uses) == 5
        assert (report.since, report.as_of) == (at(0), at(29))


def test_the_same_content_is_known_under_any_name(file: Path) -> None:
    book = Notebook()
    book.read(write(file, *lines(0, 10)))
    copy = Path(shutil.copy(file, file.with_name("copy")))
    assert book.read(copy, file, pack(Path(shutil.copy(file, file.with_name("edge.log.7"))))) == []
    link = file.with_name("link.log")
    link.symlink_to(file)
    fresh = Notebook()
    fresh.read(file, link, copy)
    assert fresh.accepted == {VERSION: 10}


def test_a_gzip_that_is_cut_off_gives_what_it_has_and_says_so(file: Path) -> None:
    rng = random.Random(1)  # noqa: S311  # lines that do not compress away
    packed = pack(write(file, *[nginx(second, KEY, path=f"/{rng.random()}") for second in range(5000)]))
    whole = packed.read_bytes()
    packed.write_bytes(whole[: len(whole) // 2])
    log, book = AccessLog("log edge", [packed]), Notebook()
    book.take(log)
    assert 1500 < book.accepted[VERSION] < 3500
    assert "cut off" in log.problems[str(packed)]
    assert [gap.kind for gap in book.gaps] == [GapKind.DROPPED]
    packed.write_bytes(whole)
    book.take(AccessLog("log edge", [packed]))
    assert book.accepted == {VERSION: 5000}


def test_the_last_line_of_a_packed_log_needs_no_end(file: Path) -> None:
    file.write_text("\n".join(lines(0, 3)))
    plain, packed = Notebook(), Notebook()
    plain.read(file)
    packed.read(pack(file))
    assert plain.accepted == {VERSION: 2}
    assert packed.accepted == {VERSION: 3}


def test_a_line_without_end_is_passed_over_in_bounded_memory(file: Path) -> None:
    write(file, *lines(0, 2))
    with file.open("a") as out:
        for _ in range(100):
            out.write("x" * 1_000_000)
        out.write("\n")
    write(file, *lines(2, 4))
    log, book = AccessLog("log edge", [file]), Notebook()
    tracemalloc.start()
    try:
        book.take(log)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000
    assert book.accepted == {VERSION: 4}
    assert log.counts[str(file)].not_understood == 1
    assert [gap.kind for gap in book.gaps] == [GapKind.DROPPED]
    book.read(write(file, *lines(4, 5)))
    assert book.accepted == {VERSION: 5}


def test_what_cannot_be_read_is_named_and_the_rest_is_read(file: Path, tmp_path: Path) -> None:
    locked = write(tmp_path / "locked.log", *lines(0, 1))
    junk = tmp_path / "junk.log"
    junk.write_bytes(random.Random(2).randbytes(200_000))  # noqa: S311
    log, book = AccessLog("log edge", [tmp_path, tmp_path / "none.log", junk, write(file, *lines(0, 2))]), Notebook()
    book.take(log)
    assert book.accepted == {VERSION: 2}
    assert set(log.problems) == {str(tmp_path), str(tmp_path / "none.log")}
    assert log.counts[str(junk)].lines == log.counts[str(junk)].not_understood > 0
    assert locked.exists()


def test_a_log_in_the_wrong_format_is_not_marked_as_read(file: Path) -> None:
    book = Notebook()
    write(file, *lines(0, 5))
    wrong = AccessLog("log edge", [file], format_=Format.COMBINED)
    for _ in range(2):
        assert book.take(wrong) == []
        assert wrong.counts[str(file)].not_understood == 5
    book.read(file)
    assert book.accepted == {VERSION: 5}
    write(file, *lines(5, 6))
    assert book.take(wrong) == []
    book.read(file)
    assert book.accepted == {VERSION: 6}
    assert book.gaps == []


def test_a_pipe_skips_what_was_counted(file: Path) -> None:
    book = Notebook()

    def pipe() -> None:
        book.take(AccessLog("log edge", [], PipeContent(io.BytesIO(file.read_bytes()), "standard input")))

    write(file, *lines(0, 100))
    pipe()
    write(file, *lines(100, 110))
    pipe()
    pipe()
    assert book.accepted == {VERSION: 110}
    book.read(file)
    assert book.accepted == {VERSION: 110}
    assert book.gaps == []


def test_a_followed_pipe_gives_lines_as_they_come(file: Path) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as out, os.fdopen(writing, "w") as into:
        pipe = PipeContent(out, "standard input")
        pipe.patience = 0
        log, book = AccessLog("log edge", [], pipe, live=True), Notebook()
        for start in (0, 5, 10):
            text = "".join(f"{line}\n" for line in lines(start, start + 5))
            into.write(text[:-7])
            into.flush()
            book.take(log, at(100))
            assert book.accepted == {VERSION: start + 4}
            into.write(text[-7:])
            into.flush()
            book.take(log, at(100))
            assert book.accepted == {VERSION: start + 5}
        assert not pipe.ended
        into.close()
        book.take(log, at(100))
        assert pipe.ended


def test_a_followed_pipe_of_remarks_first_is_continued_where_it_was_read_to(file: Path) -> None:
    reading, writing = os.pipe()
    book, text = Notebook(), ["started", "listening", *lines(0, 6)]
    with os.fdopen(reading, "rb") as out, os.fdopen(writing, "w") as into:
        pipe = PipeContent(out, "standard input")
        pipe.patience = 0
        log = AccessLog("log edge", [], pipe, live=True)
        for line in text[:-2]:
            into.write(f"{line}\n")
            into.flush()
            book.take(log, at(100))
    write(file, *text)
    book.take(AccessLog("log edge", [], PipeContent(io.BytesIO(file.read_bytes()), "standard input")))
    assert book.accepted == {VERSION: 6}


def test_a_log_in_a_new_format_is_read_on(file: Path) -> None:
    log, book = AccessLog("log edge", [file], live=True), Notebook()
    write(file, *lines(0, 2))
    book.take(log, at(1))
    write(file, *[combined(second, KEY) for second in range(2, 6)])
    book.take(log, at(10))
    assert book.accepted == {VERSION: 6}
    assert book.gaps == []


def test_a_followed_log_that_nobody_understands_any_more_is_not_believed_to_be_silent(file: Path) -> None:
    log, book = AccessLog("log edge", [file], live=True), Notebook()
    write(file, *lines(0, 2))
    book.take(log, at(100))
    for number in range(30):
        write(file, f"time={number} status=200 key={KEY}")
        book.take(log, at(101 + number))
    (gap,) = {gap.start: gap for gap in book.gaps}.values()
    assert gap.kind is GapKind.DROPPED
    assert gap.count >= 10
    unread = AccessLog("log other", [write(file.with_name("other.log"), "time=1 status=200")], live=True)
    assert Notebook().take(unread, at(200)) == []


def test_the_newest_log_is_waited_for_although_an_older_one_was_read_after_it(tmp_path: Path) -> None:
    book, new = Notebook(), write(tmp_path / "edge.log", *lines(100, 110))
    old = write(tmp_path / "old.log", *lines(0, 10))
    book.read(new)
    book.read(old)
    new.unlink()
    book.read(old, write(tmp_path / "edge.log", *lines(200, 201)))
    assert [(gap.kind, gap.start, gap.end) for gap in book.gaps] == [(GapKind.LOG_ROTATED, at(109), at(200))]


def test_lines_that_come_while_a_log_is_read_are_left_for_the_next_time(file: Path) -> None:
    """Their times are later than the one by which the run knows what is still to come."""
    book, log = Notebook(), AccessLog("log edge", [file])
    write(file, *lines(0, 60_000))
    reports = log.ask(RECOGNISER, {}, at(60_000))
    next(reports)
    write(file, *lines(61_000, 61_010))
    assert sum(use.accepted for report in reports for use in report.uses) < 60_000
    assert log.counts[str(file)].lines == 60_000
    book.take(log, at(61_010))
    assert log.counts[str(file)].skewed == 0


def test_a_pipe_that_brings_ever_more_is_read_for_a_second_at_a_time() -> None:
    """Lines that come later are judged by a later time."""
    seconds = iter(range(1000))
    text = "".join(f"{line}\n" for line in lines(0, 20_000)).encode()
    pipe = PipeContent(io.BytesIO(text), "standard input", monotonic=lambda: next(seconds) * 0.6)
    pipe.patience = 0
    log, book, counted = AccessLog("log edge", [], pipe), Notebook(), []
    while not pipe.ended:
        book.take(log)
        counted.append(book.accepted[VERSION])
    assert counted[-1] == 20_000
    assert 0 < counted[0] < counted[1] < 20_000


def test_two_runs_at_once_are_not_both_counted(file: Path) -> None:
    book = Notebook()
    write(file, *lines(0, 10))
    other = AccessLog("log edge", [file])
    waiting = other.ask(RECOGNISER, {}, LATER)
    late = next(waiting)
    book.read(file)
    assert any(book.bookmarks.get(mark.name) != mark.expected for mark in late.bookmarks)


def test_a_log_that_rotated_more_than_once_since_is_read_whole(file: Path) -> None:
    book = Notebook()
    book.read(write(file, *lines(0, 10)))
    for generation in range(1, 5):
        write(file, *lines(generation * 10, generation * 10 + 10))
        pack(file.rename(file.with_name(f"edge.log.{5 - generation}")))
        write(file.with_name("edge-error.log"), *lines(500, 501))
    book.read(write(file, *lines(50, 60)))
    assert book.accepted == {VERSION: 60}
    assert book.gaps == []


@given(st.lists(st.sampled_from(["write", "half", "rename", "truncate", "pack", "delete", "run"]), max_size=25))
def test_whatever_happens_to_a_log_no_line_is_counted_twice_or_lost_unsaid(
    tmp_path_factory: pytest.TempPathFactory, happening: list[str]
) -> None:
    """Every line has its own second: what was not counted is from before the first run, or lies in a gap."""
    log = Rotating(tmp_path_factory.mktemp("log") / "edge.log")
    book = Notebook()
    for what in [*happening, "write", "run"]:
        if what == "run":
            book.read(log.file)
        else:
            log.happen(what)
    counted = {use.first_at for report in book.reports for use in report.uses}
    assert sum(book.accepted.values()) == len(counted)
    for second in range(log.second):
        told = at(second) < book.reports[0].since or any(
            gap.start <= at(second) <= gap.end for gap in book.gaps if gap.end
        )
        assert at(second) in counted or told, second


class Rotating:
    """A log to which things happen. Each line is another caller's, in its own second."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.second = self._generation = 0
        self._half = ""
        file.touch()

    def happen(self, what: str) -> None:
        """One thing; a line that is half written is finished first."""
        with self.file.open("a") as end:
            end.write(self._half)
        self._half = ""
        if what in ("write", "half"):
            self._write(what == "half")
        elif self.file.stat().st_size:
            self._rotate(what)

    def _write(self, half: bool) -> None:
        text = "".join(f"{nginx(self.second + n, KEY, ip=f'10.0.0.{self.second + n}')}\n" for n in range(3))
        self.second += 3
        cut = len(text) - 20 * half
        self._half = text[cut:]
        with self.file.open("a") as end:
            end.write(text[:cut])

    def _rotate(self, how: str) -> None:
        self._generation += 1
        aside = self.file.with_name(f"edge.log.{self._generation}")
        if how == "truncate":
            shutil.copy(self.file, aside)
            os.truncate(self.file, 0)
            return
        self.file.rename(aside)
        if how == "pack":
            pack(aside)
        elif how == "delete":
            aside.unlink()
        self.file.touch()


@pytest.mark.parametrize(("now", "counted"), [(at(65), 12), (at(130), 13)])
def test_the_last_line_of_a_log_that_another_follows_needs_no_end(file: Path, now: datetime, counted: int) -> None:
    """A minute after the next one began nobody writes to it any more."""
    file.with_name("edge.log.1").write_text("\n".join(lines(0, 8)))
    write(file, *lines(60, 65))
    book = Notebook()
    for _ in range(2):
        book.read(file.with_name("edge.log.1"), file, now=now)
        assert book.accepted == {VERSION: counted}
    assert book.gaps == []


def test_the_last_line_of_a_pipe_that_ended_needs_no_end_if_it_is_whole() -> None:
    text = "\n".join(lines(0, 3))
    for end in (text, text[:-5]):
        pipe = PipeContent(io.BytesIO(end.encode()), "standard input")
        log, book = AccessLog("log edge", [], pipe), Notebook()
        book.take(log)
        assert book.accepted == {VERSION: 3 if end == text else 2}
        assert log.waiting == (set() if end == text else {"standard input"})
        assert book.gaps == []


def test_a_last_line_that_may_still_grow_is_told(file: Path) -> None:
    file.write_text("\n".join(lines(0, 3)))
    log, book = AccessLog("log edge", [file]), Notebook()
    book.take(log)
    assert log.waiting == {str(file)}
    write(file, "", *lines(3, 4))
    book.take(log)
    assert (log.waiting, book.accepted) == (set(), {VERSION: 4})
