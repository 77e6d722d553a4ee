"""The end of the old version: asked for, its systems asked once more where it is refused by now, and then revoked."""

from __future__ import annotations

from keytui.domain.rotation import Rotation, RotationState
from keytui.tui.screens.confirm import ConfirmDialog
from keytui.tui.screens.wizard.asking import AskingBody
from keytui.tui.screens.wizard.delivery import AtTargets, surroundings
from keytui.tui.screens.wizard.override import verdict_question
from keytui.tui.screens.wizard.probing import asked_of, telling_of_probes
from keytui.tui.screens.wizard.targets_panel import telling
from keytui.vault.protocol import Vault
from keytui.vault.proving import refuse_still_accepted


def ask_complete(step: AskingBody) -> None:
    """Ask, then revoke the old version for good. Refused in red while a system still lets it in."""
    if step.detail is None:
        return
    if (still := step.still_accepted) is not None:
        step.wizard.tell(
            f"v{still.version} is STILL ACCEPTED at {still.probe}: the rotation is not completed",
            "see what lets it in there, then ask again with the old secret: o",
            severity="error",
        )
        return
    rotation, assessment = step.detail.rotation, step.detail.assessment
    old = rotation.old_version
    question = verdict_question(
        rotation,
        assessment,
        "complete",
        f"Revoke v{old} of {rotation.key_name} for good?",
        (f"v{old} can never be accepted again. There is no way back.",),
    )

    def confirmed(override: str | None) -> None:
        if override is not None:
            _complete(step, rotation, override)

    step.app.push_screen(ConfirmDialog(question), confirmed)


def _complete(step: AskingBody, rotation: Rotation, override: str) -> None:
    console, tell, tell_probes = step.wizard.console, telling(step), telling_of_probes(step)

    def work(vault: Vault) -> Rotation:
        if rotation.state is RotationState.SUSPENDED:
            outside = surroundings(vault, rotation.key_id, console.profile)
            asked = asked_of(vault, outside, (rotation.old_version,), (), clock=console.clock, tell=tell_probes)
            refuse_still_accepted(asked, outside.key)
        done = vault.complete(rotation.id, override)
        AtTargets(vault, console.profile, console.clock, tell).settle(done)
        return done

    step.act(work, f"v{rotation.old_version} is revoked")
