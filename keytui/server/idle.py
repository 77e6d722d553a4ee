"""Connections that hold a place without asking anything: one look a second at all of them, and none at any request.

uvicorn bounds the time between two requests, and not that of a request that never becomes whole or an answer that
nobody takes.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Final, Protocol, cast

from uvicorn.server import ServerState

TAKEN_WITHIN: Final = 60.0
"""Seconds in which a client must take a part of its answer, once no more fits on the line."""
A_PART: Final = 16 * 1024
"""Bytes: some three hundred a second at least. Who takes single bytes holds its place for nothing."""
LOOK_EVERY: Final = 1.0
_LOOK_AGAIN: Final = 0.25


class _Cycle(Protocol):
    response_complete: bool
    more_body: bool


class _Flow(Protocol):
    write_paused: bool


@dataclass(frozen=True, slots=True)
class _Wait:
    """What a connection waits for its client for, since when, and how many bytes were left to be taken then."""

    request: int
    stage: str
    since: float
    left: int = 0

    def goes_on(self, before: _Wait) -> bool:
        """Whether it is still the same wait. What is left rises only after nearly all of it was taken."""
        same = (self.request, self.stage) == (before.request, before.stage)
        return same and before.left - A_PART < self.left <= before.left


class _Connection(Protocol):
    cycle: _Cycle | None
    flow: _Flow
    transport: asyncio.Transport
    timeout_keep_alive_task: asyncio.TimerHandle | None


async def hang_up_on_the_slow(state: ServerState, asked_within: float) -> None:
    """Until it is cancelled: end every connection whose request is not whole in `asked_within` seconds."""
    waiting: dict[_Connection, _Wait] = {}
    while True:
        await asyncio.sleep(LOOK_EVERY)
        seen: dict[_Connection, _Wait] = {}
        for connection in cast("set[_Connection]", state.connections).copy():
            wait, before = _wait(connection, time.monotonic()), waiting.get(connection)
            if wait is None:
                continue
            seen[connection] = kept = before if before is not None and wait.goes_on(before) else wait
            if wait.since - kept.since > (TAKEN_WITHIN if kept.stage == "answer" else asked_within):
                connection.transport.abort()
        waiting = seen


async def hang_up_on_the_idle(state: ServerState) -> None:
    """Until it is cancelled, as the server stops: end every connection on which nothing was under way at two looks.

    uvicorn asks each of them once to end, and waits. Over TLS that is a polite end: asyncio waits half a minute for
    the client to say goodbye too, and a client does not look at a connection that it only keeps for later. One whose
    handshake was under way then was not asked at all.
    """
    before: set[_Connection] = set()
    while True:
        connections = cast("set[_Connection]", state.connections).copy()
        idle = {each for each in connections if each.cycle is None or each.cycle.response_complete}
        for connection in idle & before:
            connection.transport.abort()
        before = idle
        await asyncio.sleep(_LOOK_AGAIN)


def _wait(connection: _Connection, now: float) -> _Wait | None:
    """What a connection waits for its client for; None when it does not, or when uvicorn looks after it."""
    cycle = connection.cycle
    if cycle is not None and not cycle.response_complete:
        if cycle.more_body:
            return _Wait(id(cycle), "body", now)
        left = connection.transport.get_write_buffer_size()
        return _Wait(id(cycle), "answer", now, left) if connection.flow.write_paused else None
    if connection.timeout_keep_alive_task is not None:
        return None
    return _Wait(id(cycle), "head", now)
