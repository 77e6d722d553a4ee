"""A program in a terminal at the other end of a slow line: every byte is late, and few go through in a second."""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

from tests.end_to_end.terminal import Terminal

LATENCY: Final = 0.3
"""Seconds from a key to what it does on the screen: half of them there, half of them back."""
RATE: Final = 20_000
"""Bytes a second towards the operator."""
_PIECE: Final = 512


class SlowTerminal(Terminal):
    """A Terminal over such a line. What does not go through waits where the program writes it."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], columns: int = 120, rows: int = 36) -> None:
        self._late: deque[tuple[float, bytes]] = deque()
        self._came = threading.Condition()
        super().__init__(argv, env, columns, rows)
        self._shower = threading.Thread(target=self._show, daemon=True)
        self._shower.start()

    def send(self, text: str) -> None:
        timer = threading.Timer(LATENCY / 2, super().send, (text,))
        timer.daemon = True
        timer.start()

    def _read(self) -> None:
        """Take what the program writes, as fast as the line is; `_show` shows it when it arrives."""
        master = self._spawned.master
        while self._stop not in select.select([master, self._stop], [], [])[0]:
            try:
                data = os.read(master, _PIECE)
            except OSError:
                break
            if not data:
                break
            self._put(data)
            time.sleep(len(data) / RATE)
        self._put(b"")

    def _put(self, data: bytes) -> None:
        with self._came:
            self._late.append((time.monotonic() + LATENCY / 2, data))
            self._came.notify()

    def _show(self) -> None:
        while True:
            with self._came:
                self._came.wait_for(lambda: bool(self._late))
                due, data = self._late.popleft()
            time.sleep(max(due - time.monotonic(), 0))
            if not data:
                break
            if answer := self.display.feed(data):
                self.send(answer.decode())
        self.display.end()
