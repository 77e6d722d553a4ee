"""`keytui systems`: what the configuration names, and whether each would do what is asked of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import typer

from keytui.cli.exits import Exit
from keytui.cli.options import JsonOption
from keytui.cli.output import say, say_json_array, say_table
from keytui.cli.session import opened
from keytui.cli.shapes import Shape
from keytui.vault.profile import configuration_path

if TYPE_CHECKING:
    from keytui.vault.systems import Rehearsed, System

systems = typer.Typer(help="Issuers, targets and probes of config.toml.", invoke_without_command=True)
_SHOWN_ERRORS = 3
"""That a line names; it counts the rest."""


@systems.callback()
def list_systems(context: typer.Context, json: JsonOption = False) -> None:
    """List the systems that config.toml names, and what each can do."""
    from keytui.vault.systems import load_systems

    if context.invoked_subcommand is not None:
        return
    found = load_systems(configuration_path()).listed
    if json:
        say_json_array(_shape(system) for system in found)
    elif not found:
        say(f"no system yet: {configuration_path()} names none, in [issuers.NAME], [targets.NAME] or [probes.NAME]")
    else:
        rows = [(system.sort, system.name, system.kind, ", ".join(system.can) or "—") for system in found]
        say_table(("SORT", "NAME", "KIND", "CAN"), rows, cut="CAN")


@systems.command()
def check(context: typer.Context, json: JsonOption = False) -> None:
    """Rehearse each issuer, each target for the keys that name it, each probe that asks with a key. Writes nothing.

    Such a probe asks with what is no key: a system that lets that in proves nothing. Exit code 7 when some would fail,
    1 when all would.
    """
    from keytui.vault.sealed_references import with_sealed
    from keytui.vault.systems import keys_of, load_systems

    with opened(context) as vault:
        known = load_systems(configuration_path(), with_sealed(vault))
        found = list(known.rehearsed(vault, keys_of(vault)))
    if json:
        say_json_array(rehearsed_shape(each) for each in found)
    for each in found if not json else ():
        say_rehearsed(each)
    if not (found or json):
        say("nothing to rehearse: config.toml names no issuer, no target and no probe that asks with a key")
    failed = sum(bool(each.errors) for each in found)
    if failed:
        raise typer.Exit(Exit.REFUSED if failed == sum(each.asked for each in found) else Exit.PARTLY)


def say_rehearsed(each: Rehearsed) -> None:
    """What one system said, with the way out of each error."""
    system = each.system
    named = f"{system.sort} {system.name}" + (f" ({system.kind})" if system.kind else "")
    if each.errors:
        say(f"✗ {named}")
    elif each.asked:
        say(f"✓ {named}: ready")
    else:
        say(f"· {named}: {each.why_not or 'no key names it, so there is nothing to rehearse'}")
    told = Counter((error.message, error.hint) for error in each.errors)
    for (message, hint), _ in told.most_common(_SHOWN_ERRORS):
        say(f"  {message}")
        if hint:
            say(f"  → {hint}")
    if len(told) > _SHOWN_ERRORS:
        say(f"  and {len(told) - _SHOWN_ERRORS} more")
    for warning in each.warnings:
        say(f"  ! {warning}")


def _shape(system: System) -> Shape:
    return {"sort": system.sort, "name": system.name, "kind": system.kind, "can": list(system.can)}


def rehearsed_shape(each: Rehearsed) -> Shape:
    """For programs."""
    state = "failing" if each.errors else "ready" if each.asked else "unused"
    errors = [{"message": error.message, "hint": error.hint} for error in each.errors]
    return {**_shape(each.system), "state": state, "warnings": list(each.warnings), "errors": errors}
