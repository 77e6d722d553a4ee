"""What was told of deliveries, put together: in which places a version may stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from keytui.vault.model import Delivery


def last_told(deliveries: Iterable[Delivery], fingerprint: str | None) -> Mapping[str, str]:
    """The newest word of each target on a version; a failure says of none that it is there."""
    return {one.target: one.state for one in deliveries if one.fingerprint == fingerprint or one.state == "failed"}


def may_hold(deliveries: Iterable[Delivery], fingerprint: str | None) -> frozenset[str]:
    """Where a version may stand, as far as was told: whatever was begun and did not fail."""
    return frozenset(name for name, state in last_told(deliveries, fingerprint).items() if state != "failed")
