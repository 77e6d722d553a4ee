"""Open rotations: how they stand, whether the old version can go, and the verbs that end them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final

import typer

from keytui.cli.asking import confirm_unless
from keytui.cli.delivering import outside
from keytui.cli.options import MOST_ROWS, JsonOption, KeyArgument, NoteOption, YesOption
from keytui.cli.output import remark, say, say_json, say_json_array, say_table
from keytui.cli.session import opened, reference, rotation_of
from keytui.cli.shapes import assessment_shape, rotation_shape
from keytui.cli.targets import put_back_targets
from keytui.cli.times import ahead
from keytui.cli.verdicts import BY_VERDICT, reasons
from keytui.clock import utc_now
from keytui.domain.rotation import Rotation, RotationState, Verb, allowed, move
from keytui.vault.model import RotationDetail
from keytui.vault.protocol import Vault


def rotations(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, metavar="N", help="At most so many.")] = 100,
    json: JsonOption = False,
) -> None:
    """List the open rotations, newest first."""
    with opened(context) as vault:
        found = [vault.rotation(one.id) for one in vault.rotations(not everything, 0, limit)]
    now = utc_now()
    if json:
        say_json_array({**rotation_shape(one.rotation, now), "verdict": _verdict(one)} for one in found)
        return
    say_table(
        ("ID", "KEY", "ENV", "STRATEGY", "STATE", "VERSIONS", "OVERLAP ENDS", "VERDICT", "HELD BY", "NOTE"),
        [_row(one, now) for one in found],
        "KEY",
        ("NOTE", "STRATEGY", "HELD BY", "ENV", "VERSIONS"),
    )
    if not found:
        remark("no rotation is open")


def verdict(context: typer.Context, key: KeyArgument, json: JsonOption = False) -> None:
    """Say whether the old version can go, and why.

    Exit code 0 for SAFE, 3 for NOT_SAFE, 4 for UNKNOWN.
    """
    with opened(context) as vault:
        assessment = vault.verdict(rotation_of(vault, vault.find(key)).id)
    if json:
        say_json(assessment_shape(assessment))
    else:
        say(f"{assessment.verdict.replace('_', ' ')} to {assessment.question} the old version")
        for line in reasons(assessment):
            say(line)
        if assessment.assumption:
            say(f"  {assessment.assumption}")
    raise typer.Exit(BY_VERDICT[assessment.verdict])


def restore(context: typer.Context, key: KeyArgument, json: JsonOption = False) -> None:
    """Accept a suspended version again."""
    _carry_out(context, key, json, lambda vault, rotation: vault.restore(rotation.id))


def rollback(
    context: typer.Context,
    key: KeyArgument,
    note: NoteOption = "",
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Revoke the new version and go on with the old one.

    Where somebody uses the new version they are named, and it asks.
    """

    def go_back(vault: Vault, rotation: Rotation) -> Rotation:
        _confirm_cut(vault, rotation, yes)
        move(rotation, Verb.ROLLBACK)
        put_back_targets(vault, outside(context, vault, vault.find(rotation.key_id)), rotation, yes)
        return vault.rollback(rotation.id, note)

    _carry_out(context, key, json, go_back)


def abandon(
    context: typer.Context,
    key: KeyArgument,
    note: NoteOption = "",
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Give a rotation up before its secret was handed over."""

    def give_up(vault: Vault, rotation: Rotation) -> Rotation:
        move(rotation, Verb.ABANDON)
        put_back_targets(vault, outside(context, vault, vault.find(rotation.key_id)), rotation, yes)
        return vault.abandon(rotation.id, note)

    _carry_out(context, key, json, give_up)


def versions(rotation: Rotation) -> str:
    """`v1 > v2`."""
    return f"v{rotation.old_version} > " + ("-" if rotation.new_version is None else f"v{rotation.new_version}")


def next_step(rotation: Rotation, key: str) -> str:
    """What to do now, as the commands that do it; `key` is the key's `reference`."""
    if rotation.state is RotationState.PROVING:
        return f"next: `keytui complete {key}` asks the systems again, and completes it once they refuse the old secret"
    verbs = allowed(rotation)
    for verb, command in _COMMANDS:
        if verb in verbs:
            return f"next: {command.format(key)}"
    return "nothing is left to do"


_COMMANDS: Final = (
    (Verb.ISSUE, "`keytui rotate {0} --resume`"),
    (Verb.REISSUE, "`keytui rotate {0} --resume`"),
    (Verb.RETIRE, "`keytui verdict {0}`, and `keytui retire {0}` once it is SAFE"),
    (Verb.COMPLETE, "`keytui verdict {0}`, and `keytui complete {0}` once it is SAFE"),
)


def _carry_out(context: typer.Context, key: str, json: bool, verb: Callable[[Vault, Rotation], Rotation]) -> None:
    with opened(context) as vault:
        found = vault.find(key)
        rotation = verb(vault, rotation_of(vault, found))
        name = reference(vault, found)
    if json:
        say_json(rotation_shape(rotation, utc_now()))
    else:
        say(f"rotation #{rotation.id} of {rotation.key_name} is {rotation.state}; {next_step(rotation, name)}")


def _confirm_cut(vault: Vault, rotation: Rotation, yes: bool) -> None:
    """Whoever has moved is refused as soon as the new version is revoked."""
    moved = [use.caller.name for use in vault.callers(rotation.key_id) if use.version == rotation.new_version]
    if moved:
        used = f"v{rotation.new_version} is used by {', '.join(moved)}"
        confirm_unless(yes, used, f"{used}, and will be refused at once.", rotation.key_name)


def _verdict(detail: RotationDetail) -> str | None:
    return None if detail.assessment is None else detail.assessment.verdict


def _row(detail: RotationDetail, now: datetime) -> tuple[str, ...]:
    rotation = detail.rotation
    overlaps = rotation.state in {RotationState.OVERLAPPING, RotationState.DELIVERED}
    end = rotation.overlap_ends_at if overlaps else None
    ends = "-" if end is None else ahead(end, now)
    return (
        f"#{rotation.id}",
        rotation.key_name,
        rotation.environment,
        rotation.plan.strategy,
        rotation.state,
        versions(rotation),
        f"overdue, {ends}" if rotation.overdue(now) else ends,
        (_verdict(detail) or "-").replace("_", " "),
        rotation.holder,
        rotation.note or "-",
    )
