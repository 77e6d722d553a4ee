"""What was told of deliveries, put together: in which places a version may stand, and where one is on its way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from keytui.vault.model import Delivery

LONGEST_DELIVERY: Final = timedelta(minutes=5)
"""Longer than any target may take. Whoever was not heard of since has died, or has given up."""
ARRIVED: Final = frozenset({"sent", "proven"})
"""The states of a delivery that took place."""
PUTTING_BACK: Final = "is put back"
"""The detail of what is begun where a target gets back what it held before."""
SKIPPED: Final = "skipped"
"""How the detail begins of a target that was left out, as an operator said."""
SETTLED: Final = "carries the former secret no longer"
"""The detail of a target that carried both during the overlap, after that."""
NOT_SETTLED: Final = "still carries the former secret"
"""How the detail begins of one that did not do so."""


def last_told(deliveries: Iterable[Delivery], known_as: str | None) -> Mapping[str, str]:
    """The newest word of each target on a version, by `Version.known_as`; a failure says of none that it is there."""
    return {one.target: one.state for one in deliveries if one.fingerprint == known_as or one.state == "failed"}


def may_hold(deliveries: Iterable[Delivery], known_as: str | None) -> frozenset[str]:
    """Where a version may stand, as far as was told: whatever was begun and did not fail."""
    return frozenset(name for name, state in last_told(deliveries, known_as).items() if state != "failed")


def is_beginning(delivery: Delivery) -> bool:
    """Whether it says that somebody goes to a target, and not how that ended."""
    return delivery.state == "begun" and delivery.detail in {"", PUTTING_BACK}


def under_way(deliveries: Iterable[Delivery]) -> tuple[Delivery, ...]:
    """What was begun and has had no end yet: what is read there may be something else a moment later."""
    newest = {one.target: one for one in deliveries}
    return tuple(filter(is_beginning, newest.values()))


def skipped(deliveries: Iterable[Delivery]) -> frozenset[str]:
    """The targets that were left out and not tried since, whatever version it was about."""
    newest = {one.target: one for one in deliveries}
    return frozenset(name for name, one in newest.items() if one.detail.startswith(SKIPPED))


def tells_of_the_end(delivery: Delivery) -> bool:
    """Whether it says what became of the former secret once the rotation was over."""
    return delivery.detail == SETTLED or delivery.detail.startswith(NOT_SETTLED)
