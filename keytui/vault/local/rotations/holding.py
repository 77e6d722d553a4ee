"""What a key's targets were given: a version that one of them may hold still is not refused behind its back."""

from __future__ import annotations

from keytui.domain.errors import Refused
from keytui.domain.rotation import Verb, allowed
from keytui.vault.deliveries import ARRIVED, last_told, may_hold
from keytui.vault.local.mapping import key_of, version_of
from keytui.vault.local.rotations.moves import Subject, deliveries_of
from keytui.vault.local.rows import version_row
from keytui.vault.local.tables import VersionRow


def refuse_held(subject: Subject, way_out: str) -> None:
    """Refused while a target of the key may hold the new version: whoever reads it there would be cut off."""
    number, key = subject.row.new_version, key_of(subject.key)
    if number is None or not key.targets:
        return
    holding = may_hold(deliveries_of(subject), version_of(version_row(subject.session, key.id, number)).known_as)
    names = [name for name in key.targets if name in holding]
    if names:
        raise Refused(f"{', '.join(names)} may hold v{number} of {key.name}, which would be refused", way_out)


def refuse_put_back(subject: Subject) -> None:
    """The old version is not ended where a target was given it again, whatever the callers have shown so far."""
    number, key = subject.row.new_version, key_of(subject.key)
    if number is None or not key.targets:
        return
    new = version_of(version_row(subject.session, key.id, number)).known_as
    told = deliveries_of(subject)
    had = {one.target for one in told if one.state in {"sent", "proven"} and one.fingerprint == new}
    newest = last_told(told, new)
    names = [name for name in key.targets if name in had and newest[name] not in {"sent", "proven"}]
    if names:
        raise Refused(
            f"{', '.join(names)} may hold v{subject.row.old_version} of {key.name} again",
            f"`keytui rollback {key.id}` ends what was begun there; or say with an override that it holds v{number}",
        )


def refuse_arrived(subject: Subject, new: VersionRow) -> None:
    """A version that somebody uses, or a target holds, did arrive. Where the old one works, nobody need be cut off.

    Where that is revoked, and a target has not got the new one, another has to be issued once its secret is lost.
    """
    resumed = f"go on with it: `keytui rotate {subject.key.id} --resume` on the machine that has the targets"
    if Verb.ABANDON not in allowed(subject.rotation):
        if _has_arrived(subject, new):
            refuse_held(subject, resumed)
        return
    if new.last_used_at is not None:
        raise Refused(
            f"v{new.number} of {subject.key.name} was used at {new.last_used_at:%Y-%m-%d %H:%MZ}: its secret did"
            " arrive, and issuing another would cut off who has it",
            "paste it back in the console to go on with it, or abandon the rotation and begin again",
        )
    refuse_held(subject, f"{resumed}; or abandon it there: `keytui abandon {subject.key.id}`")


def _has_arrived(subject: Subject, new: VersionRow) -> bool:
    """Whether all of the key's targets took it: then it is handed over without its secret."""
    told = last_told(deliveries_of(subject), version_of(new).known_as)
    return all(told.get(name) in ARRIVED for name in key_of(subject.key).targets)
