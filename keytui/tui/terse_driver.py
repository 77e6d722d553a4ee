"""The terminal, told in few bytes: only of the cells that differ from what it shows.

Textual says a whole line where a word of it changed, ends each piece with a reset, and draws a screen several times
while it opens. Over a slow line that is most of what is sent.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from io import TextIOBase, TextIOWrapper
from typing import Final, TextIO, cast

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from keytui.tui.drawing import draw
from keytui.tui.picture import Picture

_UNSEEN: Final = re.compile(
    r"(?:\a|\x1b\[\?(?!1049)[\d;]+[hl]|\x1b\[\?\d+\$p|\x1b\[[<>]\d*u|\x1b\](?:22|52);[^\x07\x1b]*\x07)*"
)
"""What changes nothing of the picture: bell, modes and questions about them, keyboard, pointer and clipboard."""
_FRAME_BEGINS: Final = "\x1b[?2026h"
_FRAME_ENDS: Final = "\x1b[?2026l"


class TerseDriver(LinuxDriver):
    """Textual's driver of a terminal, saying less."""

    _picture: Picture | None = None
    """None where the terminal may show anything: before the first drawing, and after what is not understood."""
    _in_frames = False
    """Whether the terminal shows a frame whole or not at all."""

    def __init__(
        self, app: App[object], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        if self._file is not None:
            self._file = cast("TextIOWrapper", LastingTerminal(self._file))  # it is only ever written to

    def write(self, data: str) -> None:
        """Take what is drawn into the picture, which is told once this turn of the loop is over; say all else as it is.

        After anything that is not understood, as another screen or a clearing, no cell is known any more. Threads other
        than the loop's say only what changes nothing of the picture.
        """
        if data in (_FRAME_BEGINS, _FRAME_ENDS):
            self._in_frames = True
        elif _UNSEEN.fullmatch(data):
            super().write(data)
        elif draw(data, self._current()):
            asyncio.get_running_loop().call_soon(self._tell)
        else:
            self._tell()
            self._picture = None
            super().write(data)

    def _current(self) -> Picture:
        """The picture, as large as the app draws it."""
        if self._picture is None or self._picture.size != self._app.size:
            self._picture = Picture(*self._app.size)
        return self._picture

    def _tell(self) -> None:
        told = self._picture.told() if self._picture is not None else ""
        if told:
            super().write(f"{_FRAME_BEGINS}{told}{_FRAME_ENDS}" if self._in_frames else told)


class LastingTerminal(TextIOBase):
    """A terminal whose window may be closed: what is written to it then is lost. Textual's writer would die of it, and
    whoever writes wait for it for ever: a demo was never taken down.
    """

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._terminal.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._terminal.flush()

    def fileno(self) -> int:
        return self._terminal.fileno()
