"""Many signals of one kind at once are one thing to look at: an operator reads one line, not ten thousand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from keytui.domain.alerts import AlertKind, Severity, Signal

MOST_SINGLE: Final = 20
"""Signals of one kind in one environment that stand for themselves; more become one."""
_NAMED: Final = 3
_ORDER: Final = tuple(Severity)


@dataclass(frozen=True, slots=True)
class KeyName:
    """The key that a fact is about. An id of "" stands for secrets that belong to no key."""

    id: str
    name: str
    environment: str


@dataclass(frozen=True, slots=True)
class Found:
    """A signal, the environment it belongs to, and what it is one of, in the plural: `keys due for rotation`."""

    environment: str
    many: str
    signal: Signal


def fold(found: Iterable[Found]) -> tuple[Signal, ...]:
    """The signals by subject; those of an environment with more than `MOST_SINGLE` of a sort, as one."""
    groups: dict[tuple[str, str, AlertKind], list[Signal]] = defaultdict(list)
    for one in found:
        groups[one.environment, one.many, one.signal.kind].append(one.signal)
    folded = (
        signal
        for (environment, many, _), signals in groups.items()
        for signal in (signals if len(signals) <= MOST_SINGLE else [together(environment, many, signals, len(signals))])
    )
    return tuple(sorted(folded, key=lambda signal: (signal.kind, signal.subject)))


def together(environment: str, many: str, signals: Iterable[Signal], total: int) -> Signal:
    """One signal for all of an environment, `total` of them, naming the first few."""
    ordered = sorted(signals, key=lambda signal: (signal.key_name, signal.subject))
    where = f" in {environment}" if environment else ""
    names = sorted({signal.key_name or signal.subject for signal in ordered})
    named = ", ".join(names[:_NAMED])
    return Signal(
        kind=ordered[0].kind,
        subject=f"{many}{where}",
        severity=min((signal.severity for signal in ordered), key=_ORDER.index),
        detail=f"{total:,} {many}{where}, among them {named}",
        count=total,
    )
