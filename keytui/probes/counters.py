"""Counters read as evidence: what rose between two samples was used between them; what is not there is no zero.

- Between two samples of a series the difference was used, by the later one's time at the latest.
- A value below the one before it, or another start of the process that counts, is a reset: all of the new value was
  used since, and how much of the old one's end is missing nobody knows: a gap.
- A new series counts whole, as used since the look before. At the very first look what is there already is where
  counting begins, and so is the source's window.
- A series that stays without a sample is absent: a gap from its last sample on, open until it is back. When others of
  the same version at the same instance went on without it, its process began anew, and the gap ends with their sample.
- A process that began anew may have counted what it never showed, and a failed scrape what the next process forgot:
  both are gaps, however short.
- What no counter can say (not a number, below zero, too large to count by ones) is no sample, and leaves a gap.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from keytui.domain.gaps import GapKind
from keytui.domain.reports import Report, SourceKind
from keytui.domain.usage import NO_KEY
from keytui.probes.attribution import Attribution, Meaning
from keytui.probes.configuration import Counting, Kind, Settings
from keytui.probes.counts import Count, Group
from keytui.probes.coverage import Coverage
from keytui.probes.gathered import Gathered
from keytui.probes.marks import Marks
from keytui.probes.series import Sample, Series, Target

Lapse = tuple[GapKind, datetime, datetime]
"""A stretch that a server knows to have missed, whatever its series show: a scrape failed, or a process began anew."""


@dataclass(frozen=True, slots=True)
class Line:
    """A series of ours, and what it counts."""

    digest: str
    meaning: Meaning
    target: Target
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """One look: what was there of ours, and the stretch that it speaks of."""

    begin: datetime
    until: datetime
    first: bool
    times: Mapping[Group, Sequence[datetime]]
    """When each group was seen, in order, the last looks' samples included."""


