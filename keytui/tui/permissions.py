"""Which operation each action of the console is: what cannot be done is shown disabled, and pressing it says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from keytui.domain.access import ALLOWED, Operation, Role, why_not

OPERATIONS: Final[Mapping[str, Operation]] = {
    "create": Operation.CREATE,
    "import": Operation.IMPORT,
    "edit": Operation.EDIT,
    "disable": Operation.DISABLE,
    "revoke": Operation.REVOKE,
    "reveal": Operation.REVEAL,
    "rotate": Operation.ROTATE,
    "issue": Operation.ROTATE,
    "prove": Operation.ROTATE,
    "have_it": Operation.ROTATE,
    "reissue": Operation.ROTATE,
    "deliver": Operation.ROTATE,
    "resume": Operation.ROTATE,
    "skip": Operation.ROTATE,
    "abandon": Operation.ROTATE,
    "waive": Operation.ROTATE,
    "note": Operation.ROTATE,
    "take_over": Operation.ROTATE,
    "retire": Operation.ROTATE,
    "restore": Operation.ROTATE,
    "complete": Operation.ROTATE,
    "roll_back": Operation.ROTATE,
    "approve": Operation.APPROVE,
    "deny": Operation.APPROVE,
    "acknowledge": Operation.ACKNOWLEDGE,
    "incident": Operation.RESPOND,
    "respond": Operation.RESPOND,
    "note_incident": Operation.RESPOND,
    "close_incident": Operation.RESPOND,
}
"""By the action's name. An action that is not here changes nothing; the vault itself refuses what slips through."""

_VERBS: Final = {"incident": "begin an incident", "have_it": "say that you have it"}
"""What an action does, where its name is no verb."""


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why an action cannot be done now, and the way out."""

    reason: str
    way_out: str


@runtime_checkable
class Explaining(Protocol):
    """What knows of its own actions why they cannot be done: a screen, or a step of a wizard."""

    def why_not(self, action: str) -> WhyNot | None:
        """Why; None when it can be done."""
        ...


def why_read_only(action: str, profile: str) -> WhyNot | None:
    """Why a profile that is read-only lets an action do nothing; None when the action changes nothing."""
    if action not in OPERATIONS:
        return None
    verb = _VERBS.get(action, action.replace("_", " "))
    return WhyNot(f"{profile} is read-only: no way to {verb}", ":write arms it for 15 minutes")


def why_waiting(action: str) -> WhyNot | None:
    """Why nothing changes a vault that came from a backup or is an older copy; None when the action changes nothing."""
    if action not in OPERATIONS and action != "write":
        return None
    return WhyNot(
        "this vault came from a backup, or is an older copy, and takes no change yet",
        "decide on its host what may live again: keytui backup reconcile",
    )


def why_forbidden(action: str, role: Role | None) -> str:
    """Why a role may not do what an action does; "" when it may, or when nobody knows the role yet."""
    operation = OPERATIONS.get(action)
    if operation is None or role is None or operation in ALLOWED[role]:
        return ""
    return why_not(role, operation)
