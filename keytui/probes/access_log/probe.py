"""The access log as a Probe: what its files say since the last run, in reports that the vault takes in whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from keytui.domain.gaps import Gap, GapKind
from keytui.domain.policy import Policy
from keytui.domain.recognition import Recogniser
from keytui.domain.reports import Report, SourceKind
from keytui.probes.access_log.bookmarks import READ, Marks, State
from keytui.probes.access_log.content import PipeContent
from keytui.probes.access_log.counts import FileCounts
from keytui.probes.access_log.fields import Field
from keytui.probes.access_log.formats import Format, find_format
from keytui.probes.access_log.leaks import Leaks
from keytui.probes.access_log.line import Names
from keytui.probes.access_log.opening import Opened, neighbours, open_all
from keytui.probes.access_log.reading import Reading
from keytui.probes.access_log.tally import Tally, moment
from keytui.probes.access_log.times import Times

LAG: Final = timedelta(seconds=10)
"""How far behind now a followed log's word reaches when nothing comes: servers keep lines back for a few seconds."""
BEAT: Final = timedelta(seconds=10)
"""How often it says so."""
SKEW: Final = Policy().clock_skew
_LET_GO: Final = 60.0
"""Seconds after the next log began, in which a server may still write to the one before."""
_APART: Final = timedelta(minutes=10)
_MOST_LINES: Final = 50_000
_MOST_SUMS: Final = 5_000


