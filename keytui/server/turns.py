"""What takes a whole core is done one after the other, and only so many wait for it: nobody else notices."""

from __future__ import annotations

from asyncio import Lock
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from starlette.exceptions import HTTPException

_MOST: Final = 8
_MOST_OF_ONE: Final = 4
"""Who asks again and again leaves room for the others."""
_RETRY_AFTER: Final = "2"


class Turns:
    """One request at a time. The others wait in the event loop, where they hold no thread; too many are told so."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._here = Counter[str]()

    @asynccontextmanager
    async def turn(self, who: str) -> AsyncIterator[None]:
        """Wait for it, and have it. 503 when as many are here as a few seconds are enough for."""
        if self._here.total() >= _MOST or self._here[who] >= _MOST_OF_ONE:
            raise HTTPException(
                503, "others are waiting for the same: ask again shortly", {"Retry-After": _RETRY_AFTER}
            )
        self._here[who] += 1
        try:
            async with self._turn:
                yield
        finally:
            self._here[who] -= 1
            self._here += Counter()  # forgets those who are not here
