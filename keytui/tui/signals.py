"""However a signal ends the console, its terminal is given back as it was, and the vault is closed."""

from __future__ import annotations

import asyncio
import os
import signal
from threading import Timer
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from keytui.tui.app import Console

_HANG_UP: Final = 2.0
"""Seconds that a console without a terminal has to end in order."""


class Endings:
    """Hears the signals that end a program."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._asked = False

    def listen(self) -> None:
        """From now on, in the running loop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            loop.add_signal_handler(number, self._end, 128 + number)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)

    def _end(self, code: int) -> None:
        """At once; but where a secret is at hand that is shown this once, the first signal asks before it is lost."""
        if self._asked or not self._console.secret_at_hand:
            self._console.exit(code)
            return
        self._asked = True
        self._console.end_once_let_go(code)

    def _hang_up(self) -> None:
        """End although the terminal is gone: Textual's writer may have died of it, and what is written waits for it."""
        code = 128 + signal.SIGHUP
        self._console.exit(code)
        last_resort = Timer(_HANG_UP, os._exit, (code,))
        last_resort.daemon = True
        last_resort.start()
