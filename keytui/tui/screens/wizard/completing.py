"""The end of the old version: asked for, its systems asked once more where it is refused by now, and then revoked."""

from __future__ import annotations

from collections.abc import Callable

from keytui.domain.rotation import Rotation, RotationState
from keytui.tui.screens.confirm import ConfirmDialog
from keytui.tui.screens.wizard.asking import AskingBody
from keytui.tui.screens.wizard.delivery import AtTargets, surroundings
from keytui.tui.screens.wizard.override import verdict_question
from keytui.tui.screens.wizard.probing import asked_of, telling_of_probes
from keytui.tui.screens.wizard.targets_panel import telling
from keytui.vault.protocol import Vault


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
    console, tell, can_go = step.wizard.console, telling(step), it_can_go(step, rotation)

    def work(vault: Vault) -> Rotation:
        can_go(vault)
        done = vault.complete(rotation.id, override)
        AtTargets(vault, console.profile, console.clock, tell).settle(done)
        return done

    step.act(work, f"v{rotation.old_version} is revoked")


def it_can_go(step: AskingBody, rotation: Rotation) -> Callable[[Vault], None]:
    """What a worker does before the old version goes a step further: ask the key's own systems once more.

    It raises ShutOut where one refuses the new version, and StillAccepted where one lets in the suspended old one.
    """
    console, tell = step.wizard.console, telling_of_probes(step)
    suspended = rotation.state is RotationState.SUSPENDED
    numbers = (rotation.new_version, rotation.old_version) if suspended else (rotation.new_version,)
    versions = [number for number in numbers if number is not None]

    def ask(vault: Vault) -> None:
        from keytui.vault.proving import (  # noqa: PLC0415  # connectors are not loaded before the first paint
            refuse_shut_out,
            refuse_still_accepted,
        )

        outside = surroundings(vault, rotation.key_id, console.profile)
        asked = asked_of(vault, outside, versions, (), clock=console.clock, tell=tell, rotation_id=rotation.id)
        refuse_shut_out(asked, outside.key)
        refuse_still_accepted(asked, outside.key)

    return ask
