"""How much one client may ask: counts of one second, and pauses after wrong tokens. In memory, and bounded."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

MOST_CLIENTS: Final = 10_000
"""Clients that are told apart; those beyond share one count, and the longest forgiven is forgotten."""
_OTHERS: Final = ""
_FORGIVEN_AFTER: Final = 600.0
_LONGEST_PAUSE: Final = 60.0


class Rate:
    """So many requests a second of each client, by the seconds of a clock: nothing is kept from one to the next."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._second = 0
        self._counts: dict[str, int] = {}

    def admits(self, client: str) -> bool:
        """Count one request; whether it is still within the rate."""
        second = int(self._clock())
        if second != self._second:
            self._second = second
            self._counts.clear()
        if client not in self._counts and len(self._counts) >= MOST_CLIENTS:
            client = _OTHERS
        count = self._counts.get(client, 0) + 1
        self._counts[client] = count
        return count <= self._most


class WrongTokens:
    """Slows an address that presents wrong tokens: twice as long a pause after each further one, up to a minute.

    Nobody guesses a token of 160 bits; the pause keeps the noise out of the database and the log.
    """

    def __init__(self, free: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._free = free
        self._clock = clock
        self._seen: OrderedDict[str, tuple[int, float, float]] = OrderedDict()
        """Of each address: how many, when the last one came, and until when it has to wait."""

    def wait(self, address: str) -> float:
        """Seconds that this address has yet to wait; 0 for everybody else."""
        found = self._seen.get(address)
        return max(found[2] - self._clock(), 0.0) if found is not None else 0.0

    def note(self, address: str) -> None:
        """One more wrong token."""
        now = self._clock()
        count, last, _ = self._seen.pop(address, (0, now, now))
        count = 1 if now - last > _FORGIVEN_AFTER else count + 1
        beyond = count - self._free
        pause = min(2.0 ** (beyond - 1), _LONGEST_PAUSE) if beyond > 0 else 0.0
        self._seen[address] = count, now, now + pause
        if len(self._seen) > MOST_CLIENTS:
            self._seen.popitem(last=False)
