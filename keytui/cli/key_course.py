"""The course of many keys from a file to a vault: checked first, then a part at a time, and a tally of what became of
them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

import typer

from keytui.cli.counting import counted
from keytui.cli.exits import Partly
from keytui.cli.key_fields import Fields
from keytui.cli.key_file import KeyFile
from keytui.cli.output import remark
from keytui.cli.progress_line import ProgressLine
from keytui.cli.shapes import Shape
from keytui.cli.stopping import Stop
from keytui.domain.errors import Invalid, KeytuiError
from keytui.domain.secrets import Secret
from keytui.vault.many_keys import MOST_AT_ONCE, AddedKeys, LeftOutKey, NewKey

SHOWN: Final = 20
"""Lines at fault that are named one by one."""
_KEPT: Final = 1_000
"""Of those in JSON."""
_MOST_BYTES: Final = 4_000_000
"""Of one part, which a server takes in one request."""
_FRAME: Final = 400
"""Bytes of a key in it beside its texts."""
_IN_A_ROW: Final = 1.0
_REST: Final = 0.11
"""Seconds of rest after so many of writing: whoever waits for SQLite looks ten times a second whether it is free."""
Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Arriving:
    """A key on its way, by the number of its line. `minted` is its secret, where that was made just now."""

    line: int
    new: NewKey
    minted: Secret | None = None


def check_lines(file: KeyFile, fields: Fields, stop: Stop) -> int:
    """How many lines there are, each of which can be read. Invalid, with every fault told, where one cannot."""
    lines, faults = 0, 0
    for line in file.lines():
        lines += 1
        try:
            fields.check(line)
        except Invalid as error:
            faults += 1
            if faults <= SHOWN:
                remark(f"{file.name} line {line.number}: {error.message} ({error.hint})")
        if stop.code is not None:
            remark("stopped while the file was read: nothing was done")
            raise typer.Exit(stop.code)
    if faults > SHOWN:
        remark(f"and {faults - SHOWN:,} more")
    if faults:
        raise Invalid(f"{counted(faults, 'line')} of {file.name} cannot be read, and nothing was done", "mend the file")
    return lines


def parts_of(keys: Iterator[Arriving]) -> Iterator[list[Arriving]]:
    """As many keys as go into one call; the next ones are read meanwhile."""
    return _read_ahead(_parts(keys))


def _parts(keys: Iterator[Arriving]) -> Iterator[list[Arriving]]:
    part: list[Arriving] = []
    size = 0
    for one in keys:
        more = _size(one.new)
        if part and (len(part) == MOST_AT_ONCE or size + more > _MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(one)
        size += more
    if part:
        yield part


def _size(new: NewKey) -> int:
    """Bytes at most of a key in JSON."""
    draft = new.draft
    value = new.value.reveal() if new.value else new.digest
    names = (new.name, new.prefix, new.variable, value, draft.environment)
    texts = (draft.name, draft.description, draft.owner, draft.tenant, draft.label, draft.format)
    lists = (*draft.scopes, *draft.apps, *draft.targets)
    return _FRAME + sum(len(json.dumps(word)) + 1 for word in (*names, *texts, *lists))


def _read_ahead(parts: Iterator[Part]) -> Iterator[Part]:
    with ThreadPoolExecutor(max_workers=1) as reader:
        coming = reader.submit(next, parts, None)
        while (part := coming.result()) is not None:
            coming = reader.submit(next, parts, None)
            yield part


class Rests:
    """Lets other writers in between two parts, now and then."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def between(self) -> None:
        """Rest, if it is time to."""
        if time.monotonic() - self._since > _IN_A_ROW:
            time.sleep(_REST)
            self._since = time.monotonic()


class Tally:
    """What became of the keys of one file. `skipped` is how many lines were left out before the first, where only
    that goes on and not the same command again.
    """

    def __init__(self, file: KeyFile, lines: int, progress: ProgressLine, skipped: int | None = None) -> None:
        self._file = file
        self._lines = lines
        self._progress = progress
        self._skipped = skipped
        self.done = 0
        self.added = self.present = self.shared = self.weak = 0
        self.left_out = 0
        self._left_out: list[tuple[int, LeftOutKey]] = []

    def leave_out(self, part: list[Arriving], told: AddedKeys) -> None:
        """Name what stands in the way of a part."""
        for one in told.left_out:
            self._leave_out(part[one.place].line, one)

    def take(self, part: list[Arriving], told: AddedKeys) -> None:
        """Count one part, and name what was left out of it."""
        self.done += len(part)
        self.added += told.added
        self.present += told.present
        self.shared += told.shared
        self.weak += told.weak
        self.leave_out(part, told)
        self._progress.at(self.done)

    def counts(self) -> str:
        """`12 added, 3 known already (1 of them shared), 1 weak`."""
        shared = f" ({self.shared:,} of them met elsewhere: shared)" if self.shared else ""
        weak = f", {self.weak:,} weak: they could be guessed" if self.weak else ""
        return f"{self.added:,} added, {self.present:,} known already{shared}{weak}"

    def shape(self, stop: Stop) -> Shape:
        """The same for a program; the first thousand of what was left out are named."""
        return {
            "lines": self._lines,
            "done": self.done,
            "added": self.added,
            "present": self.present,
            "shared": self.shared,
            "weak": self.weak,
            "left_out": self.left_out,
            "faults": [{"line": line, "why": one.why, "hint": one.hint} for line, one in self._left_out],
            "stopped": stop.code is not None,
        }

    def end(self, stop: Stop) -> None:
        """Say what is not done, by the exit code too."""
        self._progress.clear()
        if self.left_out > SHOWN:
            remark(f"and {self.left_out - SHOWN:,} more lines were left out")
        if stop.code is not None and self.done < self._lines:
            remark(f"stopped: {self.done:,} of {self._lines:,} lines are done{self._way_on()}")
            raise typer.Exit(stop.code)
        if self.left_out:
            raise Partly(
                f"{counted(self.left_out, 'line')} of {self._file.name} left out, all others are done",
                "mend those, then say the same again: what is known adds nothing",
            )

    def interrupted(self, error: KeytuiError | KeyboardInterrupt) -> None:
        """Something else ended it: say what is kept."""
        self._progress.clear()
        if self.done:
            remark(f"{self.done:,} of {self._lines:,} lines are done and kept{self._way_on()}")
        elif isinstance(error, KeyboardInterrupt):
            remark("no line was done")

    def _way_on(self) -> str:
        if self.done == self._lines:
            return ""
        again = "the same command again" if self._skipped is None else f"--skip {self._skipped + self.done}"
        return f"; {again} goes on from there"

    def _leave_out(self, line: int, one: LeftOutKey) -> None:
        self.left_out += 1
        if len(self._left_out) < _KEPT:
            self._left_out.append((line, one))
        if self.left_out <= SHOWN:
            self._progress.clear()
            remark(f"{self._file.name} line {line}: {one.why}{f' ({one.hint})' if one.hint else ''}")
