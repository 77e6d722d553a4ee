"""`keytui rotate --dry-run`: what a rotation would meet, in the vault and outside of it. Nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from keytui.cli.output import say, say_json, say_json_array
from keytui.cli.shapes import rehearsal_shape
from keytui.cli.systems import rehearsed_shape, say_rehearsed
from keytui.cli.times import ago, minute
from keytui.clock import utc_now
from keytui.domain.drift import LETS_NOBODY_IN
from keytui.domain.durations import long
from keytui.domain.errors import Refused
from keytui.domain.keys import BUILTIN
from keytui.domain.rotation import Plan
from keytui.vault.model import Rehearsal
from keytui.vault.protocol import Vault

if TYPE_CHECKING:
    from keytui.vault.outside import Outside
    from keytui.vault.systems import Rehearsed


def rehearse(vault: Vault, around: Sequence[Outside], plan: Plan, json: bool, several: bool) -> None:
    """Say what rotating each of these keys would meet. Refused when one of them would be.

    A probe that cannot be asked proves nothing, and refuses nothing either.
    """
    found = [(vault.rehearse(one.key.id, plan), _outside(vault, one)) for one in around]
    shapes = [
        {**rehearsal_shape(rehearsal), "systems": [rehearsed_shape(each) for each in systems]}
        for rehearsal, systems in found
    ]
    if not json:
        for rehearsal, systems in found:
            _say(rehearsal)
            for each in systems:
                say_rehearsed(each)
    elif several:
        say_json_array(shapes)
    else:
        say_json(shapes[0])
    refused = [
        rehearsal.key.name
        for rehearsal, systems in found
        if rehearsal.problems or any(each.errors for each in systems if each.system.sort != "probe")
    ]
    if refused:
        raise Refused("this would be refused: " + ", ".join(refused), "nothing was written")


def _outside(vault: Vault, around: Outside) -> list[Rehearsed]:
    """Nothing is said of keytui itself where there is nothing else."""
    found = list(around.rehearsed(vault))
    return found if len(found) > 1 or around.key.issuer != BUILTIN else []


def _say(rehearsal: Rehearsal) -> None:
    now = utc_now()
    key, old = rehearsal.key, rehearsal.old
    say(f"{key.name} ({key.environment}): version {old.number}, last used {minute(old.last_used_at)}")
    say(f"  would be replaced by version {rehearsal.next_number}, {_overlap(rehearsal)}")
    for problem in rehearsal.problems:
        say(f"  refused: {problem}")
    for warning in rehearsal.warnings:
        say(f"  beware: {warning}")
    for use in rehearsal.callers:
        say(f"  caller: {use.caller.name}, last seen {ago(use.last_seen, now)}")


def _overlap(rehearsal: Rehearsal) -> str:
    if rehearsal.old.drift in LETS_NOBODY_IN:
        return "which alone would be accepted"
    return f"both accepted for {long(rehearsal.overlap)}"
