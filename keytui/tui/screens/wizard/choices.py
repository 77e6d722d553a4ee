"""What may be done after a target failed: each way with its key, and where one is closed, why."""

from __future__ import annotations

from typing import Final

from textual.content import Content

from keytui.domain.rotation import Rotation
from keytui.domain.text import harmless
from keytui.tui.screens.confirm import Question
from keytui.tui.screens.wizard.delivery import Stopped
from keytui.vault.progress import Choice, StillAccepted

_KEYS: Final = {Choice.RETRY: "D", Choice.SKIP: "K", Choice.ROLL_BACK: "B", Choice.LATER: "esc"}


def choice_lines(stopped: Stopped, old: int, new: int, *, back: str = "B") -> Content:
    """One line a choice; `back` is the key that goes back.

    What a target said stands in its row; what else went wrong is said here.
    """
    does = {
        Choice.RETRY: f"try again: {stopped.target or 'from here on'}, then whatever comes after it",
        Choice.SKIP: f"skip {stopped.target}: its consumers keep what it holds, and the others go on",
        Choice.ROLL_BACK: f"roll back: targets get v{old} back, then v{new} is revoked",
        Choice.LATER: f"later: nothing is revoked, and v{new} is read back from a target that tells what it holds"
        if old
        else "later: the secret is let go of; rotating the key makes another, and delivers that",
    }
    keys = {**_KEYS, Choice.ROLL_BACK: back}
    if isinstance(stopped.error, StillAccepted):
        does |= {
            Choice.RETRY: f"ask again: the rotation is completed once every system refuses v{old}",
            Choice.LATER: f"later: every target has v{new}, and the rotation stays open; H goes on to its next step",
        }
    lines = [Content(""), *_what(stopped)]
    lines += [
        _line(keys[choice], choice, does[choice], stopped.ways[choice])
        for choice in Choice
        if _offered(choice, stopped)
    ]
    return Content("\n").join(lines)


def _offered(choice: Choice, stopped: Stopped) -> bool:
    """Nothing is skipped where it was no target that stopped it."""
    return choice in stopped.ways and (choice is not Choice.SKIP or bool(stopped.target))


def _what(stopped: Stopped) -> list[Content]:
    error = stopped.error
    if stopped.target:
        return [
            Content.styled(f"✗ stopped at {harmless(stopped.target)}; those after it were not asked", "bold $error")
        ]
    lines = [Content.styled(f"✗ stopped: {harmless(error.message)}", "bold $error")]
    return lines + ([Content.styled(f"  → {harmless(error.hint)}", "$quiet")] if error.hint else [])


def _line(shortcut: str, choice: Choice, does: str, why_not: str) -> Content:
    key = f"{shortcut:<4}"
    if why_not:
        return Content.styled(f"{key}{choice} is not possible: {harmless(why_not)}", "$quiet")
    return Content.assemble((key, "bold $accent"), harmless(does))


def skip_question(target: str, rotation: Rotation) -> Question:
    """Asked before a target is left out."""
    return Question(
        f"Skip {target}?",
        (
            f"Its consumers keep what it holds: v{rotation.old_version} is accepted until you retire it.",
            "The other targets go on. `keytui drift` names this one until it has the new secret.",
        ),
        "Skip it",
        harmless_verb="Not yet",
    )
