"""Days of traffic for a wizard to watch: hours pass, callers send requests, a recorder reports them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from keytui.domain.usage import Caller, Use
from keytui.vault.local.feed import LocalFeed
from keytui.vault.profile import Profile
from tests.contract.acts import HOUR, Reporter, use
from tests.world import StoppedClock


class Days:
    """Each hour, each caller uses the version that is named for it."""

    def __init__(self, feed: LocalFeed, clock: StoppedClock) -> None:
        self._clock = clock
        self._reporter = Reporter(feed)

    def pass_(self, hours: int, key_id: str, **callers: int) -> None:
        for _ in range(hours):
            self._clock.advance(HOUR)
            now = self._clock()
            self._reporter.flush(now, *(use(key_id, version, now, name) for name, version in callers.items()))

    def meet(self, key_id: str, version: int, caller: Caller, accepted: int) -> None:
        """One more caller, now."""
        now = self._clock()
        self._reporter.flush(now, Use(key_id, version, caller, now.replace(second=0), now, now, accepted))


@contextmanager
def days_of(profile: Profile, clock: StoppedClock) -> Iterator[Days]:
    """A recorder on the profile's vault; an hour between two flushes is no gap, so that a day is 24 of them."""
    feed = LocalFeed.open(profile, clock, silent_for=HOUR)
    yield Days(feed, clock)
    feed.close()
