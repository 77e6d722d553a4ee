"""The questions at the exits of the hand-over: what is gone then, and what is not."""

from __future__ import annotations

from collections.abc import Sequence

from textual.screen import ScreenResultType

from keytui.domain.rotation import Rotation
from keytui.tui.screens.base import VaultScreen
from keytui.tui.screens.confirm import Question
from keytui.tui.screens.wizard.delivery import Stopped
from keytui.vault.model import Delivery
from keytui.vault.progress import Holds


def has_it(new: int, skipped: Sequence[str]) -> str:
    """Who has the new secret once it is handed over."""
    return f"every target has v{new}" + (f" but {', '.join(skipped)}, skipped" if skipped else "")


def leaving_question(
    rotation: Rotation | None, new: int, stopped: Stopped | None, *, arrived: bool, skipped: Sequence[str] = ()
) -> Question:
    """Asked before the step is left."""
    if arrived:
        lines = (f"E{has_it(new, skipped)[1:]}. It cannot be shown again after this.",)
        return Question("Leave the hand-over?", lines, "Leave", harmless_verb="Stay")
    return Question(
        "Leave without handing it over?",
        _what_is_lost(rotation, new, stopped),
        "Leave, let it go",
        harmless_verb="Stay",
    )


def under_way_question(rotation: Rotation | None, new: int) -> Question:
    """Asked before the step is left while something is under way at the targets: that takes as long as they do."""
    kept = "the rotation says how they stand" if rotation is not None else "the key stays, whatever comes of it"
    lines = (
        f"What is under way at its targets goes on by itself. Its end is told wherever you are; {kept}.",
        "Until then nothing else can be changed from this console.",
        f"The secret of v{new} is let go of here, and cannot be taken by hand any more.",
    )
    return Question("Leave while its targets are asked?", lines, "Leave, let it go on", harmless_verb="Stay")


def tell_end(
    screen: VaultScreen[ScreenResultType],
    key: str,
    new: int | None,
    outcome: Rotation | Stopped | None,
    *,
    first: bool = False,
) -> None:
    """Say how a delivery ended whose step was left, over whatever is on the screen by now. `first`: of a new key."""
    if not isinstance(outcome, Stopped):
        screen.tell(f"v{new} of {key} is handed over")
        return
    at = f" at {outcome.target}" if outcome.target else ""
    way_on = "its rotation says how its targets stand, and goes on from there: 2, then enter"
    if first:
        way_on = "its secret is gone: rotating the key makes another, and delivers that"
    screen.tell(f"v{new} of {key} stopped{at}: {outcome.error.message}", way_on, severity="error")


def _what_is_lost(rotation: Rotation | None, new: int, stopped: Stopped | None) -> tuple[str, ...]:
    if rotation is None:
        return "The secret is gone for good when you leave.", "The key stays; rotating it gives it another secret."
    having = [one.target for one in (stopped.stands if stopped is not None else ()) if one.holds is not Holds.NO]
    if having:
        return (
            f"The secret of v{new} is let go of here; the rotation stays open.",
            f"{', '.join(having)} may hold it: resuming reads it back there, or puts back what it held before.",
        )
    return (
        f"The secret of v{new} is gone for good when you leave; the rotation stays open.",
        f"Resuming offers to revoke v{new} and to issue another.",
    )


def done_question(sent: Delivery | None, lacking: tuple[str, ...], rotation: Rotation | None) -> Question:
    """Asked before the hand-over is called done by hand."""
    where = f"It went to {sent.target}." if sent is not None else "You say that you have it."
    return Question(
        "Is the new secret where it belongs?",
        (where, *_left_behind(lacking, rotation), "It cannot be shown again after this."),
        "Yes, handed over",
        harmless_verb="Not yet",
    )


def _left_behind(lacking: tuple[str, ...], rotation: Rotation | None) -> tuple[str, ...]:
    if not lacking:
        return ()
    if rotation is None:
        return (f"▲ {', '.join(lacking)}: has not got it, and nobody can give it this secret later.",)
    over = rotation.plan.at_once
    becomes = "which is over: their consumers stay locked out" if over else "and with it until you retire it"
    return (f"▲ {', '.join(lacking)}: left with v{rotation.old_version}, {becomes}.",)