class Counters:
    """One source's counters while it is asked, look by look.

    `sampled`: each look brings only the values of its own moment, so what is missing there is missing at once, and
    a process that has gone on since the look before has lost nothing in between.
    """

    def __init__(
        self,
        settings: Settings,
        counting: Counting,
        attribution: Attribution,
        coverage: Coverage,
        marks: Marks,
        *,
        sampled: bool = False,
    ) -> None:
        self._settings = settings
        self._counting = counting
        self._attribution = attribution
        self._coverage = coverage
        self._marks = marks
        self._sampled = sampled
        self._patience = timedelta() if sampled else counting.tolerance
        self._known = {digest: Count.read(value) for digest, value in marks.named("series ")}

    @property
    def asked(self) -> datetime | None:
        """Up to when it was looked before; None: never."""
        return _time(self._marks.read("asked"))

    @property
    def jobs(self) -> frozenset[str]:
        """The jobs of all series that are known."""
        return frozenset(count.target[0] for count in self._known.values())

    def look(
        self,
        answer: Iterable[Series],
        begin: datetime,
        until: datetime,
        lapses: Iterable[Lapse] = (),
        *,
        last: bool = True,
    ) -> Report | None:
        """The report on one stretch, which follows on the one before. `last`: no further look follows.

        None as long as nothing of ours was ever there and nothing is expected: whoever was not seen yet could have come
        and gone between two scrapes, so the window begins where the counters do.
        """
        found = tuple(answer)
        lines = [line for line in map(self._line, found) if line is not None]
        first = self.asked is None
        empty = not any(sample.countable for line in lines for sample in line.samples)
        if first and empty and (not last or not any(self._expected())):
            return None
        since = _time(self._marks.read("since")) or self._beginning(lines, until)
        look = Look(since if first else begin, until, first, self._times(lines))
        gathered = Gathered(self._settings.source)
        for line in lines:
            self._follow(line, look, gathered)
        for digest, count in list(self._known.items()):
            self._presence(digest, count, look, gathered)
        self._expect(look, gathered)
        for kind, start, end in lapses:
            if end > look.begin:
                gathered.gap(kind, start, end)
        self._marks.put("since", since.isoformat())
        self._marks.put("asked", until.isoformat())
        return self._report(found, lines, since, until, gathered)

    def _line(self, series: Series) -> Line | None:
        meaning = self._attribution.of(self._counting.labels, series.labels)
        return None if meaning is None else Line(series.digest, meaning, series.target, series.samples)

    def _beginning(self, lines: Sequence[Line], until: datetime) -> datetime:
        """Where all that was there from the beginning has its first sample; what came before that was not watched."""
        firsts = [samples[0].at for line in lines if (samples := [one for one in line.samples if one.countable])]
        earliest = min(firsts, default=until)
        return max((at for at in firsts if at - earliest <= self._patience), default=until)

    def _times(self, lines: Sequence[Line]) -> Mapping[Group, Sequence[datetime]]:
        times: dict[Group, set[datetime]] = {}
        for count in self._known.values():
            times.setdefault(self._group(count), set()).add(count.last.at)
        for line in lines:
            seen = [sample for sample in line.samples if sample.countable]
            if seen:
                group = self._group(Count.of(line.meaning, line.target, seen[-1]))
                times.setdefault(group, set()).update(sample.at for sample in seen)
        return {group: sorted(all_of_it) for group, all_of_it in times.items()}

    def _group(self, count: Count) -> Group:
        return count.group(self._counting.ephemeral_instances)

    def _follow(self, line: Line, look: Look, gathered: Gathered) -> None:
        """Count one series on from where it was left."""
        count = self._known.get(line.digest)
        spoiled = False
        for sample in line.samples:
            if count is not None and sample.at <= count.last.at:
                continue
            if not sample.countable:
                spoiled = True
                continue
            new = Count.of(line.meaning, line.target, sample)
            if count is None:
                self._begin(line, new, look, gathered, spoiled=spoiled)
            else:
                self._step(line, count, new, look, gathered, spoiled=spoiled)
            count, spoiled = new, False
        if count is not None:
            self._keep(line.digest, count)

    def _begin(self, line: Line, new: Count, look: Look, gathered: Gathered, *, spoiled: bool) -> None:
        """A series that was not there before counts whole, but for what the very first look finds."""
        if look.first and new.last.at <= look.begin:
            return
        before = self._seen_before(new, new.last.at, look)
        bound = look.begin if before is None else max(before, look.begin)
        if spoiled:
            gathered.gap(GapKind.ABSENT_SERIES, bound, new.last.at)
        self._used(line.meaning, new.last.value, bound, new.last.at, gathered)

    def _step(self, line: Line, count: Count, new: Count, look: Look, gathered: Gathered, *, spoiled: bool) -> None:
        """From one sample of a series to the next."""
        earlier, later = count.last, new.last
        anew = later.value < earlier.value or _restarted(earlier, later)
        hole = later.at - earlier.at > self._counting.tolerance
        gone = count.gone or (self._seen_after(count, look, later.at) if hole else None)
        if gone is not None and anew:
            # It ended before the others were seen without it, and began after they last were.
            gathered.gap(GapKind.ABSENT_SERIES, earlier.at, gone)
            bound = self._seen_before(new, later.at, look) or earlier.at
            self._used(line.meaning, later.value, bound, later.at, gathered)
            return
        if anew:
            gathered.gap(GapKind.COUNTER_RESET, earlier.at, later.at)
        went_on = self._sampled and earlier.started is not None and earlier.started == later.started
        if spoiled or (hole and not went_on) or self._was_absent(count, look):
            gathered.gap(GapKind.ABSENT_SERIES, earlier.at, later.at)
        self._used(line.meaning, later.value if anew else later.value - earlier.value, earlier.at, later.at, gathered)

    def _was_absent(self, count: Count, look: Look) -> bool:
        """Whether the look before found it missing, and left an open gap."""
        return not look.first and count.last.at < look.begin - self._patience

    def _presence(self, digest: str, count: Count, look: Look, gathered: Gathered) -> None:
        """Whether a series is still there at the end of a look."""
        absent_since = count.last.at
        if absent_since >= look.until - self._patience:
            return
        if count.key_id != NO_KEY and self._coverage.ended(count.key_id, count.version):
            if count.gone is None and self._was_absent(count, look):
                gathered.gap(GapKind.ABSENT_SERIES, absent_since, look.until)
            self._forget(digest)
        elif count.gone is None:
            gone = self._seen_after(count, look)
            gathered.gap(GapKind.ABSENT_SERIES, absent_since, gone)
            if gone is not None:
                self._keep(digest, replace(count, gone=gone))

    def _expect(self, look: Look, gathered: Gathered) -> None:
        """A version that should be counted and never was is absent from the first look on that asked for it."""
        expected = set(self._expected())
        seen = {(count.key_id, count.version) for count in self._known.values()}
        for key_id, version in expected - seen:
            name = f"expected {key_id}:{version}"
            since = _time(self._marks.read(name)) or look.begin
            self._marks.put(name, since.isoformat())
            gathered.gap(GapKind.ABSENT_SERIES, since, None)
        for text, value in self._marks.named("expected "):
            key_id, _, number = text.rpartition(":")
            wanted = key_id, int(number)
            if wanted in expected - seen:
                continue
            since = _time(value) or look.begin
            found = min((times[0] for group, times in look.times.items() if group[:2] == wanted), default=look.until)
            gathered.gap(GapKind.ABSENT_SERIES, since, max(since, found))
            self._marks.put(f"expected {text}", "")

    def _expected(self) -> Iterator[tuple[str, int]]:
        if self._settings.kind is Kind.REFUSALS:
            yield NO_KEY, 0
            return
        for key_id, versions in self._coverage.versions.items():
            for version in versions:
                yield key_id, version

    def _seen_before(self, count: Count, at: datetime, look: Look) -> datetime | None:
        times = look.times.get(self._group(count), ())
        place = bisect_left(times, at)
        return times[place - 1] if place else None

    def _seen_after(self, count: Count, look: Look, before: datetime | None = None) -> datetime | None:
        """When the group was first seen after the series' last sample."""
        times = look.times.get(self._group(count), ())
        place = bisect_right(times, count.last.at)
        return times[place] if place < len(times) and (before is None or times[place] < before) else None

    def _used(self, meaning: Meaning, rise: float, start: datetime, at: datetime, gathered: Gathered) -> None:
        if rise > 0:
            gathered.use(meaning, math.ceil(rise), at, at - start)

    def _keep(self, digest: str, count: Count) -> None:
        self._known[digest] = count
        self._marks.put(f"series {digest}", count.written())

    def _forget(self, digest: str) -> None:
        del self._known[digest]
        self._marks.put(f"series {digest}", "")

    def _report(
        self, found: Sequence[Series], lines: Sequence[Line], since: datetime, until: datetime, gathered: Gathered
    ) -> Report:
        """Its word reaches to the oldest of the newest samples; what is absent has a gap."""
        refusals = self._settings.kind is Kind.REFUSALS
        present = [count.last.at for count in self._known.values() if count.last.at >= until - self._patience]
        labels = self._counting.labels
        return Report(
            source=self._settings.source,
            kind=SourceKind.REFUSALS if refusals else SourceKind.COUNTERS,
            since=since,
            as_of=max(min(present, default=until), since),
            uses=gathered.uses,
            gaps=gathered.gaps,
            bookmarks=self._marks.moved(),
            attributable=not any(self._attribution.unclear(labels, series.labels) for series in found),
            forgeable=any(line.meaning.doubtful for line in lines),
            covers=tuple(sorted(self._coverage.versions)),
        )


def _restarted(earlier: Sample, later: Sample) -> bool:
    return earlier.started is not None and later.started is not None and earlier.started != later.started


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
