"""Which step of the wizard a rotation stands at, by its persisted state alone: this is what makes it resumable."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from keytui.domain.rotation import First, Plan, Rotation, RotationState, Strategy


class WizardStep(IntEnum):
    """The six steps."""

    REVIEW = 1
    ISSUE = 2
    HAND_OVER = 3
    WATCH = 4
    RETIRE = 5
    PROOF = 6

    @property
    def title(self) -> str:
        """As the step list shows it: `3 Hand over`."""
        return f"{self.value} {self.name.capitalize().replace('_', ' ')}"


_STEPS: Final[dict[RotationState, WizardStep]] = {
    RotationState.PLANNED: WizardStep.ISSUE,
    RotationState.REVOKED: WizardStep.ISSUE,
    RotationState.ISSUED: WizardStep.HAND_OVER,
    RotationState.DELIVERED: WizardStep.WATCH,
    RotationState.OVERLAPPING: WizardStep.WATCH,
    RotationState.SUSPENDED: WizardStep.RETIRE,
    RotationState.PROVING: WizardStep.RETIRE,
    RotationState.COMPLETED: WizardStep.PROOF,
    RotationState.ROLLED_BACK: WizardStep.PROOF,
    RotationState.ABANDONED: WizardStep.PROOF,
}


def step_of(rotation: Rotation | None) -> WizardStep:
    """Where to land; a rotation that was never opened begins with its review."""
    return WizardStep.REVIEW if rotation is None else _STEPS[rotation.state]


def retires_for_good(rotation: Rotation) -> bool:
    """Whether the overlap ends with the old version revoked, because its issuer cannot suspend one."""
    return rotation.plan.strategy is Strategy.ROLLING and not rotation.suspends


def left_out(plan: Plan) -> frozenset[WizardStep]:
    """The steps that a path does not have: nothing is watched where the old version is revoked at once."""
    if plan.strategy is Strategy.ROLLING:
        return frozenset()
    if plan.first is First.REPLACE:
        return frozenset({WizardStep.RETIRE})
    return frozenset({WizardStep.WATCH, WizardStep.RETIRE})
