"""A rotation while it is watched, and what it proved: waivers, the hand-over note, the holder, the proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from keytui.cli.asking import given_secret
from keytui.cli.checking import refuse_arguments
from keytui.cli.exits import Exit
from keytui.cli.options import JsonOption, KeyArgument
from keytui.cli.output import say, say_json
from keytui.cli.session import opened, rotation_of
from keytui.cli.shapes import proof_shape, rotation_shape
from keytui.cli.times import minute
from keytui.clock import utc_now
from keytui.domain.audit import AuditFilter
from keytui.domain.errors import Forbidden, Refused
from keytui.domain.rotation import Rotation
from keytui.vault.model import Proof, Refusal

if TYPE_CHECKING:
    from keytui.vault.protocol import Vault

_MOST_ANSWERS: Final = 20


def waive(
    context: typer.Context,
    key: KeyArgument,
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="The name that `keytui verdict` gives it.")],
    *,
    why: Annotated[str, typer.Option(metavar="TEXT", help="Why it does not count.")],
    json: JsonOption = False,
) -> None:
    """Set one reason of the verdict aside, by its name."""
    with opened(context) as vault:
        rotation = rotation_of(vault, vault.find(key))
        subjects = sorted({found.subject for found in vault.verdict(rotation.id).reasons if found.subject})
        if subject not in subjects:
            known = ", ".join(repr(one) for one in subjects)
            raise Refused(f"no reason is called {subject!r}", f"those that can be waived: {known or 'none'}")
        _say(vault.waive(rotation.id, subject, why), f"{subject} is waived", json)


def note(
    context: typer.Context,
    key: KeyArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="For whoever comes next.")],
    json: JsonOption = False,
) -> None:
    """Leave a note at a key's open rotation."""
    with opened(context) as vault:
        _say(vault.leave_note(rotation_of(vault, vault.find(key)).id, text), "the note is left", json)


def take_over(context: typer.Context, key: KeyArgument, json: JsonOption = False) -> None:
    """Hold a key's open rotation from now on."""
    with opened(context) as vault:
        _say(vault.take_over(rotation_of(vault, vault.find(key)).id), "it is yours", json)


def proof(
    context: typer.Context,
    key: KeyArgument,
    old: Annotated[bool, typer.Option("--old", help="Ask with the old secret, which is on standard input.")] = False,
    json: JsonOption = False,
) -> None:
    """Say what a key's newest rotation has proven.

    Exit code 0, or 1 when the old secret is still accepted.
    """
    refuse_arguments(context)
    secret = given_secret("old secret") if old else None
    with opened(context) as vault:
        found = vault.find(key)
        rotations = vault.detail(found.id).rotations
        if not rotations:
            raise Refused(f"{found.name} was never rotated", f"`keytui rotate {found.name}` begins")
        given = vault.proof(rotations[0].id, secret)
        asked = [] if json else _asked(vault, given, found.id)
    if json:
        say_json(proof_shape(given))
    else:
        _say_proof(given)
        for line in asked:
            say(line)
    raise typer.Exit(Exit.REFUSED if given.old is Refusal.ACCEPTED else Exit.DONE)


def _asked(vault: Vault, given: Proof, key_id: str) -> list[str]:
    """What probes said of the rotation's versions, newest first, in words; nothing for whoever may not read the log."""
    try:
        entries = vault.audit(AuditFilter(type="proof.probed", key_id=key_id), 0, _MOST_ANSWERS).entries
    except Forbidden:
        return []
    return [
        f"  v{entry.event.version} at {entry.event.details['probe']}: {entry.event.details['outcome']}"
        f" ({entry.event.details['said']}), {minute(entry.at)}"
        for entry in entries
        if entry.event.rotation_id == given.rotation_id
    ]


def _say_proof(given: Proof) -> None:
    say(f"rotation #{given.rotation_id}")
    say(f"new version accepted: {minute(given.new_accepted_at, 'not yet')}")
    say(f"old version is {given.old_state}; asked with it: {given.old}")
    for acknowledgement in given.acknowledgements:
        after = acknowledgement.after
        when = "not yet" if after is None else f"after {after.total_seconds():.1f} s"
        say(f"  {acknowledgement.recorder} took it in: {when}")


def _say(rotation: Rotation, what: str, json: bool) -> None:
    if json:
        say_json(rotation_shape(rotation, utc_now()))
    else:
        say(f"rotation #{rotation.id} of {rotation.key_name}: {what}")
