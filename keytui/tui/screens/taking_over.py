"""A rotation is taken from the operator who holds it: what is asked first."""

from __future__ import annotations

from keytui.domain.rotation import Rotation
from keytui.tui.screens.confirm import Question


def take_over_question(rotation: Rotation) -> Question:
    """Who has it, and what they left for whoever comes next."""
    return Question(
        f"Take over the rotation of {rotation.key_name}?",
        (f"{rotation.holder} holds it; the log will say that you took it.", rotation.note or "There is no note."),
        "Take it over",
        harmless_verb="Leave it",
    )
