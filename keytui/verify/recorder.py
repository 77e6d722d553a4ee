"""The usage recorder: adds up uses in memory and hands them over every second, numbered, with a count of any loss."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from datetime import datetime, timedelta
from typing import Final

from keytui.clock import Clock
from keytui.domain.usage import OTHER_CALLERS, Caller, Flush, Use
from keytui.verify.source import Sink

FLUSH_EVERY: Final = 0.8
"""Seconds between flushes: with the time that a flush takes, they come at least once a second."""
MOST_CALLERS: Final = 1_000
"""Distinct callers of one version in one flush; requests of further ones are counted together."""
MOST_TALLIES: Final = 50_000
"""Lines of one flush; requests beyond are counted as dropped."""

_log = logging.getLogger("keytui.verify")
_Line = tuple[str, int, Caller, datetime, bool, bool]
"""Key, version, caller, minute, accepted, probe."""


class _Tally:
    """Requests of one line, while they are added up."""

    __slots__ = ("count", "first_at", "last_at", "longest_gap")

    def __init__(self, at: datetime) -> None:
        self.count = 1
        self.first_at = self.last_at = at
        self.longest_gap = timedelta()

    def add(self, at: datetime) -> None:
        self.count += 1
        if at > self.last_at:  # threads may come a moment out of order
            self.longest_gap = max(self.longest_gap, at - self.last_at)
            self.last_at = at


class UsageRecorder:
    """One process's reporter. Accepted and refused requests are added up apart, so that pauses are exact."""

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
        self._tallies: dict[_Line, _Tally] = {}
        self._callers: dict[tuple[str, int], set[Caller]] = {}
        self._minute = clock().replace(second=0, microsecond=0)
        self._dropped = 0
        self._unknown = 0
        self._acknowledged = 0
        self._sequence = 0
        self._unsent: Flush | None = None
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

    def note(self, key_id: str, version: int, caller: Caller, at: datetime, *, accepted: bool, probe: bool) -> bool:
        """Count one request; False once the recorder is closed and can count no more."""
        with self._lock:
            if self._closed:
                return False
            if not timedelta() <= at - self._minute < timedelta(minutes=1):
                self._minute = at.replace(second=0, microsecond=0)
            line = (key_id, version, caller, self._minute, accepted, probe)
            tally = self._tallies.get(line)
            if tally is None:
                self._begin(line, at)
            else:
                tally.add(at)
        return True

    def note_unknown(self) -> None:
        """Count one refusal of a secret that belongs to no key."""
        with self._lock:
            self._unknown += 1

    def acknowledge(self, position: int) -> None:
        """Tell the vault, at once, that its changes up to `position` are in force here."""
        self._acknowledged = position
        self._wake.set()

    def flush(self) -> bool:
        """Hand over what was counted; False when the sink failed, and then the same flush goes first the next time."""
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

    def _begin(self, line: _Line, at: datetime) -> None:
        key_id, version, caller, minute, accepted, probe = line
        callers = self._callers.setdefault((key_id, version), set())
        if len(callers) >= self._most_callers and caller not in callers and caller is not OTHER_CALLERS:
            line = (key_id, version, OTHER_CALLERS, minute, accepted, probe)
            if line in self._tallies:
                self._tallies[line].add(at)
                return
        elif caller is not OTHER_CALLERS:
            callers.add(caller)
        if len(self._tallies) >= self._most_tallies:
            self._dropped += 1
        else:
            self._tallies[line] = _Tally(at)

    def _taken(self) -> Flush:
        with self._lock:
            tallies, self._tallies, self._callers = self._tallies, {}, {}
            dropped, self._dropped = self._dropped, 0
            unknown, self._unknown = self._unknown, 0
            closing = self._closed
        self._sequence += 1
        return Flush(
            self.id,
            self._sequence,
            self._clock(),
            tuple(_use(line, tally) for line, tally in tallies.items()),
            dropped,
            unknown,
            self._acknowledged,
            closing,
        )

    def _send(self, flush: Flush) -> bool:
        self._unsent = flush
        try:
            self.register()
            self._sink.record(flush)
        except Exception as error:  # whatever the sink is made of: the service goes on, the flush is kept
            _log.warning("usage could not be handed to the vault (%s); it is kept for later", type(error).__name__)
            return False
        self._unsent = None
        return True


def _use(line: _Line, tally: _Tally) -> Use:
    key_id, version, caller, minute, accepted, probe = line
    return Use(
        key_id,
        version,
        caller,
        minute,
        tally.first_at,
        tally.last_at,
        accepted=tally.count if accepted else 0,
        refused=0 if accepted else tally.count,
        longest_gap=tally.longest_gap if accepted else timedelta(),
        probe=probe,
    )
