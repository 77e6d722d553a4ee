"""Reads the lines of one content into a tally, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from keytui.domain.recognition import Recognised, Recogniser
from keytui.domain.reports import Leak
from keytui.domain.text import harmless
from keytui.probes.access_log.bookmarks import Marks
from keytui.probes.access_log.content import Block, Place
from keytui.probes.access_log.counts import FileCounts
from keytui.probes.access_log.fields import Field
from keytui.probes.access_log.formats import Format, Found, find_format
from keytui.probes.access_log.leaks import Leaks
from keytui.probes.access_log.line import Line, Names
from keytui.probes.access_log.opening import Opened
from keytui.probes.access_log.tally import Added, Tally, moment
from keytui.probes.access_log.times import Times


@dataclass(slots=True)
class Reading:
    """What one run knows while it reads. `now` is in seconds since 1970."""

    recogniser: Recogniser
    format: Format
    mapping: Mapping[Field, str]
    tally: Tally
    marks: Marks
    now: float
    names: Names
    leaked: list[Leak] = field(default_factory=list)
    """Since the last report."""
    newest: str | None = None
    """The bookmark of the content that was read last."""
    told: set[tuple[str, int, str]] = field(default_factory=set)
    """Key, version and file of the leaks that were told: one line is enough to know that a file leaks."""

    def first_time(self, lines: Sequence[str]) -> float | None:
        """The time of the first line that has one."""
        found = self._find_format(lines)
        read = (found.reader.read(line) for line in lines) if found else iter(())
        return next((line.at for line in read if line is not None and line.at is not None), None)

    def read(self, opened: Opened, counts: FileCounts) -> Iterator[Format | None]:
        """Count what is new, a block at a time; yields the format as far as it is found."""
        content, place = opened.content, opened.place(self.marks)
        leaks = Leaks(self.recogniser)
        found = self._find_format(content.head.decode(errors="replace").split("\n"))
        content.skip(place.offset)
        self.tally.counts = counts
        for block in content.blocks():
            if found is None:
                found = self._find_format(block.data.decode(errors="replace").split("\n"))
            lines = self._lines(block, place, found, leaks, content.name)
            place = Place(place.head, place.offset + block.read, place.lines + lines)
            if counts.lines > counts.not_understood:  # of the wrong format nothing is marked as read
                self.marks.move(opened.bookmark, str(place))
                self.newest = opened.bookmark
            yield found.format if found else None

    def _find_format(self, lines: Sequence[str]) -> Found | None:
        return find_format(self.format, [line for line in lines if line], self.mapping, self.names, Times())

    def _lines(self, block: Block, place: Place, found: Found | None, leaks: Leaks, name: str) -> int:
        """Count a block's lines; how many there were, blank ones included."""
        texts = block.data.decode(errors="replace").split("\n")
        if not texts[-1]:
            texts.pop()
        first = place.lines + block.too_long + 1
        leaking = self._leaking(block.data, leaks, first)
        read = found.reader.read if found else _nothing
        add = self.tally.add
        for number, text in enumerate(texts, first):
            line = read(text)
            secret = leaking.get(number) if leaking else None
            added = Added.NOT_AT_ALL if line is None else add(line, secret)
            if added is Added.COUNTED:
                continue
            if added is Added.NOT_AT_ALL:
                self._not_understood(text, number, found)
            elif secret is None and line is not None:
                leaking[number] = self.names.of(line.key)
        for number, secret in leaking.items():
            line = read(texts[number - first])
            self._leak(secret, name, number, line.at if line else None)
        if block.too_long:
            self.tally.counts.not_understood += block.too_long
            self.tally.miss(block.too_long)
        self.tally.lines += len(texts)
        return len(texts) + block.too_long

    def _leaking(self, data: bytes, leaks: Leaks, first: int) -> dict[int, Recognised | None]:
        """The lines that hold a whole secret, by their numbers; the first line has the number `first`."""
        beginnings = leaks.beginnings_in(data)
        if not beginnings:
            return {}
        found = ((number, leaks.in_line(line, beginnings)) for number, line in enumerate(data.split(b"\n"), first))
        return {number: secret for number, secret in found if secret is not None}

    def _leak(self, secret: Recognised | None, name: str, number: int, at: float | None) -> None:
        self.tally.counts.leaks += 1
        if secret is None or (secret.key_id, secret.version, name) in self.told:
            return
        self.told.add((secret.key_id, secret.version, name))
        place = f"{harmless(name)} line {number}"
        self.leaked.append(Leak(secret.key_id, secret.version, place, moment(min(at or self.now, self.now))))

    def _not_understood(self, text: str, number: int, found: Found | None) -> None:
        if not text.strip():
            return
        self.tally.counts.not_understood += 1
        self.tally.counts.sample(number, text)
        if found is not None and found.reader.record(text):
            self.tally.miss()


def _nothing(_: str) -> Line | None:
    """What is read of a line of no known format."""
    return None
