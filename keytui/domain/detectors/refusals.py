"""Refusals: a burst from one address, and more of them after a retirement than before it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from keytui.domain.alerts import AlertKind, Severity, Signal
from keytui.domain.detectors.folding import Found, KeyName, fold
from keytui.domain.durations import short
from keytui.domain.policy import Policies
from keytui.domain.thresholds import Thresholds

_MINUTE = timedelta(minutes=1)
_NAMED = 3


@dataclass(frozen=True, slots=True)
class RefusedMinute:
    """What one address had refused with one key's secrets in one minute; an estimated share where it is not alone."""

    address: str
    key: KeyName
    minute: datetime
    refused: float


@dataclass(frozen=True, slots=True)
class Retirement:
    """A key's refusals around the retirement of a version: lately, and in the hour before it."""

    key: KeyName
    version: int
    retired_at: datetime
    span: timedelta
    """How much of the time since the retirement `refused` speaks of: an hour at the most."""
    refused: int
    refused_before: int
    rotation_id: int | None = None


def refusal_bursts(minutes: Iterable[RefusedMinute], policies: Policies) -> tuple[Signal, ...]:
    """Addresses with as many refusals within the window as make a burst: often a rotation that did not arrive.

    An address is judged in each environment by itself; secrets of no key are an environment of their own.
    """
    of_address: dict[tuple[str, str], list[RefusedMinute]] = defaultdict(list)
    for one in minutes:
        if one.refused > 0:
            of_address[one.address, one.key.environment].append(one)
    return fold(_bursts(of_address, policies))


def _bursts(of_address: dict[tuple[str, str], list[RefusedMinute]], policies: Policies) -> Iterator[Found]:
    for (address, environment), all_minutes in of_address.items():
        thresholds = policies.of(environment).alerts
        within = _worst(all_minutes, thresholds.burst_window)
        refused = round(sum(one.refused for one in within))
        if refused >= thresholds.burst_refusals:
            yield Found(
                environment, "addresses with a burst of refusals", _burst(address, environment, within, refused)
            )


def _worst(minutes: Sequence[RefusedMinute], window: timedelta) -> list[RefusedMinute]:
    """The minutes of the window with the most refusals, the newest of equals."""
    starts = sorted({one.minute for one in minutes}, reverse=True)
    windows = ([one for one in minutes if start <= one.minute < start + window] for start in starts)
    return max(windows, key=lambda within: sum(one.refused for one in within))


def _burst(address: str, environment: str, within: Sequence[RefusedMinute], refused: int) -> Signal:
    times = [one.minute for one in within]
    by_key: dict[KeyName, float] = defaultdict(float)
    for one in within:
        by_key[one.key] += one.refused
    most = sorted(by_key, key=lambda key: (-by_key[key], key.name, key.id))
    names = ", ".join(key.name or "secrets of no key" for key in most[:_NAMED])
    more = f" and {len(most) - _NAMED} more" if len(most) > _NAMED else ""
    only = most[0] if len(most) == 1 else KeyName("", "", "")
    return Signal(
        AlertKind.REFUSAL_BURST,
        f"{address} {environment}".strip(),
        Severity.CRITICAL if any(key.id for key in by_key) else Severity.WARNING,  # somebody's client fails
        f"{refused:,} refusals from {address or 'an unknown address'} in {short(max(times) - min(times) + _MINUTE)}: "
        f"{names}{more}",
        only.id,
        only.name,
        count=refused,
    )


def refusals_after_retirement(retirements: Iterable[Retirement], policies: Policies) -> tuple[Signal, ...]:
    """Keys with more refusals since a retirement than chance makes of the rate before it: somebody was cut off.

    The line is a Poisson bound: refusals come one by one, so what is usual of them varies by the root of their
    number; three roots and the threshold above it is no chance.
    """
    return fold(
        Found(one.key.environment, "retirements with refusals after them", _after(one))
        for one in retirements
        if _spiked(one, policies.of(one.key.environment).alerts)
    )


def _spiked(one: Retirement, thresholds: Thresholds) -> bool:
    usual = one.refused_before * min(one.span / timedelta(hours=1), 1.0)
    return one.refused >= usual + 3 * math.sqrt(usual) + thresholds.retirement_refusals


def _after(one: Retirement) -> Signal:
    return Signal(
        AlertKind.REFUSALS_AFTER_RETIREMENT,
        f"v{one.version} of {one.key.id}",
        Severity.CRITICAL,
        f"{one.refused:,} refusals of {one.key.name} in the last {short(one.span)}, since v{one.version} was retired; "
        f"{one.refused_before:,} in the hour before that",
        one.key.id,
        one.key.name,
        one.rotation_id,
        one.refused,
    )
