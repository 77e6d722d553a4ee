"""Keys that should rotate by themselves, and did not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from keytui.domain.alerts import AlertKind, Severity, Signal
from keytui.domain.detectors.folding import Found, KeyName, fold


@dataclass(frozen=True, slots=True)
class SkippedRotation:
    """A key that the last run left alone, or that a target did not take, and why."""

    key: KeyName
    note: str
    rotation_id: int | None


def not_rotated(skipped: Iterable[SkippedRotation]) -> tuple[Signal, ...]:
    """Each of them, until a run has carried it on."""
    return fold(
        Found(
            one.key.environment,
            "keys that did not rotate by themselves",
            Signal(
                AlertKind.AUTO_ROTATION,
                one.key.id,
                Severity.WARNING,
                f"{one.key.name} did not rotate by itself: {one.note}",
                one.key.id,
                one.key.name,
                one.rotation_id,
            ),
        )
        for one in skipped
    )
