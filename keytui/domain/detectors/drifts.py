"""Versions that stand otherwise at their issuer than here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class DriftedVersion:
    """What the last sync found of one version."""

    key: KeyName
    issuer: str
    version: int
    drift: Drift


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
