"""`keytui retire` and `keytui complete`: the old version ends on a verdict, and the systems themselves are asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer

from keytui.cli.delivering import Telling, outside
from keytui.cli.old_secret import OldOption, OldSecret
from keytui.cli.options import JsonOption, KeyArgument, NoteOption
from keytui.cli.output import alarm, say, say_json
from keytui.cli.proving import proven_shape
from keytui.cli.rotations import next_step
from keytui.cli.session import opened, reference, rotation_of
from keytui.cli.shapes import rotation_shape
from keytui.cli.targets import settle_targets
from keytui.clock import utc_now
from keytui.domain.errors import Invalid
from keytui.domain.rotation import Rotation
from keytui.vault.progress import ShutOut, StillAccepted

_Verb = Callable[[OldSecret, Rotation], Rotation]
ForceOption = Annotated[bool, typer.Option("--force", help="Go past the verdict; --note says why, for the log.")]


def retire(
    context: typer.Context,
    key: KeyArgument,
    *,
    force: ForceOption = False,
    note: NoteOption = "",
    old: OldOption = "",
    json: JsonOption = False,
) -> None:
    """Suspend the old version, if the verdict is SAFE.

    It is refused from then on; `keytui restore` takes it back. The key's own probes are asked whether that is so.
    """
    override = _override(force, note)
    _end_old(context, key, partial(_retire, override=override), old=old, force=force, json=json)


def complete(
    context: typer.Context,
    key: KeyArgument,
    *,
    force: ForceOption = False,
    note: NoteOption = "",
    old: OldOption = "",
    json: JsonOption = False,
) -> None:
    """Revoke the old version for good.

    It needs a second SAFE verdict, over the time since it was suspended; and where the key has probes and the old
    secret is at hand, every system's word that it is refused. Where the key's issuer cannot suspend, the old version is
    revoked first: the rotation stays open until the systems refuse it. Targets that carry both secrets let go of the
    old one.
    """
    override = _override(force, note)
    _end_old(context, key, partial(_complete, override=override), old=old, force=force, json=json)


def _end_old(context: typer.Context, key: str, verb: _Verb, *, old: str, force: bool, json: bool) -> None:
    """End the old version one step further, unless a system shuts the new one out."""
    with opened(context) as vault:
        found = vault.find(key)
        before = rotation_of(vault, found)
        asked, telling = OldSecret(vault, outside(context, vault, found), old), Telling()
        _see_new_let_in(asked, before, force)
        rotation = verb(asked, before)
        settle_targets(vault, asked.around, rotation, telling)
        name = reference(vault, found)
    if json:
        proofs = [proven_shape(each) for each in asked.found]
        say_json({**rotation_shape(rotation, utc_now()), "proofs": proofs, "settled": telling.shapes()})
    else:
        say(f"rotation #{rotation.id} of {rotation.key_name} is {rotation.state}; {next_step(rotation, name)}")


def _see_new_let_in(asked: OldSecret, before: Rotation, force: bool) -> None:
    try:
        asked.ask_new(before)
    except ShutOut as error:
        if not force:
            raise
        alarm(f"{error.message}; going on, as --force says")


def _retire(asked: OldSecret, before: Rotation, override: str) -> Rotation:
    """Suspend the old version, then ask the systems: what is suspended can be watched while they are seen to."""
    rotation = asked.vault.retire(before.id, override)
    try:
        asked.ask_old(rotation)
    except StillAccepted as error:
        stands = f"{error.message}; here it is over, and rotation #{rotation.id} is {rotation.state}"
        raise StillAccepted(stands, error.hint) from None
    return rotation


def _complete(asked: OldSecret, before: Rotation, override: str) -> Rotation:
    """No override goes past a system that lets the old version in: that is what completing says is over."""
    from keytui.vault.proving import complete_once_refused

    def ask_old() -> None:
        try:
            asked.ask_old(before)
        except StillAccepted as error:
            way_out = f"{error.hint}; a probe that is wrong itself is mended, or taken out, in config.toml"
            raise StillAccepted(f"{error.message}: the rotation is not completed", way_out) from None

    return complete_once_refused(asked.vault, before, override, asked.around.probes, ask_old)


def _override(force: bool, note: str) -> str:
    """What goes past the verdict, in words. A note without --force would be lost, so it is refused."""
    if force and not note:
        raise Invalid("going past the verdict needs a reason, for the log", "say why with --note")
    if note and not force:
        raise Invalid("a note belongs to --force here", "leave it away; SAFE needs no reason")
    return note
