"""That an operator waits for the vault: said in the status line, once it takes long enough to wonder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

SIGN_AFTER: Final = 0.15
"""Seconds. Whatever is answered sooner needs no sign, and sends none."""


class Waiting:
    """Questions on their way. It belongs to the console's loop; `changed` is called when the sign comes or goes."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._long = 0

    @property
    def shown(self) -> bool:
        """Whether some question takes long."""
        return self._long > 0

    def begin(self) -> Callable[[], None]:
        """A question goes out; call what comes back, on the loop, when it is answered."""
        shows = False

        def show() -> None:
            nonlocal shows
            shows = True
            self._count(1)

        def over() -> None:
            timer.cancel()
            if shows:
                self._count(-1)

        timer = asyncio.get_running_loop().call_later(SIGN_AFTER, show)
        return over

    def _count(self, by: int) -> None:
        before, self._long = self.shown, self._long + by
        if self.shown != before:
            self._changed()
