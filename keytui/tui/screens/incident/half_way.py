"""What an incident says of an emergency that stopped half-way: which target stands where, and the way on."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content

from keytui.domain.incidents import Incident
from keytui.domain.keys import Key, VersionState
from keytui.domain.rotation import Strategy
from keytui.domain.text import harmless
from keytui.tui.screens.wizard.target_rows import standing_row
from keytui.tui.widgets.system_rows import system_rows
from keytui.vault.going_on import BEFORE_HAND_OVER, left_to_do
from keytui.vault.model import RotationDetail
from keytui.vault.protocol import Vault
from keytui.vault.ways_on import stands_of


@dataclass(frozen=True, slots=True)
class HalfWay:
    """A key of the incident whose emergency rotation is not over."""

    key: Key
    begun: RotationDetail


def half_way(vault: Vault, incident: Incident) -> tuple[HalfWay, ...]:
    """Those of an incident's keys; none once it is closed."""
    found = []
    for one in incident.keys if incident.open else ():
        rotation = vault.open_rotation(one.id)
        if rotation is not None and rotation.plan.strategy is Strategy.EMERGENCY:
            found.append(HalfWay(vault.find(one.id), vault.rotation(rotation.id)))
    return tuple(found)


def half_way_lines(found: HalfWay, width: int) -> list[Content]:
    """How its versions and targets stand, and what `R` would do."""
    key, begun = found.key, found.begun
    old, new = begun.old, begun.new
    over = "revoked" if old.state is VersionState.REVOKED else "accepted still"
    before = begun.rotation.state in BEFORE_HAND_OVER
    of_new = "no new version is out" if new is None else f"v{new.number} is {'not ' if before else ''}handed over"
    head = f"{harmless(key.name)} stopped half-way: v{old.number} is {over}, {of_new}"
    lines = [Content.assemble(("▲ ", "$warning"), (head, "bold"))]
    if before and key.targets:
        number = 0 if new is None else new.number
        lines.append(system_rows([standing_row(one, old.number, number) for one in stands_of(key, begun)], width))
    left = left_to_do(key, begun, delivers=bool(key.targets))
    return [*lines, Content.assemble(("R  go on  ", "bold $accent"), harmless(left)), Content("")]
