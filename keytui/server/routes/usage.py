"""Who uses what, what falls due, and where the vault stands."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from keytui.domain.durations import parse_duration
from keytui.domain.monitor import CallerTraffic, Monitor
from keytui.domain.ranges import range_of
from keytui.domain.usage import Caller, CallerUse, Usage
from keytui.server.asking import Asked, KeyId, Limit, Word
from keytui.server.bodies import Body
from keytui.server.route import VaultRoute
from keytui.vault.model import Due
from keytui.vault.standing import Standing

usage = APIRouter(prefix="/admin", tags=["usage"], route_class=VaultRoute)


class CallerKeys(Body):
    caller: Caller


@usage.get("/standing")
def standing(vault: Asked) -> Standing:
    """What the status line shows."""
    return vault.standing()


@usage.get("/usage")
def requests(vault: Asked, since: AwareDatetime, key_id: Word | None = None, limit: Limit = 20) -> tuple[Usage, ...]:
    """Requests of a key, or of the busiest keys, since a time or the oldest that is kept; in about sixty buckets."""
    return vault.usage(key_id, since, limit)


@usage.get("/monitor")
def monitor(
    vault: Asked,
    over: Annotated[str, Query(alias="range", max_length=32, description="A duration.", examples=["1h"])] = "1h",
    limit: Limit = 20,
    key_id: Word | None = None,
) -> Monitor:
    """Who uses what right now and over a range, of the busiest keys or of one."""
    return vault.monitor(range_of(parse_duration(over)), limit, key_id)


@usage.get("/schedule")
def schedule(vault: Asked, until: AwareDatetime) -> tuple[Due, ...]:
    """What falls due until a time, earliest first, overdue things included."""
    return vault.schedule(until)


@usage.get("/keys/{key_id}/callers")
def callers(vault: Asked, key_id: KeyId) -> tuple[CallerUse, ...]:
    """Who uses a key, latest first."""
    return vault.callers(key_id)


@usage.get("/keys/{key_id}/traffic")
def traffic(vault: Asked, key_id: KeyId) -> tuple[CallerTraffic, ...]:
    """A key's callers with their rates, the busiest first."""
    return vault.caller_traffic(key_id)


@usage.post("/callers/keys")
def caller_keys(vault: Asked, asked: CallerKeys) -> tuple[CallerTraffic, ...]:
    """Every version of every key that a caller uses."""
    return vault.caller_keys(asked.caller)
