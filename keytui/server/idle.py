"""Connections that hold a place without asking anything: one look a second at all of them, and none at any request.

uvicorn bounds the time between two requests, and not that of a request that never becomes whole or an answer that
nobody takes.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol, cast

from uvicorn.server import ServerState

TAKEN_WITHIN: Final = 60.0
"""Seconds in which a client must take a part of its answer, once no more fits on the line."""
A_PART: Final = 16 * 1024
"""Bytes: some three hundred a second at least. Who takes single bytes holds its place for nothing."""
LOOK_EVERY: Final = 1.0
LAST_PART_WITHIN: Final = 3600.0
"""Seconds that asyncio may wait for the end of a TLS connection: who takes what is left of an answer gets all of it."""
_LOOK_AGAIN: Final = 0.25
_ACKNOWLEDGED: Final = struct.Struct("@120xQ")
"""Where Linux's `struct tcp_info` has `tcpi_bytes_acked`."""


class _Cycle(Protocol):
    response_complete: bool
    more_body: bool


class _Flow(Protocol):
    write_paused: bool


@dataclass(frozen=True, slots=True)
class _Wait:
    """What a connection waits for its client for, since when, and how many bytes were taken by then."""

    request: int
    stage: str
    since: float
    taken: int = 0

    def goes_on(self, before: _Wait) -> bool:
        """Whether it is still the same wait."""
        same = (self.request, self.stage) == (before.request, before.stage)
        return same and 0 <= self.taken - before.taken < A_PART


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
            if wait.since - kept.since > (TAKEN_WITHIN if kept.stage in _TAKING else asked_within):
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


_TAKING: Final = frozenset({"answer", "rest"})


def _wait(connection: _Connection, now: float) -> _Wait | None:
    """What a connection waits for its client for; None when it does not, or when uvicorn looks after it."""
    cycle = connection.cycle
    if connection.transport.is_closing():
        return _Wait(id(cycle), "rest", now, _taken(connection.transport))
    if cycle is not None and not cycle.response_complete:
        if cycle.more_body:
            return _Wait(id(cycle), "body", now)
        paused = connection.flow.write_paused
        return _Wait(id(cycle), "answer", now, _taken(connection.transport)) if paused else None
    if connection.timeout_keep_alive_task is not None:
        return None
    return _Wait(id(cycle), "head", now)


def _taken(transport: asyncio.Transport) -> int:
    """How many bytes the client's system has acknowledged: TLS has two buffers before the line, which refill unseen.

    Where the system does not tell, what is left in the first of them stands for it: that rises only after nearly all
    of it was taken.
    """
    line = transport.get_extra_info("socket")
    if sys.platform == "linux" and line is not None and line.family in {socket.AF_INET, socket.AF_INET6}:
        with suppress(OSError):  # it has ended by itself
            told = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _ACKNOWLEDGED.size)
            if len(told) == _ACKNOWLEDGED.size:
                return int(_ACKNOWLEDGED.unpack(told)[0])
    return -transport.get_write_buffer_size()