class AccessLog:
    """The logs of one server, rotated ones included; `pipe` is one that comes through a pipe.

    `live`: they are being written to, so that nothing coming means that nothing came. `verified`: a service wrote the
    key's field, after it had accepted the key; a prefix alone an outsider can send. `skew` is how far ahead of ours
    the server's clock may be.
    """

    def __init__(
        self,
        source: str,
        paths: Sequence[Path],
        pipe: PipeContent | None = None,
        *,
        format_: Format = Format.AUTO,
        mapping: Mapping[Field, str] | None = None,
        skew: timedelta = SKEW,
        verified: bool = False,
        live: bool = False,
    ) -> None:
        find_format(format_, (), mapping or {}, Names(Recogniser(())), Times())  # Invalid for a place that it has not
        self._source = source
        self._paths = paths
        self._pipe = pipe
        self._format = format_
        self._mapping = mapping or {}
        self._skew = skew
        self._verified = verified
        self._live = live
        self.counts: dict[str, FileCounts] = {}
        """Of every file that was read, by its name, since this object was made."""
        self.formats: dict[str, Format] = {}
        """What each file's format is, as far as it was found."""
        self.problems: dict[str, str] = {}
        """Why a file could not be read, or not to its end."""
        self.waiting: set[str] = set()
        """The files whose last line has no end yet."""
        self._told: set[tuple[str, int, str]] = set()
        self._by_prefix = self._recognised = False
        self._said_at: datetime | None = None
        self._vouched = 0.0
        self._kept: tuple[dict[str, FileCounts], set[tuple[str, int, str]]] = {}, set()
        self._gaps: dict[GapKind, Gap] = {}

    @property
    def source(self) -> str:
        """As evidence names it."""
        return self._source

    @property
    def by_prefix_only(self) -> bool:
        """Whether an outsider could have written some of what was counted so far."""
        return self._by_prefix and not self._verified

    def keep(self) -> None:
        """The last report was taken in: what it counted stays."""
        self._kept = deepcopy(self.counts), set(self._told)

    def take_back(self) -> None:
        """The last report was refused: its lines come again, as far as nobody else has counted them."""
        counts, told = self._kept
        self.counts = deepcopy(counts)
        self._told = set(told)
        self._said_at = None
        self._gaps.clear()

    def ask(self, recogniser: Recogniser, bookmarks: Mapping[str, str], now: datetime) -> Iterator[Report]:
        """What has come since the bookmarks."""
        marks = Marks.of(bookmarks)
        names = Names(recogniser)
        leaks = Leaks(recogniser)
        tally = Tally(names, leaks, (now + self._skew).timestamp())
        run = Reading(self._format, self._mapping, tally, marks, now.timestamp(), names, leaks, told=self._told)
        run.vouched = self._vouched
        opened = open_all(self._paths, self._pipe, marks, run.first_time, self.problems)
        with ExitStack() as open_files:
            for one in opened:
                open_files.callback(one.content.close)
            yield from self._reports(run, opened, now)

    def _reports(self, run: Reading, opened: Sequence[Opened], now: datetime) -> Iterator[Report]:
        tally, state = run.tally, run.marks.state
        whole = not state.contents or any(one.bookmark == state.contents[0] for one in opened)
        gaps = [] if whole else self._lost(state, opened)
        whole = whole or bool(gaps)
        former: Opened | None = None
        for one, limit in zip(opened, _limits(opened), strict=True):
            name = one.content.name
            before = run.marks.value(one.bookmark)
            if former is not None:
                gaps += self._missing(former, one, tally, state)
            one.content.complete = limit is not None and run.now - limit > _LET_GO
            former = one if one.first_at is not None else former
            for format_ in run.read(one, self._counts(name)):
                if format_ is not None:
                    self.formats[name] = format_
                if tally.lines >= _MOST_LINES or tally.size >= _MOST_SUMS:
                    yield self._report(run, gaps, now, limit)
                    gaps = []
            self.waiting.discard(name)
            if one.content.waiting:
                self.waiting.add(name)
            if one.content.cut_off:
                self.problems[name] = "is cut off or damaged: what follows is missing"
                if run.marks.value(one.bookmark) != before:
                    start = moment(tally.last) if tally.last is not None else now
                    gaps.append(Gap(self._source, GapKind.DROPPED, start, max(start, moment(limit or run.now))))
        beat = self._live and whole and not self.problems and not run.unmarked
        due = beat and (self._said_at is None or now - self._said_at >= BEAT)
        if run.marks.moved or gaps or run.leaked or due:
            yield self._report(run, gaps, now, None, (now - LAG) if beat else None)

    def _counts(self, name: str) -> FileCounts:
        """A file's, begun anew where nothing was understood: its lines were not marked as read and come again."""
        counts = self.counts.get(name)
        if counts is None or counts.lines == counts.not_understood:
            counts = self.counts[name] = FileCounts()
        return counts

    def _lost(self, state: State, opened: Sequence[Opened]) -> list[Gap]:
        """The log that was read last is gone, and a younger one stands in its place: some lines may be gone with it."""
        younger = [one.first_at for one in opened if one.first_at is not None and one.first_at > state.last]
        if not younger or any(one.known for one in opened if one.first_at in younger):
            return []
        return [Gap(self._source, GapKind.LOG_ROTATED, moment(state.last), moment(min(younger)))]

    def _missing(self, older: Opened, younger: Opened, tally: Tally, state: State) -> Iterator[Gap]:
        """Between two contents another one may have stood that was not given: the window begins after it."""
        reached, first_at = tally.last or state.last, younger.first_at
        if younger.known or first_at is None or not reached < first_at <= tally.latest:
            return
        if not neighbours(older, younger, first_at - reached):
            tally.first = None
            yield Gap(self._source, GapKind.LOG_ROTATED, moment(reached), moment(first_at))

    def _report(
        self, run: Reading, gaps: list[Gap], now: datetime, limit: float | None, quiet_until: datetime | None = None
    ) -> Report:
        """All since the last one. Its word reaches no further than the first line of a content that is still unread."""
        tally, state = run.tally, run.marks.state
        last = tally.last if tally.last is not None else state.last
        reached = max(state.last, last if limit is None else min(last, limit))
        told = [min(now, moment(reached))] if reached else []
        as_of = max([*told, quiet_until] if quiet_until is not None else told, default=now)
        since = min(moment(tally.first), as_of) if tally.first is not None else as_of
        self._by_prefix = self._by_prefix or tally.by_prefix
        self._recognised = self._recognised or tally.recognised
        self._said_at = now
        self._vouched = quiet_until.timestamp() if quiet_until is not None else self._vouched
        run.marks.move(READ, str(state.onward(last, run.newest)))
        report = Report(
            self._source,
            SourceKind.ACCESS_LOG,
            since,
            as_of,
            uses=tally.uses(),
            routes=tally.routes(),
            gaps=(*gaps, *self._holes(tally), *self._blind(tally, as_of, now)),
            leaks=tuple(run.leaked),
            bookmarks=run.marks.taken(),
            forgeable=not self._verified and (self._by_prefix or not self._recognised),
        )
        run.leaked.clear()
        tally.begin()
        return report

    def _holes(self, tally: Tally) -> Iterator[Gap]:
        """What the times of the lines leave open."""
        for hole in tally.clock.holes:
            yield Gap(self._source, GapKind.LOG_ROTATED, moment(hole.start), moment(hole.end))
        if tally.clock.astray:
            start, end = moment(tally.clock.astray_from), moment(tally.clock.astray_to)
            yield Gap(self._source, GapKind.CLOCK_SKEW, start, end, tally.clock.astray)

    def _blind(self, tally: Tally, as_of: datetime, now: datetime) -> Iterator[Gap]:
        """What lines that could not be counted leave open."""
        last = moment(tally.last) if tally.last is not None else as_of
        if tally.blind:
            since = tally.blind_since if tally.blind_since is not None else tally.first
            start = moment(since) if since is not None else as_of
            yield self._extended(Gap(self._source, GapKind.DROPPED, start, max(start, last), tally.blind))
        if tally.skewed:
            yield self._extended(Gap(self._source, GapKind.CLOCK_SKEW, min(last, now), now, tally.skewed))

    def _extended(self, gap: Gap) -> Gap:
        """With the last one of its kind, where that was a moment ago: a followed log would leave one a second."""
        before = self._gaps.get(gap.kind)
        if before is not None and before.end is not None and gap.end is not None and gap.start - before.end < _APART:
            end, count = max(before.end, gap.end), before.count + gap.count
            gap = replace(before, end=end, count=count) if before.start <= gap.start else gap
        self._gaps[gap.kind] = gap
        return gap


def _limits(opened: Sequence[Opened]) -> Iterator[float | None]:
    """For each content the earliest time that a later one begins with."""
    for number in range(len(opened)):
        yield min((one.first_at for one in opened[number + 1 :] if one.first_at is not None), default=None)
