"""The verdict on a rotation, from the evidence that is in the vault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlmodel import Session

from keytui.domain.errors import Refused, Unsafe
from keytui.domain.judgement import judge
from keytui.domain.policy import Policies
from keytui.domain.rotation import Rotation, RotationState
from keytui.domain.verdict import Assessment, Question, Verdict
from keytui.vault.local.access.tenancy import unbound
from keytui.vault.local.evidence.gathering import gather_evidence

QUESTIONS: Final = {
    RotationState.OVERLAPPING: Question.RETIRE,
    RotationState.DELIVERED: Question.RETIRE,
    RotationState.SUSPENDED: Question.COMPLETE,
}
"""What is being asked in each state that has a verdict."""


def assessed(
    session: Session,
    rotation: Rotation,
    policies: Policies,
    now: datetime,
    expected: Mapping[str, Sequence[str]],
    *,
    fallbacks: tuple[str, ...],
) -> Assessment:
    """May the old version be suspended (once it is: revoked)? Refused before the hand-over and after the end.

    `fallbacks` are what would accept the old version all the same, as its issuer says.
    """
    question = QUESTIONS.get(rotation.state)
    if question is None:
        when, hint = _why_none(rotation)
        raise Refused(f"there is no verdict: rotation #{rotation.id} {when}", hint)
    with unbound(session):  # a refusal that names no key, or a gap, counts against SAFE whoever asks
        evidence = gather_evidence(
            session, rotation, question, policies.of(rotation.environment), now, expected=expected
        )
    return judge(replace(evidence, legacy_fallbacks=fallbacks))


def _why_none(rotation: Rotation) -> tuple[str, str]:
    if not rotation.open:
        return "has ended", "its proof and its audit entries remain"
    if rotation.state is RotationState.PROVING:
        return f"has revoked v{rotation.old_version} already", "complete it, once every system refuses that"
    return "has not handed the new secret over yet", "hand it over first"


def require_safe(assessment: Assessment, rotation: Rotation) -> None:
    """Unsafe, with its reasons, unless the verdict is SAFE."""
    if assessment.verdict is not Verdict.SAFE:
        raise Unsafe(
            f"{assessment.verdict} to {assessment.question} v{rotation.old_version} of {rotation.key_name}",
            "read the reasons; wait, waive what can be waived, or override it with a note",
            assessment,
        )
