"""Versions that stand otherwise at their issuer than here, and issuers of which nobody can tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keytui.domain.alerts import AlertKind, Severity, Signal
from keytui.domain.detectors.folding import Found, KeyName, fold
from keytui.domain.drift import IN_WORDS, Drift

_SEVERITY: Final[Mapping[Drift, Severity]] = {
    Drift.STILL_ACCEPTED: Severity.CRITICAL,
    Drift.REFUSED: Severity.WARNING,
    Drift.VANISHED: Severity.WARNING,
    Drift.APPEARED: Severity.NOTICE,
}
_MANY: Final[Mapping[Drift, str]] = {
    Drift.STILL_ACCEPTED: "versions still accepted by their issuer",
    Drift.REFUSED: "versions that their issuer refuses",
    Drift.VANISHED: "versions that their issuer does not know",
    Drift.APPEARED: "versions made elsewhere",
}
_LONG: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DriftedVersion:
    """What the last sync found of one version."""

    key: KeyName
    issuer: str
    version: int
    drift: Drift


@dataclass(frozen=True, slots=True)
class Uncompared:
    """An issuer whose last comparison failed."""

    issuer: str
    since: datetime
    """When it was compared last."""
    why: str


def uncompared(issuers: Iterable[Uncompared], now: datetime) -> tuple[Signal, ...]:
    """Those that were compared once and not for a day: what they let in by now nobody knows."""
    return fold(
        Found(
            "",
            "issuers that cannot be compared",
            Signal(
                AlertKind.DRIFT,
                f"issuer {one.issuer}",
                Severity.WARNING,
                f"issuer {one.issuer} could not be compared since {one.since:%Y-%m-%d %H:%MZ}: {one.why}",
            ),
        )
        for one in issuers
        if now - one.since >= _LONG
    )


def drifts(versions: Iterable[DriftedVersion]) -> tuple[Signal, ...]:
    """Each of them, until a sync finds it otherwise."""
    return fold(Found(one.key.environment, _MANY[one.drift], _drift(one)) for one in versions)


def _drift(one: DriftedVersion) -> Signal:
    return Signal(
        AlertKind.DRIFT,
        f"v{one.version} of {one.key.id} {one.drift}",
        _SEVERITY[one.drift],
        f"at issuer {one.issuer}: {one.key.name} v{one.version} {IN_WORDS[one.drift]}",
        one.key.id,
        one.key.name,
    )
