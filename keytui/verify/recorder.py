"""The usage recorder: adds up uses in memory and hands them over every second, numbered, with a count of any loss."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from datetime import datetime
from typing import Final

from keytui.clock import Clock
from keytui.domain.errors import Forbidden, Unauthenticated, Unreachable
from keytui.domain.usage import Caller, Flush
from keytui.verify.source import Sink
from keytui.verify.tallies import Tallies

FLUSH_EVERY: Final = 0.8
"""Seconds between flushes: with the time that a flush takes, they come at least once a second."""
MOST_CALLERS: Final = 1_000
"""Distinct callers of one version in one flush; requests of further ones are counted together."""
MOST_TALLIES: Final = 50_000
"""Lines of one flush; requests beyond are counted as dropped."""
MOST_REFUSALS: Final = 3
"""How often a vault that answers may refuse one flush; then it is given up, so that the next ones arrive."""
_AWAY: Final = (Unreachable, Unauthenticated, Forbidden, OSError)
"""The vault was not asked, or lets nobody in who is called so: that passes, and says nothing about the flush."""

_log = logging.getLogger("keytui.verify")


class UsageRecorder:
    """One process's reporter. What it counts waits in memory until the vault has it."""

    def __init__(
        self,
        sink: Sink,
        name: str,
        clock: Clock,
        *,
        most_callers: int = MOST_CALLERS,
        most_tallies: int = MOST_TALLIES,
    ) -> None:
        self.id = secrets.token_hex(8)
        self._sink = sink
        self._name = name
        self._clock = clock
        self._most_callers = most_callers
        self._most_tallies = most_tallies
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._tallies = Tallies(most_callers, most_tallies)
        self._acknowledged = 0
        self._sequence = 0
        self._unsent: Flush | None = None
        self._refusals = 0
        self._cut_off = False
        self._registered = False
        self._closed = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"keytui-recorder-{name}", daemon=True)

    def register(self) -> None:
        """Announce this process to the vault, with whatever error that meets; a flush makes up for it if need be."""
        if not self._registered:
            self._sink.register(self.id, self._name, socket.gethostname(), os.getpid())
            self._registered = True

    def start(self) -> None:
        """Begin to flush."""
        self._thread.start()

    def note(
        self, key_id: str, version: int, caller: Caller, at: datetime, *, accepted: bool, probe: bool, route: str = ""
    ) -> bool:
        """Count one request; False once the recorder is closed and can count no more."""
        with self._lock:
            if self._closed:
                return False
            self._tallies.add(key_id, version, caller, at, accepted=accepted, probe=probe, route=route)
        return True

    def acknowledge(self, position: int) -> None:
        """Tell the vault, at once, that its changes up to `position` are in force here."""
        self._acknowledged = position
        self._wake.set()

    def flush(self) -> bool:
        """Hand over what was counted; False when the sink failed, and then the same flush goes first the next time.

        One that the vault refused `MOST_REFUSALS` times is given up: the vault calls its missing number a gap.
        While the vault refuses the process itself it is kept: of one that it does not know, the vault misses nothing.
        """
        with self._sending:
            if self._unsent is not None and not self._send(self._unsent):
                return False
            return self._send(self._taken())

    def close(self) -> bool:
        """Count no more, hand over the rest, and end cleanly; False when the vault cannot be told."""
        with self._lock:
            self._closed = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        return self.flush()

    def _run(self) -> None:
        while not self._closed:
            self._wake.wait(FLUSH_EVERY)
            self._wake.clear()
            if not self._closed:
                self.flush()

    def _taken(self) -> Flush:
        with self._lock:
            taken, self._tallies = self._tallies, Tallies(self._most_callers, self._most_tallies)
            closing = self._closed
        self._sequence += 1
        return Flush(
            self.id,
            self._sequence,
            self._clock(),
            taken.uses(),
            dropped=taken.dropped,
            acknowledged=self._acknowledged,
            closing=closing,
            routes=taken.routes(),
        )

    def _send(self, flush: Flush) -> bool:
        self._unsent = flush
        try:
            self.register()
            self._sink.record(flush)
        except Exception as error:  # whatever the sink is made of: the service goes on, the flush is kept
            self._keep_or_give_up(error)
            return False
        self._unsent, self._refusals, self._cut_off = None, 0, False
        return True

    def _keep_or_give_up(self, error: Exception) -> None:
        reason = type(error).__name__
        if self._registered and not isinstance(error, _AWAY):  # a vault that does not know us would miss no number
            self._refusals += 1
        if self._refusals == MOST_REFUSALS:
            self._unsent, self._refusals = None, 0
            _log.error("the vault refused usage for good (%s); the evidence will show a gap", reason)
        elif not self._cut_off:
            _log.warning("usage could not be handed to the vault (%s); it is kept for later", reason)
        self._cut_off = True
