"""A rotation that is come back to: after esc, after the console was closed, from the Rotations mode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from textual.widgets import Input

from keytui.domain.audit import Actor
from keytui.domain.rotation import First, Plan, Strategy
from keytui.domain.secrets import Secret
from keytui.domain.usage import UNKNOWN_CALLER
from keytui.tui.app import Console
from keytui.tui.screens.rotations import RotationsScreen
from keytui.tui.screens.wizard.screen import WizardScreen
from keytui.tui.screens.wizard.step import StepBody
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Delivery, Issued
from keytui.vault.profile import Profile
from tests.tui.rotation.walking import confirm, hand_over, opened, until, until_said, wizard
from tests.tui.rotation.walking import said as screen_said
from tests.world import StoppedClock

SIZE = (120, 36)
EMERGENCY = Plan(Strategy.EMERGENCY, First.REVOKE)


def planned(vault: LocalVault, key_id: str) -> None:
    vault.plan(key_id, Plan(label="spring"), "plan")


def issued(vault: LocalVault, key_id: str) -> None:
    vault.issue(vault.plan(key_id, Plan(), "plan").id)


def overlapping(vault: LocalVault, key_id: str) -> None:
    new = vault.issue(vault.plan(key_id, Plan(), "plan").id)
    assert new.rotation is not None
    vault.prove(new.rotation.id, new.secret)


def suspended(vault: LocalVault, key_id: str) -> None:
    overlapping(vault, key_id)
    vault.retire(1, "by hand")


def completed(vault: LocalVault, key_id: str) -> None:
    suspended(vault, key_id)
    vault.complete(1, "by hand")


@pytest.mark.parametrize(
    ("left_at", "words"),
    [
        (planned, ("● 2 Issue", "label     spring", "A abandon")),
        (issued, ("● 3 Hand over", "the secret of v2 is gone", "I revoke v2 and issue another", "A abandon")),
        (overlapping, ("● 4 Watch", "old  v1", "new  v2", "overlap ends in 1 d 0 h")),
        (suspended, ("● 5 Retire", "v1 is suspended", "U accepts it again")),
        (completed, ("● 6 Proof", "rotation #1 is completed")),
    ],
)
async def test_the_console_started_again_lands_on_the_step_that_was_left(
    vault: LocalVault,
    first: Issued,
    again: Callable[[], Console],
    left_at: Callable[[LocalVault, str], None],
    words: tuple[str, ...],
) -> None:
    left_at(vault, first.key.id)
    vault.close()
    async with again().run_test(size=SIZE) as pilot:
        await wizard(pilot, rotation_id=1)
        await until_said(pilot, "held by ada@bastion-2", *words)


async def test_an_answer_that_comes_when_the_step_has_made_room_for_the_next_is_told(
    vault: LocalVault, first: Issued, again: Callable[[], Console]
) -> None:
    """The feed may draw the next step before the answer to what moved it there has arrived."""
    suspended(vault, first.key.id)
    vault.close()
    async with again().run_test(size=SIZE, notifications=True) as pilot:
        await wizard(pilot, rotation_id=1)
        await until_said(pilot, "● 5 Retire")
        step = pilot.app.screen.query_one(StepBody)
        await step.remove()
        step.act(lambda opened: opened.complete(1, "by hand"), "it is complete", command="")
        await until_said(pilot, "it is complete")


async def test_an_emergency_that_stopped_after_revoking_says_that_nobody_gets_in(
    vault: LocalVault, first: Issued, again: Callable[[], Console], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old version dies in a transaction of its own; a full disk may keep the new one from being written."""
    rotation = vault.plan(first.key.id, EMERGENCY, "plan")

    def full(_: int) -> bytes:
        raise OSError("no space left on device")

    monkeypatch.setattr(vault, "_randomness", full)
    with pytest.raises(OSError, match="no space"):
        vault.issue(rotation.id)
    vault.close()
    async with again().run_test(size=SIZE) as pilot:
        await wizard(pilot, rotation_id=rotation.id)
        await until_said(pilot, "● 2 Issue", "nobody gets in now")
        await pilot.press("I")
        await confirm(pilot)
        await until_said(pilot, "paste it back")


async def test_rotating_a_rotating_key_goes_on_where_it_stands(
    console: Console, vault: LocalVault, first: Issued
) -> None:
    overlapping(vault, first.key.id)
    async with console.run_test(size=SIZE) as pilot:
        await wizard(pilot, first.key.id)
        await until_said(pilot, "● 4 Watch")


async def test_esc_closes_the_wizard_and_loses_nothing(console: Console, vault: LocalVault, first: Issued) -> None:
    async with console.run_test(size=SIZE) as pilot:
        screen = await wizard(pilot, first.key.id)
        await hand_over(pilot)
        await until_said(pilot, "● 4 Watch")
        await pilot.press("escape")
        await until(pilot, lambda: console.screen is not screen, "the keys")
        await pilot.press("2")
        await until_said(pilot, "checkout-api", "overlap ends in", "UNKNOWN")
        await pilot.press("enter")
        await until_said(pilot, "● 4 Watch", "new  v2")


async def test_a_second_wizard_follows_what_the_first_one_did(
    console: Console, vault: LocalVault, first: Issued
) -> None:
    overlapping(vault, first.key.id)
    async with console.run_test(size=SIZE) as pilot:
        await wizard(pilot, rotation_id=1)
        await until_said(pilot, "● 4 Watch")
        vault.retire(1, "from another terminal")
        await until_said(pilot, "● 5 Retire", "v1 is suspended")


