"""The server's event stream: one thread hears what moves, and whoever waits for a change is told from memory."""

from __future__ import annotations

from collections import deque
from functools import reduce
from threading import Condition, Event, Thread
from typing import Final

from keytui.domain.errors import KeytuiError
from keytui.vault.model import Changes
from keytui.vault.remote.line import Line

_PATH: Final = "/admin/events"
_KEPT: Final = 1_000
"""Events that are remembered: who asks for older changes asks the server."""
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0


class Stream:
    """Begins with the first wait. While it is down it says so, and the server is asked as without one."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._moved = Condition()
        self._closing = Event()
        self._thread: Thread | None = None
        self._live = False
        self._since = self._position = 0
        self._usage_as_of = Changes(0).usage_as_of
        self._heard: deque[Changes] = deque()

    def wait(self, after: int, timeout: float) -> Changes | None:
        """What moved after that position, waited for; None when the stream cannot tell."""
        with self._moved:
            if self._thread is None and not self._closing.is_set():
                self._thread = Thread(target=self._follow, name="keytui events", daemon=True)
                self._thread.start()
            if not self._hears() or 0 < after < self._since:
                return None
            after, usage_as_of = after or self._position, self._usage_as_of
            self._moved.wait_for(
                lambda: not self._hears() or self._position > after or self._usage_as_of != usage_as_of, timeout
            )
            if not self._hears():
                return None
            moved = (heard for heard in self._heard if heard.position > after)
            now = Changes(max(self._position, after), (), self._usage_as_of)
            return reduce(Changes.and_then, moved, Changes(after)).and_then(now)

    def go_on_from(self, position: int) -> None:
        """What the server was asked meanwhile it need not tell again when the stream is back."""
        with self._moved:
            if not self._live:
                self._position = max(self._position, position)

    def close(self) -> None:
        """Wake whoever waits. The thread ends with the line."""
        self._closing.set()
        self._lost()

    def _hears(self) -> bool:
        return self._live

    def _follow(self) -> None:
        pause = _FIRST_PAUSE
        while not self._closing.is_set():
            try:
                for changes in self._line.events(Changes, _PATH, {"after": str(self._position)}):
                    self._hear(changes)
                    pause = _FIRST_PAUSE
            except KeytuiError:  # whoever asks the server instead is told what is wrong with it
                pause = min(pause * 2, _LONGEST_PAUSE)
            self._lost()
            self._closing.wait(pause)

    def _hear(self, changes: Changes) -> None:
        with self._moved:
            if not self._live:
                self._since, self._live = self._position or changes.position, True
            self._heard.append(changes)
            if len(self._heard) > _KEPT:
                self._since = self._heard.popleft().position
            self._position = max(self._position, changes.position)
            self._usage_as_of = changes.usage_as_of or self._usage_as_of
            self._moved.notify_all()

    def _lost(self) -> None:
        with self._moved:
            self._live = False
            self._moved.notify_all()
