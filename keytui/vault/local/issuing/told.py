"""What a key's issuer has to do before a change of the vault is true."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from keytui.domain.errors import Refused
from keytui.domain.keys import ACCEPTED, BUILTIN, VersionState
from keytui.domain.secrets import Secret
from keytui.issuers.issuer import NewVersion
from keytui.vault.local.tables import CallRow, KeyRow, VersionRow

if TYPE_CHECKING:
    from keytui.vault.local.section import Write


class Effect(StrEnum):
    """What an issuer is asked to do with one version."""

    ISSUE = "issue"
    SUSPEND = "suspend"
    RESTORE = "restore"
    REVOKE = "revoke"


LETS_NOBODY_IN: Final = frozenset({Effect.SUSPEND, Effect.REVOKE})


@dataclass(frozen=True, slots=True)
class Call:
    """Something that an issuer is to do."""

    effect: Effect
    key_id: str
    version: int
    """The version that it concerns; of one that is to be issued, that whose scopes and label it shall have."""
    rotation_id: int | None
    label: str = ""
    """Of a new version."""


class Wanted(Exception):
    """Ends the transaction of a change that the key's issuer has to make first; then the change is begun anew."""

    def __init__(self, call: Call) -> None:
        super().__init__("the key's issuer has to be asked first")
        self.call = call


@dataclass(slots=True)
class Told:
    """What issuers have done for one change so far."""

    done: set[tuple[str, int, Effect]] = field(default_factory=set)
    issued: tuple[int, NewVersion] | None = field(default=None, repr=False)
    """The number of the version that was issued, and what its issuer says of it."""
    unasked: dict[tuple[str, int], str] = field(default_factory=dict)
    """Versions that could not be named to their issuer, which so did nothing with them: why not."""
    replaced: bool = False
    """Whether the issuer has ended the old version by issuing the new one."""
    lets_nobody_in: bool = False
    """Whether that is what the change is for."""


def why_ended(told: Told, key_id: str, number: int) -> str:
    """Why a version that reached nobody is over, for the log: not more than was done."""
    unasked = told.unasked.get((key_id, number), "")
    return f"never handed over, and {unasked}" if unasked else "never handed over"


def tell_state(write: Write, version: VersionRow, state: VersionState) -> None:
    """See to it that the key's issuer lets a version in or refuses it, as it is about to stand; Wanted if it is not.

    A disabled key's versions stay refused there, whatever becomes of them here.
    """
    key = write.session.get_one(KeyRow, version.key_id)
    if state is VersionState.REVOKED:
        tell(write, key, version.number, Effect.REVOKE)
    elif state is VersionState.SUSPENDED:
        tell(write, key, version.number, Effect.SUSPEND)
    elif version.state not in ACCEPTED and key.disabled_at is None:
        if key.issuer != BUILTIN and version.delivered_at is None:
            why = f"v{version.number} of {key.name} was never let in by {key.issuer}"
            raise Refused(why, "rotate the key with --strategy immediate")
        tell(write, key, version.number, Effect.RESTORE)


def tell(write: Write, key: KeyRow, number: int, effect: Effect) -> None:
    """See to it that the key's issuer has done this. Wanted when it is yet to be asked."""
    if key.issuer == BUILTIN:
        return
    if (key.id, number, effect) not in write.told.done:
        raise Wanted(Call(effect, key.id, number, key.rotation_id))
    end_call(write, key.id, number)


def issued_elsewhere(write: Write, key: KeyRow, like: int, label: str) -> tuple[VersionRow, Secret]:
    """The version that the key's issuer has accepted, and its secret. Wanted when it is yet to be asked."""
    if write.told.issued is None:
        raise Wanted(Call(Effect.ISSUE, key.id, like, key.rotation_id, label))
    number, new = write.told.issued
    row = write.session.get_one(VersionRow, (key.id, number))
    row.state = VersionState.ACTIVE
    row.reference = new.listed.mark.reference
    end_call(write, key.id, number)
    return row, new.secret


def end_call(write: Write, key_id: str, number: int) -> None:
    """The outcome of the version's call is known."""
    row = write.session.get(CallRow, (key_id, number))
    if row is not None:
        write.session.delete(row)
