"""Reads the lines of one content into a tally, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from keytui.domain.recognition import Recognised
from keytui.domain.reports import Leak
from keytui.domain.text import harmless
from keytui.probes.access_log.bookmarks import Marks
from keytui.probes.access_log.clock import beginning
from keytui.probes.access_log.content import Block, Place
from keytui.probes.access_log.counts import FileCounts
from keytui.probes.access_log.fields import Field
from keytui.probes.access_log.formats import MOST_LOOKED_AT, Format, Found, find_format
from keytui.probes.access_log.leaks import Leaks
from keytui.probes.access_log.line import Line, Names
from keytui.probes.access_log.opening import Opened
from keytui.probes.access_log.tally import Added, Tally, moment
from keytui.probes.access_log.times import Times

_MANY: Final = 20
"""Lines in a row that nobody understands, after which the silence is not believed."""


@dataclass(slots=True)
class Reading:
    """What one run knows while it reads. `now` is in seconds since 1970."""

    format: Format
    mapping: Mapping[Field, str]
    tally: Tally
    marks: Marks
    now: float
    names: Names
    leaks: Leaks
    file: str = ""
    """The name of the content that is being read."""
    leaked: list[Leak] = field(default_factory=list)
    """Since the last report."""
    unmarked: bool = False
    """Whether lines were left that nobody could read: it is not known what came."""
    newest: str | None = None
    """The bookmark of the content that was read last."""
    vouched: float = 0.0
    """The time up to which a followed log's silence was vouched for."""
    told: set[tuple[str, int, str]] = field(default_factory=set)
    """Key, version and file of the leaks that were told: one line is enough to know that a file leaks."""

    def first_time(self, lines: Sequence[str]) -> tuple[float | None, bool]:
        """The time that they begin with, and whether lines of a clock that was not set stand before."""
        found = self._find_format(lines)
        read = (found.reader.read(line) for line in lines) if found else iter(())
        return beginning(line.at for line in read if line is not None and line.at is not None)

    def read(self, opened: Opened, counts: FileCounts) -> Iterator[Format | None]:
        """Count what is new, a block at a time; yields the format as far as it is found."""
        content, place = opened.content, opened.place(self.marks)
        found = self._find_format(content.head.decode(errors="replace").split("\n"))
        content.skip(place.offset)
        self.tally.clock.begin_content(self._before(opened, place))
        self.file, self.tally.counts = content.name, counts
        for block in content.blocks():
            texts = block.data.decode(errors="replace").split("\n")
            if not texts[-1]:
                texts.pop()
            found = self._still(found, texts)
            if block.torn and not any(found.reader.read(text) for text in texts if found):
                content.waiting = True
                break
            self._lines(block, texts, place.lines + block.too_long + 1, found)
            place = Place(place.head, place.offset + block.read, place.lines + len(texts) + block.too_long)
            opened.reached(place)
            counts.keyed += found is not None and found.reader.key_place
            if counts.lines > counts.not_understood:  # of a wrong format nothing is marked as read
                self.marks.move(opened.bookmark, str(place))
                self.newest = opened.bookmark
            yield found.format if found else None
        self.unmarked = self.unmarked or 0 < counts.lines == counts.not_understood

    def _before(self, opened: Opened, place: Place) -> float | None:
        """The time that the next line follows, where it is known."""
        state = self.marks.state
        if not place.offset:
            return opened.first_at if opened.unset else None
        return max(state.last, self.vouched) if opened.bookmark in state.contents[:1] else None

    def _find_format(self, lines: Sequence[str]) -> Found | None:
        return find_format(self.format, [line for line in lines if line], self.mapping, self.names, Times())

    def _still(self, found: Found | None, lines: Sequence[str]) -> Found | None:
        """The format; another one where none of the next lines is in it any more, because the server was told so."""
        if found is not None and any(found.reader.read(line) for line in lines[:MOST_LOOKED_AT]):
            return found
        return self._find_format(lines) or found

    def _lines(self, block: Block, texts: Sequence[str], first: int, found: Found | None) -> None:
        """Count a block's lines; the first has the number `first`."""
        counts = self.tally.counts
        before = counts.lines, counts.not_understood
        leaking = self._leaking(block.data, first)
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
            self._leak(secret, number, line.at if line else None)
        if block.passed:
            self._look_through(block.passed, first - block.too_long)
        if block.too_long:
            counts.not_understood += block.too_long
            self.tally.miss(block.too_long)
        self.tally.lines += len(texts)
        self._look_back(counts.lines - before[0], counts.not_understood - before[1])

    def _look_back(self, lines: int, not_understood: int) -> None:
        """Remarks between requests are nothing to worry about; many in a row, and who knows what they are."""
        counts = self.tally.counts
        counts.in_a_row = counts.in_a_row + lines if lines == not_understood else 0
        if counts.in_a_row >= _MANY:
            self.tally.miss(lines)

    def _leaking(self, data: bytes, first: int) -> dict[int, Recognised | None]:
        """The lines that hold a whole secret, by their numbers; the first line has the number `first`."""
        beginnings = self.leaks.beginnings_in(data)
        if not beginnings:
            return {}
        lines = enumerate(data.split(b"\n"), first)
        found = ((number, self.leaks.in_line(line, beginnings)) for number, line in lines)
        return {number: secret for number, secret in found if secret is not None}

    def _look_through(self, piece: bytes, number: int) -> None:
        """A piece of a line that is too long to be read may hold a whole secret: it is told once."""
        beginnings = self.leaks.beginnings_in(piece)
        secret = self.leaks.in_line(piece, beginnings) if beginnings else None
        if secret is not None and (secret.key_id, secret.version, self.file) not in self.told:
            self._leak(secret, number, None)

    def _leak(self, secret: Recognised | None, number: int, at: float | None) -> None:
        self.tally.counts.leaks += 1
        if secret is None or (secret.key_id, secret.version, self.file) in self.told:
            return
        self.told.add((secret.key_id, secret.version, self.file))
        place = f"{harmless(self.file)} line {number}"
        self.leaked.append(Leak(secret.key_id, secret.version, place, moment(min(at or self.now, self.now))))

    def _not_understood(self, text: str, number: int, found: Found | None) -> None:
        if not text.strip():
            return
        self.tally.counts.not_understood += 1
        self.tally.counts.sample(number, text)
        torn = found is not None and found.reader.record(text)
        if torn or find_format(Format.AUTO, [text], {}, self.names, Times()) is not None:
            self.tally.miss()


def _nothing(_: str) -> Line | None:
    """What is read of a line of no known format."""
    return None
