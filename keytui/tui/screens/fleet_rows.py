"""How each key of a fleet stands, as rows: in which wave, what its targets say, and how its turn ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from textual.content import Content

from keytui.domain.keys import Key
from keytui.tui.screens.wizard.probing import Asked, probe_row
from keytui.tui.screens.wizard.target_rows import told_row
from keytui.tui.widgets.system_rows import Mark, SystemRow
from keytui.vault.fleet import Ended, KeyOutcome, Member
from keytui.vault.progress import Told

_MARKS: Final = {
    Ended.ROTATED: Mark.OK,
    Ended.RESUMED: Mark.OK,
    Ended.DONE: Mark.OK,
    Ended.FAILED: Mark.FAILED,
    Ended.UNPROVEN: Mark.FAILED,
    Ended.NOT_TRIED: Mark.NOT_ASKED,
}


class FleetRows:
    """The keys in the order in which they were marked. It draws nothing itself."""

    def __init__(self, keys: Sequence[Key]) -> None:
        self._keys = tuple(keys)
        self._waits = {key.id: ("", Mark.ASKING, "looking at it …") for key in keys}
        self._told: dict[str, dict[str, Told]] = {}
        self._ended: dict[str, KeyOutcome] = {}

    def muster(self, members: Iterable[Member], waves: Sequence[Sequence[Member]]) -> None:
        """What is known before it begins."""
        turns = {member.key.id: _called(number) for number, wave in enumerate(waves) for member in wave}
        for member in members:
            name = turns.get(member.key.id, "")
            waits = (name, Mark.WAITING, f"{name}, waits")
            self._waits[member.key.id] = waits if name else ("", Mark.NOT_ASKED, f"left out: {member.why_not}")

    def take(self, key: Key, told: Told) -> None:
        """One thing more at one of a key's targets."""
        self._ended.pop(key.id, None)
        self._told.setdefault(key.id, {})[told.target] = told

    def end(self, outcome: KeyOutcome) -> None:
        """A key's turn is over."""
        self._ended[outcome.key.id] = outcome

    def rows(self, now: datetime) -> list[SystemRow]:
        """A row for each key."""
        return [self._row(key, now) for key in self._keys]

    def summary(self) -> Content:
        """How many ended how."""
        ended = tuple(self._ended.values())
        counted = {each: sum(one.ended is each for one in ended) for each in Ended}
        words = ", ".join(f"{count} {each}" for each, count in counted.items() if count) or "nothing was done"
        left = len([key for key in self._keys if self._waits[key.id][0]]) - len(ended) + counted[Ended.NOT_TRIED]
        well = not any(one.failed for one in ended) and not left
        mark, style = ("✓", "$success") if well else ("▲", "$warning")
        more = "   2 lists them until the old ones go" if well else "   R goes on with what is left"
        return Content.assemble((f"{mark} ", style), words, (more, "$quiet"))

    def _row(self, key: Key, now: datetime) -> SystemRow:
        name = f"{key.name} ({key.environment})"
        outcome, told = self._ended.get(key.id), self._told.get(key.id, {})
        if outcome is None and not told:
            _, mark, words = self._waits[key.id]
            return SystemRow(name, mark, words)
        remarks = tuple(_remark(told_row(each, now)) for each in told.values())
        if outcome is None:
            return SystemRow(name, Mark.ASKING, f"{self._waits[key.id][0]}, under way", remarks)
        return _ended_row(name, outcome, remarks)


def _ended_row(name: str, outcome: KeyOutcome, remarks: tuple[tuple[Mark, str], ...]) -> SystemRow:
    rotation, error = outcome.rotation, outcome.error
    at = f": rotation #{rotation.id} is {rotation.state.replace('_', ' ')}" if rotation is not None else ""
    proofs = tuple(_remark(probe_row(Asked(each.probe, each.version, each), old=False)) for each in outcome.proofs)
    why = f": {error.message}" if error is not None else at
    ways_on = (error.hint,) if error is not None and error.hint else ()
    return SystemRow(
        name, _MARKS[outcome.ended], f"{_called(outcome.wave)}, {outcome.ended}{why}", (*remarks, *proofs), ways_on
    )


def _remark(row: SystemRow) -> tuple[Mark, str]:
    return row.mark, f"{row.name}: {row.words}"


def _called(wave: int) -> str:
    return f"wave {wave}" if wave else "canary"
