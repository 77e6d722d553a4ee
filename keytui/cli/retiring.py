"""`keytui retire` and `keytui complete`: the old version ends on a verdict, and the systems themselves are asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated

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
from keytui.domain.rotation import Rotation, RotationState
from keytui.vault.progress import ShutOut, StillAccepted
from keytui.vault.protocol import Vault

if TYPE_CHECKING:
    from keytui.domain.secrets import Secret

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
    _end_old(context, key, lambda vault, rotation: vault.retire(rotation.id, override), old=old, force=force, json=json)


def complete(
    context: typer.Context,
    key: KeyArgument,
    *,
    force: ForceOption = False,
    note: NoteOption = "",
    old: OldOption = "",
    json: JsonOption = False,
) -> None:
    """Revoke the suspended version for good.

    It needs a second SAFE verdict, over the time since it was suspended; and where the key has probes and the old
    secret is at hand, every system's word that it is refused. Targets that carry both secrets let go of the old one.
    """
    override = _override(force, note)
    _end_old(
        context, key, lambda vault, rotation: vault.complete(rotation.id, override), old=old, force=force, json=json
    )


def _end_old(
    context: typer.Context, key: str, verb: Callable[[Vault, Rotation], Rotation], *, old: str, force: bool, json: bool
) -> None:
    """End the old version one step further. The systems are asked before it is revoked, else once it is over."""
    with opened(context) as vault:
        found = vault.find(key)
        before = rotation_of(vault, found)
        asked, telling = OldSecret(vault, outside(context, vault, found), old), Telling()
        secrets = asked.secrets()
        suspended = before.state is RotationState.SUSPENDED
        _see_it_can_go(asked, before, secrets, force)
        rotation = verb(vault, before)
        if not suspended:
            _ask_after(asked, rotation, secrets)
        settle_targets(vault, asked.around, rotation, telling)
        name = reference(vault, found)
    if json:
        proofs = [proven_shape(each) for each in asked.found]
        say_json({**rotation_shape(rotation, utc_now()), "proofs": proofs, "settled": telling.shapes()})
    else:
        say(f"rotation #{rotation.id} of {rotation.key_name} is {rotation.state}; {next_step(rotation, name)}")


def _see_it_can_go(asked: OldSecret, rotation: Rotation, secrets: Mapping[int, Secret], force: bool) -> None:
    """Nothing goes a step further while a system shuts the new version out, or lets the suspended one in, unless the
    operator goes past that too.
    """
    try:
        asked.ask_new(rotation, secrets)
        if rotation.state is RotationState.SUSPENDED:
            asked.ask_old(rotation, secrets)
    except StillAccepted as error:
        if not force:
            raise StillAccepted(f"{error.message}: the rotation is not completed", error.hint) from None
        alarm(f"{error.message}; going on, as --force says")
    except ShutOut as error:
        if not force:
            raise
        alarm(f"{error.message}; going on, as --force says")


def _ask_after(asked: OldSecret, rotation: Rotation, secrets: Mapping[int, Secret]) -> None:
    try:
        asked.ask_old(rotation, secrets)
    except StillAccepted as error:
        stands = f"{error.message}; here it is over, and rotation #{rotation.id} is {rotation.state}"
        raise StillAccepted(stands, error.hint) from None


def _override(force: bool, note: str) -> str:
    """What goes past the verdict, in words. A note without --force would be lost, so it is refused."""
    if force and not note:
        raise Invalid("going past the verdict needs a reason, for the log", "say why with --note")
    if note and not force:
        raise Invalid("a note belongs to --force here", "leave it away; SAFE needs no reason")
    return note