async def test_the_end_of_an_overlap_is_an_alarm_and_nothing_more(
    console: Console, vault: LocalVault, first: Issued, clock: StoppedClock
) -> None:
    overlapping(vault, first.key.id)
    async with console.run_test(size=SIZE) as pilot:
        await wizard(pilot, rotation_id=1)
        await until_said(pilot, "overlap ends in")
        clock.advance(timedelta(hours=26))
        await until_said(pilot, "▲ overdue by 2 h 0 m")
        await pilot.press("escape", "2")
        await until_said(pilot, "4 Watch", "▲ overdue by 2 h 0 m")
    assert vault.check(first.secret, (), UNKNOWN_CALLER).valid


async def test_the_rotations_say_who_holds_them_and_can_be_taken_over(
    vault: LocalVault, first: Issued, profile: Profile, clock: StoppedClock
) -> None:
    overlapping(vault, first.key.id)
    vault.leave_note(1, "waiting for the night job [/x]")
    mine = replace(profile, actor=Actor("grace", "bastion-1"))
    console = Console(lambda _: LocalVault.open(mine, clock=clock), mine, clock)
    async with console.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await pilot.press("2")
        await until_said(pilot, "held by ada@bastion-2", "waiting for the night job [/x]")
        await pilot.press("O")
        await until_said(pilot, "ada@bastion-2 holds it")
        await confirm(pilot)
        await until_said(pilot, "held by grace@bastion-1")
        await pilot.press("n")
        await confirm(pilot, note="the night job has run")
        await until_said(pilot, "the night job has run")


async def test_no_open_rotation_says_how_to_begin_one(console: Console, first: Issued) -> None:
    async with console.run_test(size=(60, 20)) as pilot:
        await opened(pilot)
        await pilot.press("2")
        await until(pilot, lambda: isinstance(console.screen, RotationsScreen), "the rotations")
        await until_said(pilot, "no rotation is open", "begins one")


async def test_read_only_is_said_before_anything_is_issued_and_the_way_out_is_told(
    vault: LocalVault, first: Issued, profile: Profile, clock: StoppedClock
) -> None:
    vault.close()
    guarded = replace(profile, read_only=True)
    console = Console(lambda _: LocalVault.open(guarded, clock=clock), guarded, clock)
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        screen = await wizard(pilot, first.key.id)
        await pilot.press("enter")
        await until_said(pilot, "The secret exists in memory only")
        await pilot.press("I")
        await until_said(pilot, "▲ test is read-only: no way to issue", ":write")
        assert isinstance(screen, WizardScreen)
        assert "● 2 Issue" in screen_said(pilot)


async def test_a_lost_secret_does_not_come_back(vault: LocalVault, first: Issued, again: Callable[[], Console]) -> None:
    new = vault.issue(vault.plan(first.key.id, Plan(), "plan").id)
    vault.close()
    async with again().run_test(size=SIZE) as pilot:
        await wizard(pilot, rotation_id=1)
        await until_said(pilot, "the secret of v2 is gone")
        await pilot.press("I")
        await confirm(pilot)
        await until_said(pilot, "checkout-api v3")
        console = pilot.app
        assert isinstance(console, Console)
        assert not console.vault.check(Secret(new.secret.reveal()), (), UNKNOWN_CALLER).valid
        assert console.vault.check(first.secret, (), UNKNOWN_CALLER).valid


async def test_a_rotation_that_cannot_be_read_has_a_face_and_a_way_back(console: Console, first: Issued) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await opened(pilot)
        screen = WizardScreen(rotation_id=4711)
        await console.push_screen(screen)
        await until_said(pilot, "✗ this cannot be shown", "4711", "r asks again", "esc goes back")
        await pilot.press("escape")
        await until(pilot, lambda: console.screen is not screen, "the keys")


async def test_a_secret_that_reached_the_operator_after_all_is_proven_by_pasting_it(
    vault: LocalVault, first: Issued, again: Callable[[], Console]
) -> None:
    new = vault.issue(vault.plan(first.key.id, Plan(), "plan").id)
    vault.close()
    async with again().run_test(size=SIZE, notifications=True) as pilot:
        await wizard(pilot, rotation_id=1)
        for pasted, words in ((first.secret, "is not the new secret"), (new.secret, "● 4 Watch")):
            await pilot.press("p")
            await until_said(pilot, "Paste the secret of v2")
            pilot.app.screen.query_one("#secret", Input).value = pasted.reveal()
            await pilot.press("enter")
            await until_said(pilot, words)


@pytest.mark.parametrize("state", ["sent", "begun"])
async def test_a_file_that_took_the_secret_before_the_line_dropped_is_enough(
    vault: LocalVault, first: Issued, again: Callable[[], Console], clock: StoppedClock, state: str
) -> None:
    new = vault.issue(vault.plan(first.key.id, Plan(), "plan").id)
    vault.deliver(1, Delivery("/srv/web/api.key", state, clock(), new.version.fingerprint))
    vault.close()
    async with again().run_test(size=SIZE) as pilot:
        await wizard(pilot, rotation_id=1)
        await until_said(pilot, "H say that it arrived: /srv/web/api.key")
        await pilot.press("H")
        await until_said(pilot, "It went to /srv/web/api.key")
        await confirm(pilot)
        await until_said(pilot, "● 4 Watch")
