"""What somebody in front of a terminal sees: bytes go in, a screen comes out, and every byte is kept."""

from __future__ import annotations

import base64
import re
import threading
import time
from collections.abc import Callable
from typing import Final

import pyte

PATIENCE: Final = 30.0
"""Seconds that a condition may take. Only a failure waits this long."""

_FRAME_BEGINS: Final = b"\x1b[?2026h"
_FRAME_ENDS: Final = b"\x1b[?2026l"
_ASKS_FOR_FRAMES: Final = b"\x1b[?2026$p"
_HAS_FRAMES: Final = b"\x1b[?2026;2$y"
"""Synchronized output: a terminal that knows it shows a frame whole or not at all."""

_OSC_52: Final = re.compile(rb"\x1b\]52;[a-z]*;([A-Za-z0-9+/=]*)(?:\a|\x1b\\)")


def look(cell: pyte.screens.Char) -> object:
    """A cell as the eye has it: of a blank only the background, where no line goes through it."""
    lined = cell.reverse or cell.underscore or cell.strikethrough
    return cell if lined or cell.data != " " else (" ", cell.bg)


class Display:
    """A terminal's screen. Bytes are fed from one thread; a test waits for what they show in another."""

    def __init__(self, columns: int, rows: int) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._raw = bytearray()
        self._lines_shown: set[str] = set()
        self._unshown = b""
        self._changed = threading.Condition()
        self._ended = False

    def feed(self, data: bytes) -> bytes:
        """Show what the program wrote, frame by frame; what the terminal answers is given back."""
        with self._changed:
            self._raw += data
            self._unshown += data
            cut = self._shown_until()
            for frame in self._unshown[:cut].split(_FRAME_ENDS):
                self._show(frame)
            self._unshown = self._unshown[cut:]
            self._changed.notify_all()
        return _HAS_FRAMES if _ASKS_FOR_FRAMES in data else b""

    def _show(self, data: bytes) -> None:
        self._stream.feed(data)
        for number in self._screen.dirty:
            line = self._screen.buffer[number]
            self._lines_shown.add("".join(line[column].data for column in range(self._screen.columns)))
        self._screen.dirty.clear()

    def _shown_until(self) -> int:
        """Where a frame stands that is not whole yet."""
        begin = self._unshown.rfind(_FRAME_BEGINS)
        if begin >= 0 and _FRAME_ENDS not in self._unshown[begin:]:
            return begin
        escape = self._unshown.rfind(b"\x1b")
        return escape if escape >= 0 and _FRAME_BEGINS.startswith(self._unshown[escape:]) else len(self._unshown)

    def end(self) -> None:
        """The program will write nothing more."""
        with self._changed:
            self._show(self._unshown)
            self._ended = True
            self._changed.notify_all()

    def resize(self, columns: int, rows: int) -> None:
        """Be of another size from now on."""
        with self._changed:
            self._screen.resize(rows, columns)

    @property
    def lines(self) -> list[str]:
        """The screen, top line first, each as wide as the screen."""
        with self._changed:
            return list(self._screen.display)

    @property
    def text(self) -> str:
        """The screen as one text, without the blanks at each line's end."""
        return "\n".join(line.rstrip() for line in self.lines)

    def shows(self, text: str) -> bool:
        """Whether a text is on the screen; blanks at a line's end count."""
        return any(text in line for line in self.lines)

    @property
    def cursor_line(self) -> int:
        """The line that the cursor is on: where the focused field is."""
        with self._changed:
            return int(self._screen.cursor.y)

    def place_of(self, text: str) -> tuple[int, int]:
        """Line and column where a text begins."""
        with self._changed:
            for number, line in enumerate(self._screen.display):
                if text in line:
                    return number, line.index(text)
            raise AssertionError(f"{text!r} is not on the screen:\n{self.text}")

    def look_of(self, text: str) -> object:
        """How a text is drawn: something that compares, and changes with the focus."""
        with self._changed:
            line, column = self.place_of(text)
            return self._screen.buffer[line][column]._replace(data="")

    @property
    def raw(self) -> bytes:
        """Every byte since the beginning."""
        with self._changed:
            return bytes(self._raw)

    @property
    def cells(self) -> list[list[object]]:
        """The screen with its colours, as far as the eye sees them, by lines."""
        with self._changed:
            columns = range(self._screen.columns)
            return [[look(self._screen.buffer[y][x]) for x in columns] for y in range(self._screen.lines)]

    @property
    def shown(self) -> bytes:
        """Every line as it ever stood on the screen. A program that writes only what differs writes no whole words."""
        with self._changed:
            return "\n".join(self._lines_shown).encode()

    @property
    def clipboards(self) -> list[str]:
        """What was sent to the terminal's clipboard by OSC 52, in order."""
        return [base64.b64decode(payload).decode() for payload in _OSC_52.findall(self.raw)]

    @property
    def restored(self) -> bool:
        """Whether the program gave the terminal back: alternate screen left, cursor shown, mouse off."""
        raw = self.raw
        return (
            raw.rfind(b"\x1b[?1049l") > raw.rfind(b"\x1b[?1049h")
            and raw.rfind(b"\x1b[?25h") > raw.rfind(b"\x1b[?25l")
            and raw.rfind(b"\x1b[?1000l") >= raw.rfind(b"\x1b[?1000h")
        )

    def without_clipboards(self) -> bytes:
        """Every byte but the OSC 52 sequences, which are one of the two places that may carry a secret."""
        return _OSC_52.sub(b"", self.raw)

    def wait_for(self, wanted: str | Callable[[Display], bool], timeout: float = PATIENCE) -> None:
        """Wait until a text is on the screen, or until a condition holds; a failure shows the screen."""
        holds = (lambda shown: shown.shows(wanted)) if isinstance(wanted, str) else wanted
        deadline = time.monotonic() + timeout
        with self._changed:
            while not holds(self):
                left = deadline - time.monotonic()
                if left <= 0 or self._ended:
                    why = "the program ended" if self._ended else f"{timeout:g} s went by"
                    raise AssertionError(f"{why} before {wanted!r} was on the screen:\n{self.text}")
                self._changed.wait(left)

    def wait_until_gone(self, text: str) -> None:
        """Wait until a text is no longer on the screen."""
        self.wait_for(lambda shown: not shown.shows(text))

    def wait_until_quiet(self, seconds: float) -> None:
        """Wait until nothing was written for so long; a program that never rests fails."""
        size, since = len(self.raw), time.monotonic()
        deadline = since + PATIENCE
        while time.monotonic() - since < seconds:
            assert time.monotonic() < deadline, f"{PATIENCE:g} s went by and it writes still:\n{self.text}"
            time.sleep(0.02)
            if len(self.raw) != size:
                size, since = len(self.raw), time.monotonic()
