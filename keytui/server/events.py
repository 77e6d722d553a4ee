"""`GET /admin/events`: what moves, told to every console. A console costs memory, no thread and no query.

A stream tells positions of the change feed and ids of keys; what became of them, the console asks as it always does.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from anyio import to_thread

from keytui.clock import Clock
from keytui.domain.access import Operation, Principal
from keytui.domain.secrets import Secret
from keytui.server.asgi import TooMany
from keytui.server.door import stranger
from keytui.server.metrics import Metrics
from keytui.server.token_book import TokenBook, expires_within
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Changes
from keytui.vault.wire import encode
from keytui.verify.asgi import Message, Receive, Send

HEARTBEAT: Final = 15.0
"""Seconds of silence after which a stream says that it is still there."""
_TAKEN_WITHIN: Final = 20.0
"""Seconds that a client has to take what it was sent: who reads slower is let go, and asks again."""
MOST_KEYS: Final = 10_000
"""Ids that may wait for one console; one that falls behind farther is let go, and asks again."""
MOST_STREAMS: Final = 64
"""That one token may hold open in a process, so that none takes all connections from the others."""
_HEADERS: Final = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
_STILL_HERE: Final = b": still here\n\n"


class Stream:
    """What waits for one console. Several changes that it has not taken yet become one."""

    def __init__(self, principal: Principal, token: Secret) -> None:
        self.principal = principal
        self.token = token
        self.closed = False
        self._position = 0
        self._key_ids: dict[str, None] = {}
        self._waiting: Changes | None = None
        self._moved = asyncio.Event()

    def put(self, changes: Changes) -> None:
        """Add what moved; what is older than what is known already adds its keys alone."""
        self._key_ids.update(dict.fromkeys(changes.key_ids))
        self._position = max(self._position, changes.position)
        self._waiting = Changes(self._position, (), changes.usage_as_of)
        if len(self._key_ids) > MOST_KEYS:
            self.closed = True
        self._moved.set()

    def close(self) -> None:
        self.closed = True
        self._moved.set()

    async def next(self) -> bytes:
        """The next thing to send: an event, a sign of life, or b"" once the stream has ended."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._moved.wait(), HEARTBEAT)
        self._moved.clear()
        if self.closed:
            return b""
        if self._waiting is None:
            return _STILL_HERE
        told = Changes(self._position, tuple(self._key_ids), self._waiting.usage_as_of)
        self._waiting = None
        self._key_ids.clear()
        return b"id: %d\nevent: changes\ndata: %s\n\n" % (told.position, encode(told))


class Broadcaster:
    """Hands each change to every stream whose tenant it concerns. Called by one thread, for one event loop."""

    def __init__(self, vault: LocalVault, book: TokenBook, metrics: Metrics, clock: Clock) -> None:
        self._vault = vault
        self._book = book
        self._metrics = metrics
        self._clock = clock
        self._streams: set[Stream] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._usage_as_of: datetime | None = None
        self.position = 0
        """Of the change feed, as the process knows it."""
        self.closing = False

    async def admit(self, token: Secret, address: str) -> Principal:
        """Whose console it is. Unauthenticated or Forbidden for whoever may not look."""
        principal = await to_thread.run_sync(self._vault.authenticate, token, address) if token else None
        if principal is None:
            raise stranger()
        principal.require(Operation.READ)
        return principal

    async def serve(self, principal: Principal, token: Secret, after: int, receive: Receive, send: Send) -> None:
        """Tell one console what moves, until it goes away or may not stay."""
        self._loop = asyncio.get_running_loop()
        stream = Stream(principal, token)
        self._add(stream)
        try:
            stream.put(await to_thread.run_sync(self._vault.acting_as(principal).changes, after, 0.0))
            await self._tell(stream, receive, send)
        finally:
            self._streams.discard(stream)
            self._metrics.streams.set(len(self._streams))

    def hear(self, changes: Changes, tokens_moved: bool) -> None:
        """From the thread that follows the vault: what moved, to whomever it concerns."""
        loop = self._loop
        streams = tuple(self._streams)
        if loop is None or not streams:
            self.position, self._usage_as_of = changes.position, changes.usage_as_of
            return
        used, before = self._was_used(changes.usage_as_of), self.position
        self.position, self._usage_as_of = changes.position, changes.usage_as_of
        barred = {stream for stream in streams if self._barred(stream, changes)}
        moved: frozenset[str | None] = frozenset()
        if changes.position != before:
            moved = self._vault.tenants_moved(before, changes.position) | {None}
        tenants = self._vault.tenants_of(changes.key_ids) if changes.key_ids else {}
        told = {
            tenant: _seen(changes, tenant, tenants, moved=tenant in moved)
            for tenant in {stream.principal.tenant for stream in streams}
            if used or tenant in moved
        }
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody is there to be told
            loop.call_soon_threadsafe(self._hand_out, told, barred)

    def close(self) -> None:
        """End every stream: their clients connect again, to whoever serves then."""
        self.closing = True
        for stream in tuple(self._streams):
            stream.close()

    def _add(self, stream: Stream) -> None:
        held = sum(_holder(each.principal) == _holder(stream.principal) for each in self._streams)
        if held >= MOST_STREAMS:
            raise TooMany(f"this token follows {held} times already", HEARTBEAT)
        self._streams.add(stream)

    def _was_used(self, as_of: datetime | None) -> bool:
        """Recorders flush every second, whether anything was asked or not: nothing is told of nothing."""
        before = self._usage_as_of
        return as_of is not None and as_of != before and (before is None or self._vault.used_since(before))

    def _barred(self, stream: Stream, changes: Changes) -> bool:
        """Whether its token has ended. An API key's is asked for when that key has moved."""
        principal = stream.principal
        if not self._book.holds(principal):
            return True
        if principal.operator_id or principal.actor.name.removeprefix("key:") not in changes.key_ids:
            return False
        return not self._vault.opens(stream.token)

    def _hand_out(self, told: Mapping[str | None, Changes], barred: set[Stream]) -> None:
        for stream in barred:
            stream.close()
        for stream in self._streams:
            if (changes := told.get(stream.principal.tenant)) is not None:
                stream.put(changes)

    async def _tell(self, stream: Stream, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(_until_gone(stream, receive))
        left = expires_within(stream.principal, self._clock())
        expiry = None if left is None else asyncio.get_running_loop().call_later(left, stream.close)
        self._metrics.streams.set(len(self._streams))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            while not self.closing and not self._book.stale and (told := await stream.next()):
                async with asyncio.timeout(_TAKEN_WITHIN):
                    await send({"type": "http.response.body", "body": told, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            return  # it reads too slowly: without an end, the server cuts the line
        finally:
            gone.cancel()
            if expiry is not None:
                expiry.cancel()


def _holder(principal: Principal) -> str:
    """Whose streams are counted together: a token's by its id, an API key's by its actor, which names the key."""
    return principal.operator_id or principal.actor.name


def _seen(changes: Changes, tenant: str | None, tenants: Mapping[str, str], *, moved: bool) -> Changes:
    """What one tenant is told: neither keys nor the position of what others did."""
    keys = tuple(key_id for key_id in changes.key_ids if tenant is None or tenants.get(key_id) == tenant)
    return Changes(changes.position if moved else 0, keys, changes.usage_as_of)


async def _until_gone(stream: Stream, receive: Receive) -> None:
    message: Message = {}
    while message.get("type") != "http.disconnect":
        message = await receive()
    stream.close()
