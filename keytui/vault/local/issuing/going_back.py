"""Going back to a rotation's old version ends the new one: refused where the issuer lets the old one in no more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from keytui.domain.drift import IN_WORDS, LETS_NOBODY_IN, Drift
from keytui.domain.errors import KeytuiError, NotFound, Refused
from keytui.domain.keys import ACCEPTED, BUILTIN, Key, KeyState, VersionState
from keytui.domain.rotation import Rotation, RotationState, Verb, allowed
from keytui.issuers.issuer import Issuer
from keytui.vault.local.issuing.marking import mark_of
from keytui.vault.local.mapping import key_of
from keytui.vault.local.rows import key_row, stored_rotation, version_row
from keytui.vault.local.tables import RotationRow, VersionRow

_BACK: Final = frozenset({Verb.ABANDON, Verb.ROLLBACK})
_ON: Final = (
    (Verb.REISSUE, "keytui rotate {0} --resume"),
    (Verb.RETIRE, "keytui retire {0}"),
    (Verb.COMPLETE, "keytui complete {0}"),
)


@dataclass(frozen=True, slots=True)
class WayBack:
    """A rotation that could end its new version now, with the version that would be the only one again."""

    key: Key
    rotation: Rotation
    old: VersionRow


def way_back(session: Session, row: RotationRow, now: datetime) -> WayBack | None:
    """None where nothing depends on what an issuer says: nothing issued, nothing to go back to, or nobody let in.

    A suspended version is restored first, and its issuer's word on that is heard then.
    """
    rotation, key = stored_rotation(session, row), key_of(key_row(session, row.key_id))
    old = version_row(session, row.key_id, row.old_version)
    goes_back = rotation.state is not RotationState.PLANNED and not _BACK.isdisjoint(allowed(rotation))
    asked = key.issuer != BUILTIN and key.state(now) is KeyState.ACTIVE and old.state in ACCEPTED
    return WayBack(key, rotation, old) if goes_back and asked else None


def refuse_shut_out(way: WayBack, issuer: Issuer, pepper: bytes) -> None:
    """Raise Refused where the issuer does not let the old version in, or cannot tell and the last sync found so."""
    let_in = _lets_in(way.old, issuer, pepper)
    drift = Drift(way.old.drift) if way.old.drift else None
    if let_in or (let_in is None and drift not in LETS_NOBODY_IN):
        return
    key, old, new = way.key, way.rotation.old_version, way.rotation.new_version
    by_sync = f"v{old} of {key.name} {IN_WORDS[drift]}, by the last sync of {issuer.name}" if drift else ""
    raise Refused(
        (by_sync if let_in is None else f"{issuer.name} does not accept v{old} of {key.name} any more")
        + f": going back revokes v{new}, and nobody would be let in",
        f"go on with v{new}: `{_way_on(way.rotation).format(key.id)}`; or have {issuer.name} accept v{old} again;"
        f" `keytui revoke {key.id}` ends the whole key",
    )


def _way_on(rotation: Rotation) -> str:
    verbs = allowed(rotation)
    return next((command for verb, command in _ON if verb in verbs), "keytui show {0}")


def _lets_in(old: VersionRow, issuer: Issuer, pepper: bytes) -> bool | None:
    """None where the issuer cannot tell, or cannot be asked just now."""
    try:
        mark = mark_of(old, issuer, pepper) if issuer.abilities.lists else None
        listed = None if mark is None else issuer.look_up(mark)
    except NotFound:
        return False
    except KeytuiError:
        return None
    if mark is None:
        return None
    return listed is not None and listed.state is VersionState.ACTIVE
