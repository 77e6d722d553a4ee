"""The question before a verdict is acted on: plain when SAFE, otherwise the key's name and a reason in words."""

from __future__ import annotations

from typing import Final

from keytui.domain.rotation import Rotation, RotationState
from keytui.domain.verdict import Assessment, Verdict
from keytui.tui.screens.confirm import Question
from keytui.tui.screens.wizard.words import command

_REASONS_NAMED: Final = 1
"""The most dangerous one: all of them stand on the screen behind, and a question longer than the screen is not read."""


def verdict_question(
    rotation: Rotation, assessment: Assessment | None, verb: str, title: str, what_happens: tuple[str, ...]
) -> Question:
    """Ask before `verb` (`retire`, `complete`). The note that comes back is the override.

    It is empty where none is needed: on SAFE, and where the old version is revoked already.
    """
    act = f"{verb.capitalize()} v{rotation.old_version}"
    revoked = rotation.state is RotationState.PROVING
    if revoked or (assessment is not None and assessment.verdict is Verdict.SAFE):
        return Question(title, what_happens, act, command(verb, rotation.key_name))
    return Question(
        title,
        (*what_happens, *_against(assessment)),
        f"{act} all the same",
        command(verb, rotation.key_name, "--force", "--note", "…"),
        type_to_confirm=rotation.key_name,
        note="why it may go all the same (this goes into the audit log)",
        note_required=True,
    )


def _against(assessment: Assessment | None) -> tuple[str, ...]:
    if assessment is None:
        return ("? There is no verdict.",)
    speaking = [reason for reason in assessment.reasons if reason.verdict is not Verdict.SAFE and not reason.waived_by]
    named = tuple(f"{_SYMBOLS[reason.verdict]} {reason.detail}" for reason in speaking[:_REASONS_NAMED])
    more = len(speaking) - _REASONS_NAMED
    return (
        f"The verdict is {assessment.verdict.replace('_', ' ')}:",
        *named,
        *((f"and {more} more",) if more > 0 else ()),
    )


_SYMBOLS: Final = {Verdict.NOT_SAFE: "✗", Verdict.UNKNOWN: "?"}
