"""After a target failed: how the key's targets stand, and what an operator may do about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from keytui.domain.drift import IN_WORDS, LETS_NOBODY_IN
from keytui.domain.errors import Refused
from keytui.domain.keys import Key, Version
from keytui.domain.rotation import Plan, RotationState, Verb, allowed
from keytui.vault.deliveries import ARRIVED, SKIPPED, last_told, skipped
from keytui.vault.model import Delivery, RotationDetail
from keytui.vault.progress import Choice, Holds, Stands
from keytui.vault.protocol import Vault

_NOT_OVER = frozenset({RotationState.ISSUED, RotationState.PLANNED, RotationState.REVOKED, RotationState.PROVING})
"""The states in which trying again does something: hand over, or ask the systems."""
_LAST_WAY = "it is the last way by which anybody would receive the secret"


def stands_of(key: Key, detail: RotationDetail) -> tuple[Stands, ...]:
    """What each target of the key has of the rotation's new version, in their order, as far as the vault was told."""
    if detail.new is None:
        return tuple(Stands(name, Holds.NO) for name in key.targets)
    told = last_told(detail.deliveries, detail.new.known_as)
    said = {one.target: one.detail for one in detail.deliveries}
    left_out = skipped(detail.deliveries)
    return tuple(
        Stands(name, _holds(told.get(name, "failed")), name in left_out, said.get(name, "")) for name in key.targets
    )


def ways_on(key: Key, detail: RotationDetail, target: str) -> Mapping[Choice, str]:
    """What may be done about a target that has not got the secret: "" where it may, else in words why not."""
    return {
        Choice.RETRY: _over(detail),
        Choice.SKIP: _over(detail) or _why_not_skipped(key, detail, target),
        Choice.ROLL_BACK: _why_no_way_back(detail),
        Choice.LATER: "",
    }


def refuse_skips(key: Key, old: Version, plan: Plan, targets: Collection[str]) -> None:
    """Raise Refused where leaving these targets out would do harm. Asked before a rotation is planned or issued;
    `old` is the version that it replaces.
    """
    for target in targets:
        if reason := _why_not_left_out(key, plan, target, targets) or _lets_nobody_in(old):
            raise Refused(f"{target} cannot be skipped: {reason}", "leave --skip away: nothing was issued")


def skip(vault: Vault, key: Key, rotation_id: int, target: str, now: datetime) -> None:
    """Leave a target out of the rotation, and note that. Refused, in words, where that would do harm.

    Its consumers keep the old secret: `keytui drift` names it until it has another.
    """
    detail = vault.rotation(rotation_id)
    if reason := ways_on(key, detail, target)[Choice.SKIP]:
        on = "" if _over(detail) else "try it again"
        back = "" if _why_no_way_back(detail) else "go back to the old version"
        way_out = ", or ".join(filter(None, (on, back))) or "nothing is left to be delivered"
        raise Refused(f"{target} cannot be skipped: {reason}", way_out)
    number = "" if detail.new is None else f" v{detail.new.number}"
    may_have = next(one for one in stands_of(key, detail) if one.target == target).holds is Holds.MAYBE
    said = f"{SKIPPED}:{number} may or may not have arrived" if may_have else f"{SKIPPED}: it keeps what it held"
    stands_as = detail.new.known_as if may_have and detail.new is not None else None
    vault.deliver(rotation_id, Delivery(target, "begun" if may_have else "failed", now, stands_as, said))


def _over(detail: RotationDetail) -> str:
    if detail.rotation.state in _NOT_OVER:
        return ""
    return f"rotation #{detail.rotation.id} is {detail.rotation.state}: its secret was handed over"


def _why_not_skipped(key: Key, detail: RotationDetail, target: str) -> str:
    """Harmless is what leaves a consumer with a secret that works, and somebody with the new one."""
    if target not in key.targets:
        return _no_target(key)
    if Verb.ABANDON not in allowed(detail.rotation):
        return f"v{detail.old.number} is revoked, and its consumers would be left with that"
    if reason := _lets_nobody_in(detail.old):
        return reason
    stands = {one.target: one for one in stands_of(key, detail)}
    if stands[target].holds is Holds.YES:
        return "it has the secret already"
    if not any(one.target != target and not one.skipped for one in stands.values()):
        return _LAST_WAY
    return ""


def _why_not_left_out(key: Key, plan: Plan, target: str, left_out: Collection[str]) -> str:
    """The same of a rotation that has issued nothing yet."""
    if target not in key.targets:
        return _no_target(key)
    if plan.at_once:
        return "the old version is revoked before the new one is delivered, and its consumers would be left with that"
    return _LAST_WAY if set(key.targets) <= set(left_out) else ""


def _no_target(key: Key) -> str:
    return f"{key.name} has no target of that name; it has {', '.join(key.targets) or 'none'}"


def _why_no_way_back(detail: RotationDetail) -> str:
    if reason := _lets_nobody_in(detail.old):
        return reason
    verbs = allowed(detail.rotation)
    if Verb.ABANDON in verbs or Verb.ROLLBACK in verbs:
        return ""
    return f"v{detail.old.number} is revoked already, so there is nothing to go back to"


def _lets_nobody_in(old: Version) -> str:
    """What the last sync found, where nobody is to be left with the old version."""
    if old.drift in LETS_NOBODY_IN:
        return f"v{old.number} {IN_WORDS[old.drift]}, by the last sync of its issuer"
    return ""


def _holds(state: str) -> Holds:
    if state in ARRIVED:
        return Holds.YES
    return Holds.MAYBE if state == "begun" else Holds.NO
