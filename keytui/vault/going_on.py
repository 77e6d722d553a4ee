"""An emergency that stopped half-way: whether it goes on with what was begun, and what is left to do."""

from __future__ import annotations

from typing import Final

from keytui.domain.errors import Refused
from keytui.domain.keys import Key, VersionState
from keytui.domain.rotation import First, Rotation, RotationState, Strategy, Verb, allowed
from keytui.vault.model import RotationDetail
from keytui.vault.progress import Holds
from keytui.vault.ways_on import stands_of

AFTER_HAND_OVER: Final = frozenset({RotationState.DELIVERED, RotationState.PROVING})
BEFORE_HAND_OVER: Final = frozenset({RotationState.PLANNED, RotationState.REVOKED, RotationState.ISSUED})


def goes_on(rotation: Rotation, first: First) -> bool:
    """Whether it is an emergency that was begun, or leaves no old version to end."""
    if rotation.state not in BEFORE_HAND_OVER:
        return rotation.state in AFTER_HAND_OVER and rotation.plan.strategy is Strategy.EMERGENCY
    return rotation.plan.first is first or Verb.ABANDON not in allowed(rotation)


def only_goes_on(detail: RotationDetail) -> bool:
    """Whether the old version is over, and whatever is said to come first goes on with the same rotation."""
    over = detail.old.state is VersionState.REVOKED
    return over and all(goes_on(detail.rotation, first) for first in First)


def leaked_again(rotation: Rotation, *, again: bool) -> bool:
    """Whether it is ended and another begun, because the new secret of it is said to have leaked too."""
    return again and rotation.state is RotationState.PROVING


def refuse_again(key: Key, rotation: Rotation | None) -> None:
    """Raise Refused where one that is not `proving` would go on, with the very version that is said to have leaked."""
    if rotation is None or rotation.state is RotationState.PROVING or not any(goes_on(rotation, one) for one in First):
        return
    new, command = f"v{rotation.new_version}", f"`keytui incident {key.id} --first revoke"
    if rotation.state is RotationState.DELIVERED:
        way_out = f"{command}` ends v{rotation.old_version}, and after that --again ends {new}"
    elif rotation.state is RotationState.ISSUED:
        way_out = f"{command} --no-deliver` ends {new}, and hands you another"
    else:
        way_out = "there is no new secret yet that could have leaked: leave --again away"
    raise Refused(
        f"rotation #{rotation.id} is {rotation.state}: --again ends one that is proving, and this one would go on",
        way_out,
    )


def new_stays_accepted(key: Key, rotation: Rotation) -> str:
    """What going on with one in `proving` leaves as it is, and what to do where it is that which leaked."""
    return f"v{rotation.new_version} stays accepted; if that leaked too: `keytui incident {key.id} --again`"


def left_to_do(key: Key, detail: RotationDetail, *, delivers: bool) -> str:
    """What going on does, as far as the vault was told; `delivers` says whether the key's targets are reached."""
    if detail.rotation.state in AFTER_HAND_OVER:
        return "ask the key's own systems, and complete it"
    if not delivers:
        return "issue another version, and hand that to you"
    stands = [one for one in stands_of(key, detail) if not one.skipped]
    if detail.new is None or all(one.holds is Holds.NO for one in stands):
        return f"issue another version, and deliver that to {', '.join(one.target for one in stands)}"
    left = ", ".join(one.target for one in stands if one.holds is not Holds.YES)
    return f"deliver v{detail.new.number} to {left}" if left else f"hand v{detail.new.number} over: every target has it"
