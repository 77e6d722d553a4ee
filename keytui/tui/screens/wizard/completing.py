"""The end of the old version: asked for, its systems asked once more where it is refused by now, and then revoked."""

from __future__ import annotations

from collections.abc import Callable

from keytui.domain.errors import Refused
from keytui.domain.rotation import OLD_REFUSED, Rotation, RotationState
from keytui.tui.command_lines import for_verdict
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
    question = verdict_question(rotation, assessment, "complete", *_words(rotation))

    def confirmed(override: str | None) -> None:
        if override is not None:
            _complete(step, rotation, override)

    step.app.push_screen(ConfirmDialog(question), confirmed)


def _words(rotation: Rotation) -> tuple[str, tuple[str, ...]]:
    """What is asked, and what happens then."""
    old, key = rotation.old_version, rotation.key_name
    if rotation.state is RotationState.PROVING:
        return f"Complete the rotation of {key}?", (f"v{old} is revoked already. Its systems are asked once more.",)
    return f"Revoke v{old} of {key} for good?", (f"v{old} can never be accepted again. There is no way back.",)


def _complete(step: AskingBody, rotation: Rotation, override: str) -> None:
    console, tell, can_go = step.wizard.console, telling(step), it_can_go(step, rotation)
    asks_old = asking(step, rotation, (rotation.old_version,))

    def ask_old(vault: Vault) -> None:
        """Where it was revoked a moment ago, whoever has the old secret is given time to paste it."""
        if not asks_old(vault) and rotation.state not in OLD_REFUSED:
            raise Refused(
                f"v{rotation.old_version} is revoked, and nobody here has its secret to ask with",
                "o pastes it; C completes the rotation without that proof",
            )

    def work(vault: Vault) -> Rotation:
        from keytui.vault.proving import complete_once_refused  # noqa: PLC0415  # as in `asking`

        can_go(vault)
        around = surroundings(vault, rotation.key_id, console.profile)
        done = complete_once_refused(vault, rotation, override, around.probes, lambda: ask_old(vault))
        AtTargets(vault, console.profile, console.clock, tell).settle(done)
        return done

    step.act(work, f"v{rotation.old_version} is revoked", command=for_verdict("complete", rotation, override))


def it_can_go(step: AskingBody, rotation: Rotation) -> Callable[[Vault], bool]:
    """What a worker does before the old version goes a step further: ask the key's own systems with the new one.

    It raises ShutOut where one refuses that.
    """
    return asking(step, rotation, () if rotation.new_version is None else (rotation.new_version,))


def asking(step: AskingBody, rotation: Rotation, versions: tuple[int, ...]) -> Callable[[Vault], bool]:
    """What a worker does to ask the key's own systems with these versions, for the log. False where nobody was asked.

    It raises ShutOut where one refuses what is in force, and StillAccepted where one lets in what is over.
    """
    console, tell = step.wizard.console, telling_of_probes(step)

    def ask(vault: Vault) -> bool:
        from keytui.vault.proving import (  # noqa: PLC0415  # connectors are not loaded before the first paint
            refuse_shut_out,
            refuse_still_accepted,
        )

        outside = surroundings(vault, rotation.key_id, console.profile)
        asked = asked_of(vault, outside, versions, (), clock=console.clock, tell=tell, rotation_id=rotation.id)
        refuse_shut_out(asked, outside.key)
        refuse_still_accepted(asked, outside.key)
        return bool(asked)

    return ask
