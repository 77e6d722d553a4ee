"""`POST /v1/usage`: verifiers elsewhere hand over what they counted. Nothing of it is believed that cannot be."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import replace
from datetime import timedelta
from typing import Final

from anyio import to_thread

from keytui.domain.access import Operation, Principal
from keytui.domain.errors import Forbidden, Invalid
from keytui.domain.text import harmless
from keytui.domain.usage import NO_KEY, Caller, Flush, RouteUse, Use, route_of
from keytui.server.asgi import Reply, Request, body_of
from keytui.server.token_book import TokenBook
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.hosting import Hosting
from keytui.vault.verifier_feed import Registration, UsageReport
from keytui.vault.wire import decode
from keytui.verify.verifier import LONGEST_NAME

MOST_BYTES: Final = 24 * 1024 * 1024
"""A recorder hands over 50,000 lines at most."""
_MOST_COUNT: Final = 10**9
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Of a recorder and of a key: nothing else ever was in one."""
_LONGEST_ROUTE: Final = 200
_NOTHING: Final = Reply(204, b"", ())


class Reporting:
    """Usage from elsewhere, under the name of the token that brings it and of its tenant's keys alone."""

    def __init__(self, feed: LocalFeed, vault: Hosting, book: TokenBook) -> None:
        self._feed = feed
        self._vault = vault
        self._book = book

    async def __call__(self, request: Request) -> Reply:
        principal = self._book.admitted(request.holder, Operation.REPORT_USAGE)
        body = await body_of(request, MOST_BYTES)
        await to_thread.run_sync(self._take_in, body, principal)
        return _NOTHING

    def _take_in(self, body: bytes, principal: Principal) -> None:
        report, name = decode(UsageReport, body), _recorder_of(principal)
        if report.register is not None:
            began = _checked_registration(report.register)
            self._feed.register(began.recorder, name, began.host, began.pid, principal.tenant)
        if report.flush is not None:
            flush = checked_flush(report.flush)
            self._feed.record(self._of_own_keys(flush, principal), name, principal.tenant)

    def _of_own_keys(self, flush: Flush, principal: Principal) -> Flush:
        """Without the keys that are not there: an older copy of the vault may have taken its place."""
        told = ({use.key_id for use in flush.uses} | {use.key_id for use in flush.routes}) - {NO_KEY}
        tenants = self._vault.tenants_of(told)
        if principal.tenant is not None and any(tenant != principal.tenant for tenant in tenants.values()):
            raise Forbidden(
                "it reports use of a key that is not its tenant's", "report the keys of this token's tenant"
            )
        return _without(flush, told - tenants.keys())


def _recorder_of(principal: Principal) -> str:
    """By its name alone a tenant's service would take over from, or stand in for, another tenant's of that name."""
    name = principal.actor.name
    return name if principal.tenant is None else f"{principal.tenant}/{name}"


def _without(flush: Flush, unknown: Set[str]) -> Flush:
    """The uses of keys that the vault does not know are counted as lost, so that the evidence shows a gap."""
    if not unknown:
        return flush
    lost = sum(use.accepted + use.refused for use in flush.uses if use.key_id in unknown)
    return replace(
        flush,
        uses=tuple(use for use in flush.uses if use.key_id not in unknown),
        routes=tuple(use for use in flush.routes if use.key_id not in unknown),
        dropped=min(flush.dropped + lost, _MOST_COUNT),
    )


def checked_flush(flush: Flush) -> Flush:
    """A flush as one of our own recorders would hand it over. Invalid for ids, numbers and times that none has."""
    if not _ID.fullmatch(flush.recorder) or not 0 < flush.sequence <= _MOST_COUNT:
        raise Invalid("a flush has a recorder's id and a number above 0", "send what was told at the registration")
    if not 0 <= flush.dropped <= _MOST_COUNT or flush.acknowledged < 0:
        raise Invalid("a count is below 0 or beyond counting", "mend it")
    return replace(flush, uses=tuple(map(_checked_use, flush.uses)), routes=tuple(map(_checked_route, flush.routes)))


def _checked_use(use: Use) -> Use:
    _require_key_id(use.key_id)
    counts = 0 <= use.accepted <= _MOST_COUNT and 0 <= use.refused <= _MOST_COUNT and 0 <= use.version <= _MOST_COUNT
    minute = use.minute.second == use.minute.microsecond == 0
    if not counts or not minute or not _is_within(use):
        raise Invalid("a use has counts of 0 and more, and times within its minute", "mend it")
    if not timedelta() <= use.longest_gap <= use.last_at - use.first_at:
        raise Invalid("a pause is no longer than the time between a use's first and last request", "mend it")
    caller = use.caller
    address, agent = _short(caller.address), _short(caller.agent)
    name = _short(caller.name)
    return replace(
        use, caller=Caller.called(name, address, agent) if caller.declared else _undeclared(name, address, agent)
    )


def _is_within(use: Use) -> bool:
    """Whether it came in its minute or the next. Nothing is added to a time that may be the calendar's last."""
    return use.minute <= use.first_at <= use.last_at and use.last_at - use.minute < timedelta(minutes=2)


def _require_key_id(key_id: str) -> None:
    if key_id != NO_KEY and not _ID.fullmatch(key_id):
        raise Invalid("a use has the id of no key", "send the ids as GET /v1/credentials tells them")


def _undeclared(name: str, address: str, agent: str) -> Caller:
    """By what it comes from, if that is told; a recorder that could not tell callers apart names them together."""
    return Caller.undeclared(address, agent) if address or agent else Caller(name)


def _checked_route(use: RouteUse) -> RouteUse:
    _require_key_id(use.key_id)
    if not 0 <= use.accepted <= _MOST_COUNT or not 0 <= use.refused <= _MOST_COUNT:
        raise Invalid("a count is below 0 or beyond counting", "mend it")
    return replace(use, route=route_of(use.route[:_LONGEST_ROUTE]))


def _checked_registration(began: Registration) -> Registration:
    if not _ID.fullmatch(began.recorder):
        raise Invalid("a recorder's id is some random characters", "send 16 hex digits")
    return Registration(began.recorder, _short(began.host), max(0, min(began.pid, 2**31 - 1)))


def _short(text: str) -> str:
    return harmless(text[:LONGEST_NAME])
