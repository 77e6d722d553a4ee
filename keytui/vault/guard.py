"""The write guard: a read-only profile changes nothing until its name was typed, and then for a while only."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from keytui.clock import Clock, Span
from keytui.domain.errors import ReadOnly, Refused
from keytui.vault.profile import Profile

ARMED_FOR: Final = timedelta(minutes=15)


class WriteGuard:
    """Stands before every mutation of a vault. Arming lives in this process and is never stored."""

    def __init__(self, profile: Profile, clock: Clock) -> None:
        self._profile = profile
        self._clock = clock
        self._armed: Span | None = None
        self._lock = Lock()

    @property
    def armed_until(self) -> datetime | None:
        """Until when a read-only profile takes writes; None when it does not, or needs no arming."""
        with self._lock:
            return self._armed.until if self._armed is not None and self._armed.lasts else None

    @property
    def writable(self) -> bool:
        """Whether a mutation would pass now."""
        return not self._profile.read_only or self.armed_until is not None

    def arm(self, typed_profile: str) -> datetime:
        """Let writes pass until the returned time. Refused unless the profile's own name was typed."""
        if typed_profile != self._profile.name:
            raise Refused(
                f"the name typed is not this profile's, so {self._profile.name} stays as it is",
                f"type {self._profile.name} to make it writable",
            )
        with self._lock:
            self._armed = Span(self._clock, ARMED_FOR)
            return self._armed.until

    def require(self) -> None:
        """Raise ReadOnly unless a mutation may pass."""
        if not self.writable:
            raise ReadOnly(
                f"profile {self._profile.name} is read-only",
                f":write and typing {self._profile.name} makes it writable for 15 minutes",
            )
