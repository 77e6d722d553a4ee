"""The rotation state machine: which verb may follow which state on each path, and what it does to the two versions.

A rotation is the persisted, resumable replacement of one version by the next. Everything here is a table and
pure functions over it; a vault applies the effects in one transaction with the audit entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from keytui.domain.errors import Invalid, Refused
from keytui.domain.keys import VersionState


class Strategy(StrEnum):
    """How the old version gives way."""

    ROLLING = "rolling"
    IMMEDIATE = "immediate"
    EMERGENCY = "emergency"


class First(StrEnum):
    """What an emergency does first; the operator is asked."""

    REVOKE = "revoke"
    REPLACE = "replace"


class Reason(StrEnum):
    """Why a version is replaced or revoked."""

    COMPROMISE = "compromise"
    LEAVER = "leaver"
    SCHEDULED = "scheduled"
    PROMOTION = "promotion"
    SCOPE_REDUCTION = "scope-reduction"
    EXPIRY = "expiry"
    OTHER = "other"


class RotationState(StrEnum):
    """Where a rotation stands. `overdue` is an alarm and not a state: see `Rotation.overdue`."""

    PLANNED = "planned"
    REVOKED = "revoked"
    ISSUED = "issued"
    DELIVERED = "delivered"
    OVERLAPPING = "overlapping"
    SUSPENDED = "suspended"
    PROVING = "proving"
    """The new secret is handed over and the old version revoked; the systems are still to say that they refuse that."""
    COMPLETED = "completed"
    ROLLED_BACK = "rolled_back"
    ABANDONED = "abandoned"


CLOSED: Final = frozenset({RotationState.COMPLETED, RotationState.ROLLED_BACK, RotationState.ABANDONED})
OLD_REFUSED: Final = frozenset({RotationState.SUSPENDED, RotationState.PROVING})
"""The states after a hand-over in which the old version must be refused everywhere."""


class Verb(StrEnum):
    """What may be done to a rotation."""

    REVOKE_OLD = "revoke-old"
    ISSUE = "issue"
    REISSUE = "reissue"
    """Revoke the version that was never delivered and issue another: the only way on when the secret was lost."""
    DELIVER = "deliver"
    RETIRE = "retire"
    RESTORE = "restore"
    COMPLETE = "complete"
    ROLLBACK = "rollback"
    ABANDON = "abandon"


@dataclass(frozen=True, slots=True)
class Plan:
    """What an operator asks of a rotation. `first` belongs to an emergency; None for `overlap` takes the policy's."""

    strategy: Strategy = Strategy.ROLLING
    first: First | None = None
    reason: Reason = Reason.SCHEDULED
    reason_text: str = ""
    overlap: timedelta | None = None
    label: str = ""

    def __post_init__(self) -> None:
        if (self.strategy is Strategy.EMERGENCY) != (self.first is not None):
            raise Invalid(
                "an emergency rotation needs to know what comes first, and only an emergency does",
                "say whether to revoke first (nobody gets in until the new secret is out) or to replace first",
            )
        if self.reason is Reason.OTHER and not self.reason_text.strip():
            raise Invalid("the reason 'other' needs words", "say why")
        if self.overlap is not None and self.overlap <= timedelta():
            raise Invalid("an overlap is longer than nothing", "use --strategy immediate for none")

    @property
    def at_once(self) -> bool:
        """Whether the old version is over before the new secret is handed over: no verdict is left to wait for."""
        return self.strategy is Strategy.IMMEDIATE or self.first is First.REVOKE


