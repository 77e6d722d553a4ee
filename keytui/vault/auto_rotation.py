"""Keys that are due rotate by themselves: planned, issued, delivered to their targets, and later ended by verdict.

A run may die at any point. What it began is in the vault, and the next run goes on from there: a plan has the same
request id in every try, a delivery is noted before it is tried, and the old version goes on a SAFE verdict only.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from secrets import token_hex

from keytui.clock import Clock
from keytui.domain.automation import Outcome, RunReport, TurnLost, What
from keytui.domain.errors import ReadOnly
from keytui.domain.keys import Key
from keytui.probes.key_probe import KeyProbe
from keytui.targets.target import Target
from keytui.vault.auto_rotation_step import OneKey
from keytui.vault.auto_rotation_turn import AutomaticVault, Turn


def run_due(
    vault: AutomaticVault,
    targets: Mapping[str, Target],
    clock: Clock,
    *,
    retry_at_once: bool = False,
    probes: Callable[[Key], Sequence[KeyProbe]] = lambda _key: (),
) -> RunReport:
    """Rotate what is due and carry on what was begun. Safe to call as often as one likes, and from several processes.

    A target that failed is tried again after a pause that grows, unless `retry_at_once`. ReadOnly, with nothing done,
    in a profile that is; Unreachable when the vault does not answer.
    """
    standing = vault.standing()
    if standing.read_only and standing.armed_until is None:
        raise ReadOnly("nothing rotates by itself in a profile that is read-only", "arm it first")
    if not vault.due_auto_rotations():
        return RunReport()  # mostly so: a server looks twice a minute, and writes nothing
    holder = f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"
    turn = Turn(vault.automatic(holder), targets, clock, holder, retry_at_once, probes)
    outcomes: list[Outcome] = []
    try:
        turn.keep()
        for due in turn.vault.due_auto_rotations():
            turn.keep()
            one = OneKey(turn, due)
            outcomes.append(one.tended())
            if outcomes[-1].what is What.COMPLETED:  # its next version may be due already
                outcomes.append(one.tended())
    except TurnLost as lost:
        return RunReport(tuple(outcomes), held_by=lost.holder)
    finally:
        vault.end_turn(holder)
    return RunReport(tuple(outcomes))
