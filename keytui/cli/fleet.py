"""`keytui rotate --query` and `--marked`: many keys in waves, a canary first, and it stops where too many fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from keytui.cli.asking import confirm_unless
from keytui.cli.counting import counted
from keytui.cli.delivering import Telling, explain
from keytui.cli.exits import Exit
from keytui.cli.looking import matching, remark_no_such_values
from keytui.cli.output import alarm, remark, say, say_json_line
from keytui.cli.proving import in_words, proven_shape
from keytui.cli.session import reference
from keytui.clock import utc_now
from keytui.domain.errors import Invalid, NotFound
from keytui.domain.keys import Key
from keytui.domain.query import Sort, parse
from keytui.domain.rotation import Plan
from keytui.vault.progress import Undelivered
from keytui.vault.protocol import Vault

if TYPE_CHECKING:
    from keytui.cli.shapes import Shape
    from keytui.vault.fleet import KeyOutcome, Member
    from keytui.vault.outside import Outside

QueryOption = Annotated[
    str, typer.Option("--query", metavar="Q", help="Every key that matches, in waves: 'env:production flag:due'.")
]
MarkedOption = Annotated[
    list[str] | None, typer.Option("--marked", metavar="KEY", help="These keys, in waves; repeat it.")
]
WaveOption = Annotated[
    str, typer.Option("--wave", metavar="N", help="So many keys at a time after the canary: 5, or 10%.")
]
BudgetOption = Annotated[
    int, typer.Option("--failure-budget", min=0, metavar="N", help="So many may fail; one more stops it.")
]


@dataclass(frozen=True, slots=True)
class Waves:
    """What was said of a fleet."""

    query: str
    marked: tuple[str, ...]
    size: str
    budget: int
    yes: bool
    json: bool

    @property
    def wanted(self) -> bool:
        """Whether it is about several keys at all."""
        return bool(self.query or self.marked)

    def keys(self, vault: Vault) -> list[Key]:
        """Those that were named or match, each once. Invalid for both, NotFound for none."""
        if self.query and self.marked:
            raise Invalid("a fleet is a query or marked keys, not both", "leave --query or --marked away")
        if self.marked:
            return list({key.id: key for key in map(vault.find, self.marked)}.values())
        query = parse(self.query)
        found = [summary.key for summary in matching(vault, query, Sort())]
        remark_no_such_values(vault, query, len(found))
        if not found:
            raise NotFound(f"nothing matches {self.query!r}", "`keytui list` takes the same query")
        return found


def rotate_fleet(vault: Vault, plan: Plan, waves: Waves, around: Callable[[Key], Outside]) -> None:
    """Say which keys, ask, and rotate them wave by wave. Exit code 7 when some are not, 1 when none is."""
    from keytui.vault.fleet import Fleet, in_waves, wave_size

    tellings: dict[str, Telling] = {}
    fleet = Fleet(vault, plan, utc_now, lambda key, told: tellings.setdefault(key.id, Telling(key.name))(told))
    members = fleet.muster(waves.keys(vault), around)
    chosen = sum(not member.why_not for member in members)
    parts = in_waves(members, wave_size(waves.size, chosen))
    _list(members, parts)
    if not chosen:
        raise NotFound("none of these keys can be rotated from here", "see why beside each")
    _ask(waves, chosen)
    left_out = [member for member in members if member.why_not]
    if waves.json:
        for member in left_out:
            say_json_line(_left_out_shape(member))
    ended = []
    for outcome in fleet.run(parts, waves.budget):
        ended.append(outcome)
        _say(vault, outcome, json=waves.json)
    _sum_up(ended, len(left_out))


def _list(members: Sequence[Member], parts: Sequence[Sequence[Member]]) -> None:
    """By name, before anything is done."""
    for number, wave in enumerate(parts):
        names = ", ".join(f"{one.key.name} ({one.key.environment})" for one in wave)
        remark(f"{_called(number)}: {names}")
    for member in members:
        if member.why_not:
            remark(f"left out: {member.key.name} ({member.key.environment}): {member.why_not}")


def _ask(waves: Waves, chosen: int) -> None:
    question = "Each gets a new secret, delivered to its targets; the old one stays accepted."
    confirm_unless(waves.yes, f"{counted(chosen, 'key')} would be rotated", question, str(chosen))


def _say(vault: Vault, outcome: KeyOutcome, *, json: bool) -> None:
    key, rotation = outcome.key, outcome.rotation
    for each in outcome.proofs:
        (remark if each.holds else alarm)(in_words(each, key.name))
    if outcome.error is not None:
        if isinstance(outcome.error, Undelivered) and rotation is not None:
            explain(vault, key, reference(vault, key), rotation, outcome.error)
        remark(f"{key.name} ({key.environment}): {outcome.error.message}")
        if outcome.error.hint:
            remark(f"  {outcome.error.hint}")
    if json:
        say_json_line(_shape(outcome))
    else:
        at = "" if rotation is None else f", rotation #{rotation.id} is {rotation.state}"
        say(f"{_called(outcome.wave)}: {key.name} ({key.environment}) {outcome.ended}{at}")


def _sum_up(ended: Sequence[KeyOutcome], left_out: int) -> None:
    from keytui.vault.fleet import Ended

    failed = sum(outcome.failed for outcome in ended)
    untried = sum(outcome.ended is Ended.NOT_TRIED for outcome in ended)
    done, without = len(ended) - failed - untried, f"; {left_out} left out" if left_out else ""
    if failed:
        remark(f"{done} of {len(ended)} are handed over, {failed} failed, {untried} not tried{without}")
        remark("  the same command again goes on: what was handed over is left as it is, what was not is resumed")
    else:
        remark(f"{done} of {done} are handed over; `keytui rotations` lists them until the old ones go{without}")
    if failed or left_out:
        raise typer.Exit(Exit.PARTLY if done else Exit.REFUSED)


def _called(wave: int) -> str:
    return f"wave {wave}" if wave else "canary"


def _shape(outcome: KeyOutcome) -> Shape:
    rotation, error = outcome.rotation, outcome.error
    return {
        "key_id": outcome.key.id,
        "key": outcome.key.name,
        "environment": outcome.key.environment,
        "wave": outcome.wave,
        "outcome": outcome.ended,
        "rotation": None if rotation is None else rotation.id,
        "state": None if rotation is None else rotation.state,
        "new_version": None if rotation is None else rotation.new_version,
        "error": None if error is None else {"message": error.message, "hint": error.hint},
        "proofs": [proven_shape(each) for each in outcome.proofs],
    }


def _left_out_shape(member: Member) -> Shape:
    """The same fields, of a key that no wave has."""
    key = member.key
    return {
        "key_id": key.id,
        "key": key.name,
        "environment": key.environment,
        "wave": None,
        "outcome": "left out",
        "rotation": None,
        "state": None,
        "new_version": None,
        "error": {"message": member.why_not, "hint": ""},
        "proofs": [],
    }
