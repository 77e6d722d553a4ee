"""Targets as commands meet them: who delivers, what is said as it happens, and what to do where one fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final

import typer

from keytui.cli.output import remark
from keytui.cli.session import Globals
from keytui.clock import utc_now
from keytui.domain.drift import IN_WORDS, LETS_NOBODY_IN
from keytui.domain.errors import NotFound
from keytui.domain.keys import Key
from keytui.domain.rotation import Rotation
from keytui.vault.profile import configuration_path, load_profile
from keytui.vault.progress import Choice, Holds, Stands, Told, Undelivered, What
from keytui.vault.protocol import Vault

if TYPE_CHECKING:
    from keytui.cli.shapes import Shape
    from keytui.vault.delivering import Delivering
    from keytui.vault.outside import Outside

NoDeliverOption = Annotated[
    bool, typer.Option("--no-deliver", help="Leave the targets alone: the secret is written out, to be put by hand.")
]
SkipOption = Annotated[
    list[str] | None,
    typer.Option("--skip", metavar="TARGET", help="Leave a target out, where that does no harm; repeat it."),
]
_WORDS: Final = {
    What.PROVEN: "✓ {0}: holds v{1}, as read back",
    What.SENT: "✓ {0}: took v{1}; what it holds nobody can read back",
    What.HAS_IT: "✓ {0}: has v{1} already",
    What.FAILED: "✗ {0}: has not got v{1}",
    What.UNKNOWN: "? {0}: may have got v{1}, or not",
    What.SKIPPED: "- {0}: skipped, it keeps what it held",
    What.PUT_BACK: "✓ {0}: holds again what it held before v{1}",
    What.NOT_BACK: "✗ {0}: may still hold v{1}",
    What.LEFT_ALONE: "- {0}: holds neither v{1} nor the version before it, and was left alone",
    What.SETTLED: "✓ {0}: carries v{1} alone now",
    What.NOT_SETTLED: "✗ {0}: still carries the secret before v{1}, which is refused",
}


@dataclass(slots=True)
class Telling:
    """Says what happens at targets as it happens, beside the answer, and remembers how each ended."""

    of: str = ""
    """The key, where several are at it."""
    ended: dict[str, Told] = field(default_factory=dict)

    def __call__(self, told: Told) -> None:
        if told.what is What.BEGINS:
            return
        self.ended[told.target] = told
        line = (f"{self.of}: " if self.of else "") + _WORDS[told.what].format(told.target, told.version)
        remark(f"{line}: {told.said}" if told.said and told.what is not What.PUT_BACK else line)

    def having(self) -> list[str]:
        """The targets that have the new version."""
        return [one.target for one in self.ended.values() if one.what in {What.PROVEN, What.SENT, What.HAS_IT}]

    def shapes(self) -> list[Shape]:
        """For programs."""
        return [{"target": one.target, "state": one.what, "said": one.said} for one in self.ended.values()]


def outside(context: typer.Context, vault: Vault, key: Key, *, by_hand: bool = False) -> Outside:
    """The systems around a key, as this machine knows them; none of them is looked up for a delivery by hand."""
    from keytui.vault.outside import nothing_outside, outside_of
    from keytui.vault.sealed_references import with_sealed

    profile = load_profile((context.find_object(Globals) or Globals()).profile)
    server = "" if profile.server is None else profile.server.host
    if by_hand:
        return nothing_outside(key, server)
    return outside_of(configuration_path(), key, server, with_sealed(vault))


def goes_to_targets(around: Outside, *, by_hand: bool) -> bool:
    """Whether a new secret is delivered from here. NotFound where only some of the key's targets could be."""
    if by_hand or not around.targets:
        if around.key.targets:
            why = "as you said" if by_hand else "none of this machine"
            remark(f"not delivered to {', '.join(around.key.targets)}: {why}; put the secret there by hand")
        return False
    if around.missing:
        raise NotFound(
            f"target {around.missing[0]} is none of this machine, and others of {around.key.name} are",
            "say it on the machine that has them all, or --no-deliver to put the secret there by hand",
        )
    return True


def delivering(
    vault: Vault, around: Outside, telling: Telling, before_counts: Callable[[], None] | None = None
) -> Delivering:
    """What delivers a key's secrets from here."""
    from keytui.vault.delivering import Delivering, nothing_more

    return Delivering(
        vault, around.key, around.targets, utc_now, tell=telling, before_counts=before_counts or nothing_more
    )


def skip_targets(vault: Vault, key: Key, rotation: Rotation, names: Sequence[str] | None) -> None:
    """Leave targets out, as the operator said. Refused where that would do harm."""
    from keytui.vault.ways_on import skip

    for name in names or ():
        skip(vault, key, rotation.id, name, utc_now())


def explain(vault: Vault, key: Key, name: str, rotation: Rotation, error: Undelivered) -> None:
    """After a failure: what has the secret and what has not, and the commands that go on; `name` as in commands."""
    from keytui.vault.ways_on import ways_on

    detail = vault.rotation(rotation.id)
    _say_standing(error.stands, detail.new.number if detail.new is not None else 0)
    if detail.old.drift in LETS_NOBODY_IN:
        remark(f"v{detail.old.number} {IN_WORDS[detail.old.drift]}; rotation #{rotation.id} stays open")
    elif detail.old.accepted(utc_now()):
        remark(f"v{detail.old.number} is still accepted; rotation #{rotation.id} stays open")
    else:
        remark(f"v{detail.old.number} is refused already; rotation #{rotation.id} stays open")
    ways = ways_on(key, detail, error.target)
    commands = {
        Choice.RETRY: f"`keytui rotate {name} --resume` tries {error.target} again, then those after it",
        Choice.SKIP: f"`keytui rotate {name} --resume --skip {error.target}` leaves it out; its consumers keep"
        f" v{detail.old.number}",
        Choice.ROLL_BACK: f"`keytui abandon {name}` gives every target back what it held",
    }
    for choice, command in commands.items():
        remark(f"  {choice}: {command}" if not ways[choice] else f"  no {choice}: {ways[choice]}")


def explain_first(name: str, error: Undelivered) -> None:
    """The same where there is no rotation: a new key's first version. Nobody has its secret any more."""
    _say_standing(error.stands, 1)
    remark(f"  `keytui rotate {name}` makes another secret and delivers that to every target")


def _say_standing(stands: Sequence[Stands], number: int) -> None:
    for one in stands:
        if one.holds is Holds.YES:
            remark(f"  {one.target} has v{number}")
        elif one.holds is Holds.MAYBE:
            remark(f"  {one.target} may have v{number}: {one.said}")
        elif one.skipped or not one.said:
            remark(f"  {one.target} has not got it{' (skipped)' if one.skipped else ', and was not asked'}")
        else:
            remark(f"  {one.target} has not got it: {one.said}")
