"""Keys that rotate by themselves: which, how often, and one run over them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

import typer

from keytui.cli.exits import Exit, Partly
from keytui.cli.options import JsonOption
from keytui.cli.output import remark, say, say_json, say_json_array, say_table
from keytui.cli.session import opened
from keytui.cli.shapes import Shape
from keytui.cli.times import ahead, iso, whole_seconds
from keytui.clock import utc_now
from keytui.domain.automation import AutoRotation, AutoRotationReport, Outcome, Selection, What
from keytui.domain.durations import parse_duration, short
from keytui.domain.errors import Invalid
from keytui.vault.protocol import Vault

_SAID: Final = {
    What.ROTATED: "the next version is delivered",
    What.RETIRED: "the old version is suspended, and watched before it is revoked",
    What.COMPLETED: "the old version is revoked",
    What.RESTORED: "the old version is accepted again",
    What.WAITING: "nothing is to be done yet",
    What.SKIPPED: "left as it is",
}
KeyOption = Annotated[str | None, typer.Argument(metavar="KEY", help="An id, a unique name or a unique prefix.")]
EnvOption = Annotated[str, typer.Option("--env", metavar="E", help="Every key of an environment.")]
AllOption = Annotated[bool, typer.Option("--all", help="Every key.")]

auto_rotation = typer.Typer(rich_markup_mode=None, invoke_without_command=True)


@auto_rotation.callback()
def status(context: typer.Context, json: JsonOption = False) -> None:
    """List the keys that rotate by themselves; or switch it on or off for some.

    A server does it by itself; for a local vault `keytui rotate --due` does, from cron or a systemd timer.
    """
    if context.invoked_subcommand is not None:
        return
    with opened(context) as vault:
        found = vault.auto_rotations()
    now = utc_now()
    if json:
        say_json_array(map(_shape, found))
        return
    say_table(
        ("KEY", "ENV", "EVERY", "KEEPS THE PREVIOUS", "NEXT", "ROTATION", "NOTE"),
        [_row(one, now) for one in found],
        "NOTE",
        ("KEEPS THE PREVIOUS", "EVERY", "ENV"),
    )
    if not found:
        remark("no key rotates by itself: `keytui auto-rotation enable KEY --every 90d` lets one that has targets")


@auto_rotation.command()
def enable(
    context: typer.Context,
    key: KeyOption = None,
    *,
    environment: EnvOption = "",
    all_: AllOption = False,
    every: Annotated[str, typer.Option("--every", metavar="D", help="How often, as 90d.")],
    keep_previous: Annotated[
        bool, typer.Option(help="Accept the two newest versions until the next run; else the old one goes once SAFE.")
    ] = True,
    json: JsonOption = False,
) -> None:
    """Let keys rotate by themselves, or change how often they do. They need targets."""
    interval = parse_duration(every)
    with opened(context) as vault:
        which = _selection(vault, key, environment, all_)
        report = vault.enable_auto_rotation(which, interval, keep_previous=keep_previous)
    now = utc_now()
    _say_report(
        report, json, [f"{one.key.name} ({one.key.environment}): next {_next(one, now)}" for one in report.keys]
    )


@auto_rotation.command()
def disable(
    context: typer.Context,
    key: KeyOption = None,
    *,
    environment: EnvOption = "",
    all_: AllOption = False,
    json: JsonOption = False,
) -> None:
    """Let keys not rotate by themselves any more. An open rotation stays open."""
    with opened(context) as vault:
        report = vault.disable_auto_rotation(_selection(vault, key, environment, all_))
    if not report.keys and not json:
        remark("none of them rotated by itself")
    lines = [
        f"{one.key.name} ({one.key.environment}) does not rotate by itself any more"
        + ("" if one.rotation_id is None else f"; rotation #{one.rotation_id} is still open")
        for one in report.keys
    ]
    _say_report(report, json, lines)


def rotate_by_itself(vault: Vault) -> Exit:
    """One run over the keys of this vault, each told in a line; the exit code comes back."""
    from keytui.vault.auto_rotation import run_due
    from keytui.vault.auto_rotation_turn import AutomaticVault
    from keytui.vault.delivery_targets import load_targets
    from keytui.vault.profile import configuration_path
    from keytui.vault.proving import asking
    from keytui.vault.sealed_references import with_sealed

    if not isinstance(vault, AutomaticVault):
        remark("what rotates by itself, the server of this profile rotates")
        return Exit.DONE
    path, resolve = configuration_path(), with_sealed(vault)
    probes = asking(path, resolve)
    report = run_due(vault, load_targets(path, resolve), utc_now, retry_at_once=True, probes=probes)
    for outcome in report.outcomes:
        if outcome.what is not What.WAITING:
            remark(_told(outcome))
    if report.held_by:
        remark(f"another run is under way: {report.held_by}")
    elif all(outcome.what is What.WAITING for outcome in report.outcomes):
        remark("no key that rotates by itself is due")
    return _code(report.outcomes)


def _told(outcome: Outcome) -> str:
    key = outcome.key
    which = "" if outcome.rotation_id is None else f", rotation #{outcome.rotation_id}"
    to = f" to {', '.join(key.targets)}" if outcome.what is What.ROTATED else ""
    return f"{key.name} ({key.environment}){which}: {outcome.note or _SAID[outcome.what] + to}"


def _code(outcomes: Sequence[Outcome]) -> Exit:
    skipped = sum(outcome.what in {What.SKIPPED, What.RESTORED} for outcome in outcomes)
    if not skipped:
        return Exit.DONE
    return Exit.REFUSED if skipped == len(outcomes) else Exit.PARTLY


def _selection(vault: Vault, key: str | None, environment: str, all_: bool) -> Selection:
    if (key is not None) + bool(environment) + all_ != 1:
        raise Invalid("which keys is not clear", "name a KEY, or --env for an environment's, or --all")
    return Selection("" if key is None else vault.find(key).id, environment)


def _say_report(report: AutoRotationReport, json: bool, lines: Sequence[str]) -> None:
    if json:
        say_json({"keys": list(map(_shape, report.keys)), "refused": [_refused(*one) for one in report.refused]})
    else:
        for line in lines:
            say(line)
    for name, why in report.refused:
        remark(f"{name}: {why}")
    if report.refused:
        raise Partly(f"{len(report.keys)} done, {len(report.refused)} refused")


def _refused(name: str, why: str) -> Shape:
    return {"key": name, "why": why}


def _next(one: AutoRotation, now: datetime) -> str:
    return "now" if one.next_at <= now else ahead(one.next_at, now)


def _row(one: AutoRotation, now: datetime) -> tuple[str, ...]:
    return (
        one.key.name,
        one.key.environment,
        short(one.interval),
        "yes" if one.keep_previous else "no",
        _next(one, now),
        "-" if one.rotation_id is None else f"#{one.rotation_id}",
        one.note or "-",
    )


def _shape(one: AutoRotation) -> Shape:
    return {
        "key_id": one.key.id,
        "key": one.key.name,
        "environment": one.key.environment,
        "targets": list(one.key.targets),
        "interval_seconds": whole_seconds(one.interval),
        "keep_previous": one.keep_previous,
        "next_at": iso(one.next_at),
        "rotation": one.rotation_id,
        "note": one.note,
    }
