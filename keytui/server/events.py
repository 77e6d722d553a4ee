"""`GET /admin/events`: what moves, told to every console. A console costs memory, no thread and no query.

A stream tells positions of the change feed and ids of keys; what became of them, the console asks as it always does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Set
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

from anyio import to_thread

from keytui.clock import Clock
from keytui.domain.access import Operation, Principal
from keytui.domain.errors import KeytuiError
from keytui.domain.secrets import Secret
from keytui.server.asgi import TooMany
from keytui.server.door import stranger
from keytui.server.metrics import Metrics
from keytui.server.token_book import TokenBook, expires_within
from keytui.vault.local.vault import LocalVault
from keytui.vault.local.watching import MOST_NAMED
from keytui.vault.model import Changes
from keytui.vault.wire import encode
from keytui.verify.asgi import Message, Receive, Send

HEARTBEAT: Final = 15.0
"""Seconds of silence after which a stream says that it is still there."""
_TAKEN_WITHIN: Final = 20.0
"""Seconds that a client has to take what it was sent: who reads slower is let go, and asks again."""
MOST_KEYS: Final = MOST_NAMED
"""Ids that may wait for one console; one that falls behind farther is told that everything may have moved."""
MOST_STREAMS: Final = 64
"""That one token may hold open in a process, so that none takes all connections from the others."""
_HEADERS: Final = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
_RECENT: Final = timedelta(minutes=2)
"""How late a recorder may tell of a use so that consoles hear of it at once."""
_STILL_HERE: Final = b": still here\n\n"
_T = TypeVar("_T")

_log = logging.getLogger("keytui.server")


class Stream:
    """What waits for one console. Several changes that it has not taken yet become one."""

    def __init__(self, principal: Principal, token: Secret) -> None:
        self.principal = principal
        self.token = token
        self.closed = False
        self._position = -1
        self._usage_as_of: datetime | None = None
        self._waiting: Changes | None = None
        self._moved = asyncio.Event()

    def put(self, changes: Changes) -> None:
        """Add what moved; what is older than what is known already adds its keys alone, and with none is not told."""
        if self._knows(changes):
            return
        self._usage_as_of = changes.usage_as_of or self._usage_as_of
        waiting = changes if self._waiting is None else self._waiting.and_then(changes)
        self._position = max(self._position, changes.position)
        self._waiting = _everything_from(waiting) if len(waiting.key_ids) > MOST_KEYS else waiting
        self._moved.set()

    def _knows(self, changes: Changes) -> bool:
        """What moved just before a console came is in the position that it began with, and heard of once more."""
        new_use = changes.usage_as_of not in (None, self._usage_as_of)
        return changes.position <= self._position and not (changes.key_ids or changes.everything or new_use)

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
        told, self._waiting = replace(self._waiting, position=self._position), None
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
        self._last_used: Mapping[str, datetime] = {}
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
        before, self.position = self.position, changes.position
        flushed, self._usage_as_of = self._usage_as_of, changes.usage_as_of
        streams = tuple(self._streams)
        if not streams:
            return
        self._in_loop(self._end, {stream for stream in streams if self._barred(stream, changes)})
        tenants = {stream.principal.tenant for stream in streams}
        try:
            told = self._told(changes, before, flushed, tenants)
        except KeytuiError as error:
            _log.warning("whom a change concerns is not known, so all are told: %s", error.message)
            told = dict.fromkeys(tenants, _everything_from(changes))
        self._in_loop(self._hand_out, told)

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

    def _told(
        self, changes: Changes, before: int, flushed: datetime | None, tenants: Set[str | None]
    ) -> Mapping[str | None, Changes]:
        """What each tenant is told: neither keys, nor the position, nor the traffic of others. Nothing of nothing."""
        moved: Mapping[str | None, int] = {}
        if changes.position != before:
            moved = self._vault.tenants_moved(before, changes.position)
        used = self._used(changes.usage_as_of, flushed, tenants)
        owners = self._vault.tenants_of(changes.key_ids) if changes.key_ids else {}
        flushes = self._vault.flushed_at(tenants & used)
        return {
            tenant: Changes(
                moved.get(tenant, 0),
                tuple(key_id for key_id in changes.key_ids if tenant is None or owners.get(key_id) == tenant),
                flushes.get(tenant),
                changes.everything and tenant in moved,
            )
            for tenant in tenants & (moved.keys() | used)
        }

    def _used(self, as_of: datetime | None, before: datetime | None, tenants: Set[str | None]) -> Set[str | None]:
        """Whose keys were asked with. Recorders flush every second, whether anything was asked or not."""
        if as_of is None or as_of == before:
            return set()
        before = before or as_of - _RECENT
        if not self._vault.used_since(before):
            return set()
        if tenants == {None}:
            return tenants
        last, known = self._vault.last_used(before - _RECENT), self._last_used
        self._last_used = last
        return {None} | {tenant for tenant, at in last.items() if tenant not in known or at > known[tenant]}

    def _barred(self, stream: Stream, changes: Changes) -> bool:
        """Whether its token has ended. An API key's is asked for when that key has moved."""
        principal = stream.principal
        if not self._book.holds(principal):
            return True
        if principal.operator_id or not changes.concern(principal.actor.name.removeprefix("key:")):
            return False
        try:
            return not self._vault.opens(stream.token)
        except KeytuiError:
            return True  # it may ask again, and is looked at anew then

    def _in_loop(self, act: Callable[[_T], None], what: _T) -> None:
        if what and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody is there to be told
                self._loop.call_soon_threadsafe(act, what)

    def _end(self, barred: Set[Stream]) -> None:
        for stream in barred:
            stream.close()

    def _hand_out(self, told: Mapping[str | None, Changes]) -> None:
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


def _everything_from(changes: Changes) -> Changes:
    return replace(changes, key_ids=(), everything=True)


async def _until_gone(stream: Stream, receive: Receive) -> None:
    message: Message = {}
    while message.get("type") != "http.disconnect":
        message = await receive()
    stream.close()