@dataclass(frozen=True, slots=True)
class Step:
    """One move of a rotation that happened: the audit trail in small."""

    at: datetime
    actor: str
    verb: str
    state: RotationState
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Waiver:
    """One thing that speaks against SAFE, set aside by name."""

    subject: str
    """A caller's name, a gap's or a declared consumer's: `Finding.subject` of the verdict."""
    actor: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Rotation:
    """A rotation as it is stored. Versions are numbers of the key's versions."""

    id: int
    key_id: str
    key_name: str
    environment: str
    plan: Plan
    state: RotationState
    old_version: int
    new_version: int | None
    started_at: datetime
    holder: str
    note: str = ""
    delivered_at: datetime | None = None
    overlap_ends_at: datetime | None = None
    suspended_at: datetime | None = None
    closed_at: datetime | None = None
    waivers: tuple[Waiver, ...] = ()
    suspends: bool = True
    """Whether the key's issuer can refuse a version and accept it again. Without that the old one is revoked at once,
    on the verdict that would else suspend it.
    """

    @property
    def open(self) -> bool:
        """Whether anything is left to do."""
        return self.state not in CLOSED

    def overdue(self, now: datetime) -> bool:
        """Whether the overlap has ended with the old version still accepted. An alarm: nothing retires by itself."""
        return (
            self.state is RotationState.OVERLAPPING and self.overlap_ends_at is not None and now >= self.overlap_ends_at
        )


@dataclass(frozen=True, slots=True)
class Move:
    """What a verb does: the states it passes through, in order, and what becomes of the two versions."""

    states: tuple[RotationState, ...]
    old: VersionState | None = None
    new: VersionState | None = None


_S, _V = RotationState, VersionState
_ISSUE_BESIDE: Final = Move((_S.ISSUED,), old=_V.OUTGOING, new=_V.ACTIVE)
_GO_BACK: Final = Move((_S.ROLLED_BACK,), old=_V.ACTIVE, new=_V.REVOKED)
_LET_GO: Final = Move((_S.ABANDONED,), old=_V.ACTIVE, new=_V.REVOKED)
_FINISH: Final = Move((_S.COMPLETED,), old=_V.REVOKED)
_PROVE: Final = Move((_S.PROVING,), old=_V.REVOKED)
_PROVEN: Final = Move((_S.COMPLETED,))
_REISSUE: Final = Move((_S.ISSUED,), new=_V.ACTIVE)
_NOTHING_YET: Final = Move((_S.ABANDONED,))

Moves = dict[tuple[RotationState, Verb], Move]

_ROLLING: Final[Moves] = {
    (_S.PLANNED, Verb.ISSUE): _ISSUE_BESIDE,
    (_S.PLANNED, Verb.ABANDON): _NOTHING_YET,
    (_S.ISSUED, Verb.REISSUE): _REISSUE,
    (_S.ISSUED, Verb.ABANDON): _LET_GO,
    (_S.ISSUED, Verb.DELIVER): Move((_S.DELIVERED, _S.OVERLAPPING)),
    (_S.OVERLAPPING, Verb.RETIRE): Move((_S.SUSPENDED,), old=_V.SUSPENDED),
    (_S.OVERLAPPING, Verb.ROLLBACK): _GO_BACK,
    (_S.SUSPENDED, Verb.RESTORE): Move((_S.OVERLAPPING,), old=_V.OUTGOING),
    (_S.SUSPENDED, Verb.COMPLETE): _FINISH,
    (_S.SUSPENDED, Verb.ROLLBACK): _GO_BACK,
}
_WITHOUT_SUSPENSION: Final[Moves] = {
    **{(state, verb): move for (state, verb), move in _ROLLING.items() if _S.SUSPENDED not in (state, *move.states)},
    (_S.OVERLAPPING, Verb.REVOKE_OLD): _PROVE,
    (_S.OVERLAPPING, Verb.COMPLETE): _FINISH,
    (_S.PROVING, Verb.COMPLETE): _PROVEN,
}
_IMMEDIATE: Final[Moves] = {
    (_S.PLANNED, Verb.ISSUE): Move((_S.ISSUED,), old=_V.REVOKED, new=_V.ACTIVE),
    (_S.PLANNED, Verb.ABANDON): _NOTHING_YET,
    (_S.ISSUED, Verb.REISSUE): _REISSUE,
    (_S.ISSUED, Verb.DELIVER): Move((_S.DELIVERED, _S.PROVING)),
    (_S.PROVING, Verb.COMPLETE): _PROVEN,
}
_REVOKE_FIRST: Final[Moves] = {
    (_S.PLANNED, Verb.REVOKE_OLD): Move((_S.REVOKED,), old=_V.REVOKED),
    (_S.PLANNED, Verb.ABANDON): _NOTHING_YET,
    (_S.REVOKED, Verb.ISSUE): Move((_S.ISSUED,), new=_V.ACTIVE),
    (_S.ISSUED, Verb.REISSUE): _REISSUE,
    (_S.ISSUED, Verb.DELIVER): Move((_S.DELIVERED, _S.PROVING)),
    (_S.PROVING, Verb.COMPLETE): _PROVEN,
}
_REPLACE_FIRST: Final[Moves] = {
    (_S.PLANNED, Verb.ISSUE): _ISSUE_BESIDE,
    (_S.PLANNED, Verb.ABANDON): _NOTHING_YET,
    (_S.ISSUED, Verb.REISSUE): _REISSUE,
    (_S.ISSUED, Verb.ABANDON): _LET_GO,
    (_S.ISSUED, Verb.DELIVER): Move((_S.DELIVERED,)),
    (_S.DELIVERED, Verb.REVOKE_OLD): _PROVE,
    (_S.DELIVERED, Verb.COMPLETE): _FINISH,
    (_S.PROVING, Verb.COMPLETE): _PROVEN,
    (_S.DELIVERED, Verb.ROLLBACK): _GO_BACK,
}
MOVES: Final[dict[tuple[Strategy, First | None], Moves]] = {
    (Strategy.ROLLING, None): _ROLLING,
    (Strategy.IMMEDIATE, None): _IMMEDIATE,
    (Strategy.EMERGENCY, First.REVOKE): _REVOKE_FIRST,
    (Strategy.EMERGENCY, First.REPLACE): _REPLACE_FIRST,
}

