"""What the top and the left of the wizard say, from the plan or the rotation."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from textual.content import Content

from keytui.domain.keys import Key
from keytui.domain.rotation import Plan, Rotation, RotationState
from keytui.tui.screens.wizard.path import WizardStep, left_out
from keytui.tui.screens.wizard.words import countdown, strategy_words
from keytui.tui.widgets.steps import Heading, Mark

PLAIN: Final = Plan()


def heading(step: WizardStep, rotation: Rotation, now: datetime) -> Heading:
    """Of a rotation."""
    path = strategy_words(rotation.plan)
    clock = countdown(rotation, now)
    return Heading(rotation.key_name, rotation.environment, path, clock, rotation.holder, _short(step))


def heading_of_plan(step: WizardStep, key: Key, plan: Plan) -> Heading:
    """Of a rotation that is not opened yet."""
    return Heading(key.name, key.environment, strategy_words(plan), Content(""), "", _short(step))


def _short(step: WizardStep) -> str:
    return f"{step.value}/{len(WizardStep)} {step.title.split(' ', 1)[1]}"


def marks(step: WizardStep, rotation: Rotation | None, plan: Plan = PLAIN) -> list[tuple[Mark, str]]:
    """Every step with how far it has come. `plan` counts while there is no rotation."""
    absent = left_out(rotation.plan if rotation is not None else plan) | _never_reached(rotation)
    return [(_mark(each, step, absent), each.title) for each in WizardStep]


def _mark(each: WizardStep, here: WizardStep, absent: frozenset[WizardStep]) -> Mark:
    if each is here:
        return Mark.HERE
    if each in absent:
        return Mark.LEFT_OUT
    return Mark.DONE if each < here else Mark.AHEAD


def _never_reached(rotation: Rotation | None) -> frozenset[WizardStep]:
    """A rotation that was given up jumped to its end."""
    if rotation is None or rotation.state not in {RotationState.ABANDONED, RotationState.ROLLED_BACK}:
        return frozenset()
    if rotation.suspended_at is not None:
        return frozenset()
    last = WizardStep.WATCH if rotation.delivered_at is not None else WizardStep.ISSUE
    return frozenset(step for step in WizardStep if last < step < WizardStep.PROOF)
