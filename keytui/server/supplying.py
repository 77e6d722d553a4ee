"""`GET /v1/credentials`: verifiers elsewhere are told the digests of their tenant's keys, at once or as they change."""

from __future__ import annotations

import asyncio
import time
from asyncio import Future, Semaphore
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from anyio import to_thread

from keytui.domain.access import Operation, Principal
from keytui.domain.errors import Invalid, Unreachable
from keytui.server.asgi import Reply, Request
from keytui.server.door import stranger
from keytui.server.token_book import TokenBook
from keytui.vault.local.feed import LocalFeed
from keytui.vault.verifier_feed import KnownVersion, KnownVersions
from keytui.vault.wire import encode
from keytui.verify.source import CredentialChanges

_LONGEST_WAIT: Final = 20.0
_LOOK_EVERY: Final = 0.05
MOST_BEHIND: Final = 1_000
"""Changes that are read as changes; whoever is farther behind is told everything anew."""
_CHANGES_AT_ONCE: Final = 2
"""Questions that are answered from the database at a time: the process's own verifier asks there too."""


@dataclass(eq=False, slots=True)
class _Reading:
    """All keys of a tenant, read at `began` or a little later; None while it waits for its turn."""

    began: int | None = None
    told: Future[bytes] | None = None


class Supplying:
    """The service. A question that waits costs no thread.

    All keys of a vault take long to read, so they are read once for everybody who asks meanwhile, and one tenant's
    after the other's. That nothing changed is contact with the vault to whoever asks, so a server that has none itself
    does not say it.
    """

    def __init__(self, feed: LocalFeed, book: TokenBook, position: Callable[[], int]) -> None:
        self._feed = feed
        self._book = book
        self._position = position
        self._under_way: dict[str | None, _Reading] = {}
        self._reading_all = Semaphore(1)
        self._reading_changes = Semaphore(_CHANGES_AT_ONCE)

    async def __call__(self, request: Request) -> Reply:
        principal = self._book.admitted(request.holder, Operation.VERIFY)
        after, timeout = _asked(request)
        known = await (self._everything(principal.tenant) if after is None else self._since(after, timeout, principal))
        self._require_still(principal)
        return Reply(200, known)

    async def _since(self, after: int, timeout: float, principal: Principal) -> bytes:
        until = time.monotonic() + timeout
        while self._position() == after and time.monotonic() < until:
            await asyncio.sleep(_LOOK_EVERY)
        if self._position() == after:
            self._require_contact()
            return encode(KnownVersions(after, (), ()))
        if self._position() - after > MOST_BEHIND:
            return await self._everything(principal.tenant, after)
        async with self._reading_changes:
            return await to_thread.run_sync(self._changed, after, principal.tenant)

    async def _everything(self, tenant: str | None, after: int = 0) -> bytes:
        """A reading that began before `after` may say less than whoever asks knows already: they get the next one."""
        reading = self._under_way.get(tenant)
        if reading is None or (reading.began is not None and reading.began < after):
            reading = self._under_way[tenant] = _Reading()
            reading.told = asyncio.ensure_future(self._read_all(tenant, reading))
            reading.told.add_done_callback(lambda _: self._forget(tenant, reading))
        assert reading.told is not None  # noqa: S101
        return await asyncio.shield(reading.told)

    def _forget(self, tenant: str | None, reading: _Reading) -> None:
        """Another may have begun since."""
        if self._under_way.get(tenant) is reading:
            del self._under_way[tenant]

    async def _read_all(self, tenant: str | None, reading: _Reading) -> bytes:
        async with self._reading_all:
            reading.began = self._position()
            return await to_thread.run_sync(lambda: _all_of(self._feed.credentials_in_parts(tenant)))

    def _changed(self, after: int, tenant: str | None) -> bytes:
        found = self._feed.credential_changes(after, 0.0, tenant)
        return encode(KnownVersions(found.position, found.key_ids, _plain(found)))

    def _require_contact(self) -> None:
        if self._book.silent:
            raise Unreachable("this server has no contact with its database", "ask another server, or again shortly")

    def _require_still(self, principal: Principal) -> None:
        """The token may have been revoked while its question waited."""
        if not self._book.holds(principal):
            raise stranger()


def _asked(request: Request) -> tuple[int | None, float]:
    query = dict(parse_qsl(request.query.decode("latin-1")))
    after, timeout = query.get("after"), query.get("timeout", "0")
    try:
        return (None if after is None else int(after[:18])), min(max(float(timeout), 0.0), _LONGEST_WAIT)
    except ValueError:
        raise Invalid("after is a position and timeout a number of seconds", "as in ?after=17&timeout=5") from None


def _all_of(parts: Iterable[CredentialChanges]) -> bytes:
    """KnownVersions of all keys. Written part by part: in one go, JSON of many would hold up the event loop as well."""
    position, key_ids, written = 0, list[str](), list[bytes]()
    for part in parts:
        position = part.position
        key_ids += part.key_ids
        if versions := _plain(part):
            written.append(encode(versions)[1:-1])
    return b'{"position":%d,"key_ids":%s,"versions":[%s]}' % (position, encode(key_ids), b",".join(written))


def _plain(found: CredentialChanges) -> tuple[KnownVersion, ...]:
    """What others may know keys by: not the values that a digest would give away."""
    return tuple(KnownVersion(each.digest, each.key, each.version) for each in found.credentials if not each.keyed)
