"""The way back from anywhere in the wizard: the targets first, then the new version."""

from __future__ import annotations

from collections.abc import Sequence

from keytui.domain.rotation import Rotation, RotationState, Verb, allowed
from keytui.tui.command_lines import for_rotation
from keytui.tui.screens.confirm import ConfirmDialog, Question
from keytui.tui.screens.wizard.delivery import AtTargets
from keytui.tui.screens.wizard.step import StepBody
from keytui.tui.screens.wizard.targets_panel import telling
from keytui.tui.screens.wizard.words import command


def ask_back(step: StepBody) -> None:
    """Ask, then go back to the old version: roll back after the hand-over, abandon before it."""
    if step.detail is None:
        return
    rotation, wizard = step.detail.rotation, step.wizard
    console, tell = wizard.console, telling(step)
    targets = wizard.key.targets if wizard.key is not None else ()

    def confirmed(note: str | None) -> None:
        if note is not None:
            step.act(
                lambda vault: AtTargets(vault, console.profile, console.clock, tell).go_back(rotation, note),
                f"back on v{rotation.old_version}",
                command=for_going_back(rotation, note),
            )

    step.app.push_screen(ConfirmDialog(back_question(rotation, targets)), confirmed)


def for_going_back(rotation: Rotation, note: str) -> str:
    """The command that goes back from where the rotation stands."""
    return for_rotation("abandon" if Verb.ABANDON in allowed(rotation) else "rollback", rotation, note=note)


def back_question(rotation: Rotation, targets: Sequence[str]) -> Question:
    """What going back costs, from where the rotation stands."""
    abandons = Verb.ABANDON in allowed(rotation)
    return Question(
        f"Abandon the rotation of {rotation.key_name}?"
        if abandons
        else f"Roll {rotation.key_name} back to v{rotation.old_version}?",
        (*_targets_first(rotation, targets), *_what_happens(rotation, abandons=abandons)),
        _verb(rotation, abandons=abandons),
        command("abandon" if abandons else "rollback", rotation.key_name),
        note="why (optional)",
        harmless_verb="Keep it open" if abandons else "Keep as it is",
    )


def _targets_first(rotation: Rotation, targets: Sequence[str]) -> tuple[str, ...]:
    if not targets or rotation.new_version is None:
        return ()
    old, new = rotation.old_version, rotation.new_version
    return (
        f"{', '.join(targets)}: whatever holds v{new} gets v{old} back first.",
        f"Where one cannot be put back it is named, and v{new} is not revoked.",
    )


def _what_happens(rotation: Rotation, *, abandons: bool) -> tuple[str, ...]:
    old, new = rotation.old_version, rotation.new_version
    if abandons:
        lost = f"v{new} is revoked; v" if new is not None else "v"
        return (f"{lost}{old} goes on as if nothing had been.",)
    restored = rotation.state is RotationState.SUSPENDED
    return (
        f"v{new} is revoked for good: whoever uses it already is locked out.",
        f"v{old} is {'accepted again, and is ' if restored else ''}the key's only version again.",
    )


def _verb(rotation: Rotation, *, abandons: bool) -> str:
    return "Abandon it" if abandons else f"Revoke v{rotation.new_version}"