_ALREADY_REVOKED: Final = "the old version is already revoked, so there is nothing to go back to"


def allowed(rotation: Rotation) -> tuple[Verb, ...]:
    """The verbs that may follow now, in the order of the enum."""
    moves = _moves(rotation)
    return tuple(verb for verb in Verb if (rotation.state, verb) in moves)


def move(rotation: Rotation, verb: Verb) -> Move:
    """What `verb` does from here; Refused says why it may not and what may."""
    found = _moves(rotation).get((rotation.state, verb))
    if found is not None:
        return found
    raise Refused(
        f"rotation #{rotation.id} of {rotation.key_name} is {rotation.state}: {_why_not(rotation, verb)}",
        _what_next(rotation),
    )


def _moves(rotation: Rotation) -> Moves:
    if rotation.plan.strategy is Strategy.ROLLING and not rotation.suspends:
        return _WITHOUT_SUSPENSION
    return MOVES[rotation.plan.strategy, rotation.plan.first]


def _why_not(rotation: Rotation, verb: Verb) -> str:
    if not rotation.open:
        return f"nothing is left to {verb}"
    if verb is Verb.RETIRE and not rotation.suspends:
        return "its issuer cannot suspend a version and accept it again"
    backward = verb in {Verb.RESTORE, Verb.ROLLBACK, Verb.ABANDON}
    if backward and rotation.state is not RotationState.PLANNED and not _keeps_old(rotation):
        return _ALREADY_REVOKED
    if verb is Verb.ABANDON:
        return "the new secret has been handed over, so abandoning would break whoever uses it"
    if verb is Verb.ROLLBACK:
        return "nothing was handed over yet: abandon it instead"
    return f"it cannot {verb} from there"


def _keeps_old(rotation: Rotation) -> bool:
    replaces_first = rotation.plan.strategy is Strategy.ROLLING or rotation.plan.first is First.REPLACE
    return replaces_first and rotation.state is not RotationState.PROVING


def _what_next(rotation: Rotation) -> str:
    verbs = allowed(rotation)
    return "what can be done now: " + ", ".join(verbs) if verbs else "start a new rotation"
