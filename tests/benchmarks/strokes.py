"""What a key press does to a program in a terminal: when which lines were as they stayed, and how many bytes that took.

Bytes are only noted with their times while the program writes; the screen is drawn from them afterwards, so that the
measuring takes no time of the measured.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from tests.end_to_end.display import Display
from tests.end_to_end.terminal import KEYS, spawn

COLUMNS: Final = 120
ROWS: Final = 36
_QUIET: Final = 1.0
"""Seconds without a byte after which a press has had its effect."""
_ONE_GO: Final = 0.03
"""Seconds; what follows a cursor after its rest comes later."""
_PATIENCE: Final = 120.0


@dataclass(frozen=True, slots=True)
class Stroke:
    """One press: the seconds after it at which something was written, how many bytes, and the screen after that."""

    moments: tuple[tuple[float, int, tuple[str, ...]], ...]

    def settled(self, lines: slice) -> float:
        """Seconds until these lines were as they stayed; 0.0 when the press changed none of them.

        The last column is the scroll bar's, which changes once rows are counted.
        """
        seen = [[line[: COLUMNS - 1].rstrip() for line in shown[lines]] for _, _, shown in self.moments]
        differs = [at for at, shown in enumerate(seen) if shown != seen[-1]]
        return self.moments[differs[-1] + 1][0] if differs else 0.0

    @property
    def first(self) -> float:
        """Seconds until something was written."""
        return self.moments[1][0] if len(self.moments) > 1 else 0.0

    @property
    def burst(self) -> int:
        """Bytes that were written in one go, to begin with."""
        return sum(size for at, size, _ in self.moments if at <= self.first + _ONE_GO)

    def written(self) -> int:
        """Bytes in all."""
        return sum(size for _, size, _ in self.moments)


class Watched:
    """A program in a pseudo-terminal whose output is read by whoever presses keys."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        self.display = Display(COLUMNS, ROWS)
        self.began = time.perf_counter()
        self._spawned = spawn(argv, env, COLUMNS, ROWS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._spawned.process.send_signal(signal.SIGTERM)
        self._noted(_QUIET)
        self._spawned.process.kill()
        self._spawned.process.wait()
        os.close(self._spawned.master)

    @property
    def resident(self) -> int:
        """Bytes of memory that the program has now."""
        status = Path(f"/proc/{self._spawned.process.pid}/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:"))

    @property
    def processor(self) -> float:
        """Seconds of processor time that the program has taken, all of its threads together; to a hundredth."""
        fields = Path(f"/proc/{self._spawned.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def until(self, text: str) -> float:
        """Seconds from the start of the program until a text is on the screen."""
        while not self.display.shows(text):
            if time.perf_counter() - self.began > _PATIENCE:
                raise AssertionError(f"no {text!r}:\n{self.display.text}")
            for _, data in self._noted(0.0, patience=0.5):
                self._show(data)
        return time.perf_counter() - self.began

    def rest(self, seconds: float) -> int:
        """Bytes that it writes in so many seconds when nobody does anything."""
        end, written = time.perf_counter() + seconds, 0
        while time.perf_counter() < end:
            for _, data in self._noted(0.0, patience=0.2):
                self._show(data)
                written += len(data)
        return written

    def press(self, key: str) -> Stroke:
        """Press a key, by name or as it is typed, and wait until nothing is written any more."""
        before = tuple(self.display.lines)
        began = time.perf_counter()
        os.write(self._spawned.master, KEYS.get(key, key).encode())
        moments = [(0.0, 0, before)]
        for at, data in self._noted(_QUIET, patience=10.0):
            self._show(data)
            moments.append((at - began, len(data), tuple(self.display.lines)))
        return Stroke(tuple(moments))

    def _show(self, data: bytes) -> None:
        if answer := self.display.feed(data):
            os.write(self._spawned.master, answer)

    def _noted(self, quiet: float, patience: float = 1.0) -> list[tuple[float, bytes]]:
        """What it writes until it was quiet for so long, each with its time; at most `patience` for the first."""
        noted: list[tuple[float, bytes]] = []
        while select.select([self._spawned.master], [], [], quiet if noted else patience)[0]:
            try:
                data = os.read(self._spawned.master, 1 << 20)
            except OSError:  # how Linux says that nobody has the other end open any more
                break
            noted.append((time.perf_counter(), data))
        return noted
