"""Connections that hold a place without asking anything: one look a second at all of them, and none at any request.

uvicorn bounds the time between two requests, and not that of a request that never becomes whole or an answer that
nobody takes.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final, Protocol, cast

from uvicorn.server import ServerState

TAKEN_WITHIN: Final = 60.0
"""Seconds in which a client must take a part of its answer, once no more fits on the line."""
_LOOK_EVERY: Final = 1.0
_LOOK_AGAIN: Final = 0.25


class _Cycle(Protocol):
    response_complete: bool
    more_body: bool


class _Flow(Protocol):
    write_paused: bool


class _Connection(Protocol):
    cycle: _Cycle | None
    flow: _Flow
    transport: asyncio.Transport
    timeout_keep_alive_task: asyncio.TimerHandle | None


async def hang_up_on_the_slow(state: ServerState, asked_within: float) -> None:
    """Until it is cancelled: end every connection whose request is not whole in `asked_within` seconds."""
    waiting: dict[_Connection, tuple[tuple[int, str] | None, float]] = {}
    while True:
        await asyncio.sleep(_LOOK_EVERY)
        now = time.monotonic()
        seen: dict[_Connection, tuple[tuple[int, str] | None, float]] = {}
        for connection in cast("set[_Connection]", state.connections).copy():
            stage = _stage(connection)
            if stage is None:
                continue
            within = TAKEN_WITHIN if stage[1] == "answer" else asked_within
            before, since = waiting.get(connection, (None, now))
            since = since if before == stage else now
            if now - since > within:
                connection.transport.abort()
            else:
                seen[connection] = stage, since
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


def _stage(connection: _Connection) -> tuple[int, str] | None:
    """What a connection waits for its client for; None when it does not, or when uvicorn looks after it."""
    cycle = connection.cycle
    if cycle is not None and not cycle.response_complete:
        if cycle.more_body:
            return id(cycle), "body"
        return (id(cycle), "answer") if connection.flow.write_paused else None
    if connection.timeout_keep_alive_task is not None:
        return None
    return id(cycle), "head"
