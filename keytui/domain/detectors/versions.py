"""Versions: used although they should be dead, used near the end of their overlap, leaked; and who is new on a key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from keytui.domain.alerts import AlertKind, Severity, Signal
from keytui.domain.detectors.folding import Found, KeyName, fold
from keytui.domain.policy import Policies
from keytui.domain.thresholds import Thresholds


class Dead(StrEnum):
    """How a version ended."""

    SUSPENDED = "suspended"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class DeadUse:
    """Requests with a version that should let nobody in, since the last look."""

    key: KeyName
    version: int
    how: Dead
    since: datetime
    """When it was suspended or revoked."""
    last_at: datetime
    accepted: int
    refused: int
    rotation_id: int | None = None


@dataclass(frozen=True, slots=True)
class Overlap:
    """A rotation whose old version is still accepted beside the new one."""

    key: KeyName
    rotation_id: int
    old_version: int
    began_at: datetime
    ends_at: datetime
    last_used_at: datetime | None
    """Of the old version."""


@dataclass(frozen=True, slots=True)
class LeakedVersion:
    """A version that is still accepted although its secret stood where others could read it."""

    key: KeyName
    version: int


@dataclass(frozen=True, slots=True)
class CallerOfSensitive:
    """A caller of a sensitive key, over all of its versions."""

    key: KeyName
    caller: str
    first_seen: datetime
    key_first_used_at: datetime


def dead_versions_used(uses: Iterable[DeadUse], policies: Policies) -> tuple[Signal, ...]:
    """Suspended or revoked versions that somebody still sends; worse when something still lets them in."""
    return fold(
        Found(use.key.environment, "dead versions in use", _dead(use))
        for use in uses
        if use.last_at > use.since + policies.of(use.key.environment).alerts.dead_version_grace
        and use.accepted + use.refused > 0
    )


def _dead(use: DeadUse) -> Signal:
    count = use.accepted + use.refused
    requests = f"{count:,} request{'' if count == 1 else 's'}"
    answer = f"{use.accepted:,} of them accepted" if use.accepted else "all refused"
    return Signal(
        AlertKind.DEAD_VERSION_USED,
        f"v{use.version} of {use.key.id}",
        Severity.CRITICAL if use.accepted else Severity.WARNING,
        f"{requests} with {use.how} v{use.version} of {use.key.name}, {answer}, the last {_at(use.last_at)}",
        use.key.id,
        use.key.name,
        use.rotation_id,
        count,
    )


def old_versions_near_end(overlaps: Iterable[Overlap], policies: Policies, now: datetime) -> tuple[Signal, ...]:
    """Old versions still used in the last part of their overlap; and every overlap that has ended unretired.

    The end of an overlap retires nothing by itself, so somebody must be told.
    """
    return fold(one for overlap in overlaps for one in _near_end(overlap, policies, now))


def _near_end(overlap: Overlap, policies: Policies, now: datetime) -> Iterator[Found]:
    near = _near(overlap, policies.of(overlap.key.environment).alerts)
    used = overlap.last_used_at
    last = "never used" if used is None else f"last used {_at(used)}"
    if now >= overlap.ends_at:
        detail = f"the overlap ended {_at(overlap.ends_at)} and v{overlap.old_version} is still accepted, {last}"
        yield _overlap(overlap, " overdue", detail, "overlaps that have ended")
    elif now >= overlap.ends_at - near and used is not None and now - used < near:
        detail = f"v{overlap.old_version} is still in use, {last}, and its overlap ends {_at(overlap.ends_at)}"
        yield _overlap(overlap, "", detail, "old versions still used near their end")


def _at(time: datetime) -> str:
    """A time that reads the same at every look, so that an alert's words change only when something has."""
    return f"{time:%Y-%m-%d %H:%MZ}"


def _near(overlap: Overlap, thresholds: Thresholds) -> timedelta:
    return min(thresholds.near_end, (overlap.ends_at - overlap.began_at) / 4)


def _overlap(overlap: Overlap, stage: str, detail: str, many: str) -> Found:
    return Found(
        overlap.key.environment,
        many,
        Signal(
            AlertKind.OLD_VERSION_NEAR_END,
            f"rotation {overlap.rotation_id}{stage}",
            Severity.WARNING,
            f"{overlap.key.name}: {detail}",
            overlap.key.id,
            overlap.key.name,
            overlap.rotation_id,
        ),
    )


def leaks(versions: Iterable[LeakedVersion]) -> tuple[Signal, ...]:
    """Versions whose secret was read where it should not stand, for as long as they are accepted."""
    return fold(
        Found(
            one.key.environment,
            "leaked versions",
            Signal(
                AlertKind.LEAK,
                f"v{one.version} of {one.key.id}",
                Severity.CRITICAL,
                f"the secret of {one.key.name} v{one.version} has leaked and is still accepted",
                one.key.id,
                one.key.name,
            ),
        )
        for one in versions
    )


def new_callers(callers: Iterable[CallerOfSensitive], policies: Policies, now: datetime) -> tuple[Signal, ...]:
    """Callers that a sensitive key has met for the first time, though not in its first day of use."""
    return fold(
        Found(one.key.environment, "new callers of sensitive keys", _new_caller(one))
        for one in callers
        if _is_new(one, policies.of(one.key.environment).alerts, now)
    )


def _is_new(one: CallerOfSensitive, thresholds: Thresholds, now: datetime) -> bool:
    expected = one.first_seen - one.key_first_used_at < thresholds.new_caller_after
    return not expected and now - one.first_seen < thresholds.new_caller_shown


def _new_caller(one: CallerOfSensitive) -> Signal:
    return Signal(
        AlertKind.NEW_CALLER,
        f"{one.key.id} {one.caller}",
        Severity.WARNING,
        f"{one.caller} used {one.key.name}, a sensitive key, for the first time {_at(one.first_seen)}",
        one.key.id,
        one.key.name,
    )
