"""What an operator does to keys from the table: each asks first, says what it did, and is in the log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from textual import events
from textual.widgets import Button

from keytui.domain.audit import AuditFilter
from keytui.domain.keys import Key, KeyDraft, KeyEdit, KeyState
from keytui.domain.rotation import Reason
from keytui.domain.secrets import Secret
from keytui.domain.usage import Caller
from keytui.tui.app import Console
from keytui.tui.command_lines import for_edit
from keytui.tui.screens.arm import ArmDialog
from keytui.tui.screens.key_form import CreateScreen, EditScreen
from keytui.tui.screens.keys import KeysScreen
from keytui.tui.screens.revoke import RevokeDialog
from keytui.tui.screens.rotate_marked import RotateMarkedScreen
from keytui.tui.screens.wizard.hand_over import HandOverScreen
from keytui.tui.screens.wizard.screen import WizardScreen
from keytui.vault.local.log_head import Head
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Issued
from tests.tui.rotation.walking import confirm, paste_back, read_secret, said, until, until_said
from tests.tui.walking import fill, keys, point_at
from tests.world import NOON, StoppedClock

SIZE = (120, 40)


async def test_a_new_key_is_handed_over_and_works(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await keys(pilot)
        await pilot.press("N")
        await until(pilot, lambda: isinstance(console.screen, CreateScreen), "the form")
        await until_said(pilot, "keytui --profile test create NAME --env E")
        fill(pilot, name="night-job", environment="production", owner="ops", scopes="jobs:run", expires="90d")
        await until_said(pilot, "keytui --profile test create night-job --env production --owner ops")
        await until_said(pilot, "--scope jobs:run --expires 90d")
        await pilot.click("#do")
        await until(pilot, lambda: isinstance(console.screen, HandOverScreen), "the hand-over")
        secret = await read_secret(pilot)
        await paste_back(pilot, secret)
        await until(pilot, lambda: isinstance(console.screen, KeysScreen), "the table")
        await until_said(pilot, "night-job")
        assert fleet.check(Secret(secret), ("jobs:run",), Caller.called("job")).valid
        assert secret not in said(pilot)


async def test_nobody_leaves_while_a_secret_is_on_its_way(
    console: Console, fleet: LocalVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_land, create = Event(), fleet.create

    def slowly(draft: KeyDraft, request_id: str) -> Issued:
        may_land.wait(10)
        return create(draft, request_id)

    monkeypatch.setattr(fleet, "create", slowly)
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await keys(pilot)
        await pilot.press("N")
        await until(pilot, lambda: isinstance(console.screen, CreateScreen), "the form")
        fill(pilot, name="night-job", environment="production")
        await pilot.click("#do")
        await pilot.press("escape")
        await until_said(pilot, "a change is still on its way")
        await pilot.press("ctrl+q")
        may_land.set()
        await until(pilot, lambda: isinstance(console.screen, HandOverScreen), "the hand-over")


async def test_a_form_says_what_is_wrong_and_keeps_what_was_typed(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await keys(pilot)
        await pilot.press("N")
        await until(pilot, lambda: isinstance(console.screen, CreateScreen), "the form")
        fill(pilot, name="night-job", environment="production", expires="next year")
        await until_said(pilot, "✗ not a duration: 'next year'")
        fill(pilot, expires="", environment="pro duction")
        await pilot.click("#do")
        await until_said(pilot, "✗ 'pro duction' cannot be an environment")
        await until_said(pilot, "night-job")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(console.screen, KeysScreen), "the table")
        assert console.screen.query_one("#keys").has_focus


async def test_editing_changes_only_what_was_changed(console: Console, fleet: LocalVault) -> None:
    before = fleet.find("legacy-crm")
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await point_at(pilot, "legacy-crm")
        await pilot.press("E")
        await until(pilot, lambda: isinstance(console.screen, EditScreen), "the form")
        fill(pilot, owner="crm-team")
        await until_said(pilot, "keytui --profile test edit legacy-crm --owner crm-team")
        await pilot.click("#do")
        await until_said(pilot, "✓ saved legacy-crm")
        await until(pilot, lambda: "crm-team" in said(pilot).split("saved")[0], "the new owner in its row")
    after = fleet.find("legacy-crm")
    assert after.owner == "crm-team"
    assert (after.scopes, after.expires_at, after.description) == (before.scopes, before.expires_at, before.description)


async def test_disabling_and_enabling_again(console: Console, fleet: LocalVault, clock: StoppedClock) -> None:
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await point_at(pilot, "legacy-crm")
        await pilot.press("D")
        await until_said(pilot, "Disable legacy-crm?", "keytui --profile test disable legacy-crm")
        await confirm(pilot, note="leak suspected")
        await until_said(pilot, "✓ disabled: legacy-crm", "‖ disabled")
        assert fleet.find("legacy-crm").state(clock()) is KeyState.DISABLED
        await until(pilot, lambda: isinstance(console.screen, KeysScreen), "the table")
        await pilot.press("D")
        await until_said(pilot, "Enable legacy-crm?", "keytui --profile test enable legacy-crm")
        await confirm(pilot)
        await until_said(pilot, "✓ enabled: legacy-crm")
        assert fleet.find("legacy-crm").state(clock()) is KeyState.ACTIVE
    events = fleet.audit(AuditFilter("key.disabled"), 0, 1).entries
    assert events[0].event.details["note"] == "leak suspected"


async def test_saying_no_changes_nothing(console: Console, fleet: LocalVault, clock: StoppedClock) -> None:
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await point_at(pilot, "legacy-crm")
        await pilot.press("D")
        await until_said(pilot, "Disable legacy-crm?")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(console.screen, KeysScreen), "the table")
    assert fleet.find("legacy-crm").state(clock()) is KeyState.ACTIVE


async def test_revoking_asks_for_the_name(console: Console, fleet: LocalVault, clock: StoppedClock) -> None:
    key = fleet.find("legacy-crm")
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await point_at(pilot, "legacy-crm")
        await pilot.press("X")
        await until_said(pilot, "Revoke legacy-crm?", "This is final", "keytui --profile test revoke legacy-crm")
        dialog = console.screen
        assert isinstance(dialog, RevokeDialog)
        assert dialog.query_one("#act", Button).disabled
        fill(pilot, typed="legacy")
        await pilot.pause()
        assert dialog.query_one("#act", Button).disabled
        dialog.reason = Reason.LEAVER
        await confirm(pilot, note="left the company", typed="legacy-crm")
        await until_said(pilot, "✓ revoked: legacy-crm")
    assert fleet.detail(key.id).summary.key.state(clock()) is KeyState.REVOKED
    assert fleet.audit(AuditFilter("key.revoked"), 0, 1).entries[0].event.details["reason"] == "leaver"


async def test_several_at_once_are_all_told_even_when_one_fails(
    console: Console, fleet: LocalVault, clock: StoppedClock
) -> None:
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await point_at(pilot, "ci-deploy")
        await pilot.press("space", "space")
        await until_said(pilot, "✓ 2 marked")
        await pilot.press("D")
        await until_said(pilot, "Disable these 2 keys?")
        fleet.revoke(fleet.find("ci-deploy").id, None, Reason.COMPROMISE, "meanwhile")
        await confirm(pilot)
        await until_said(pilot, "✓ disabled: legacy-crm", "✗ ci-deploy: ")
    assert fleet.find("legacy-crm").state(clock()) is KeyState.DISABLED


async def test_rotate_opens_the_wizard_for_one_and_the_list_for_several(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await point_at(pilot, "legacy-crm")
        await pilot.press("R")
        await until(pilot, lambda: isinstance(console.screen, WizardScreen), "the wizard")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(console.screen, KeysScreen), "the table")
        await pilot.press("space", "space", "R")
        await until(pilot, lambda: isinstance(console.screen, RotateMarkedScreen), "the marked keys")
        await until_said(pilot, "legacy-crm", "partner-export")


async def test_the_id_or_the_prefix_goes_to_the_clipboard_and_never_a_secret(
    console: Console, fleet: LocalVault
) -> None:
    summary = fleet.detail(fleet.find("legacy-crm").id).summary
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await point_at(pilot, "legacy-crm")
        await pilot.press("y")
        await until_said(pilot, f"sent to your terminal's clipboard: {summary.key.id}")
        assert console.clipboard == summary.key.id
        await pilot.press("Y")
        await until(pilot, lambda: console.clipboard == summary.version.prefix, "the prefix")


async def test_importing_a_file_shows_what_it_would_take_first(
    console: Console, fleet: LocalVault, tmp_path: Path
) -> None:
    value = "tk_" + "a1b2c3d4" * 4
    env = tmp_path / ".env"
    env.write_text(f"CHECKOUT_API_KEY={value}\nPORT=8080\n")
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await keys(pilot)
        await pilot.press("F")
        await until_said(pilot, "Import a .env file")
        fill(pilot, path=str(env), owner="payments")
        await pilot.press("enter")
        await until_said(pilot, "✓ 1 to import", "checkout-api-key   from CHECKOUT_API_KEY", "PORT")
        assert value not in said(pilot)
        await pilot.click("#do")
        await until_said(pilot, "1 imported, 0 were there already")
    assert fleet.find("checkout-api-key").owner == "payments"
    assert fleet.check(Secret(value), (), Caller.called("web")).key_name == "checkout-api-key"


async def test_an_older_copy_in_the_vaults_place_is_not_armed(
    read_only_console: Callable[[], Console], fleet: LocalVault
) -> None:
    fleet._ground.ledger.remember(Head(9999, "0" * 64))
    async with read_only_console().run_test(size=SIZE, notifications=True) as pilot:
        await until_said(pilot, "READ-ONLY  (backup reconcile)")
        await pilot.press("W")
        await until_said(pilot, "came from a backup", "older copy", "decide on its host")
        assert not isinstance(pilot.app.screen, ArmDialog), "nothing is asked that leads nowhere"


async def test_read_only_says_why_and_typing_the_name_arms_it(
    read_only_console: Callable[[], Console], fleet: LocalVault, clock: StoppedClock
) -> None:
    console = read_only_console()
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await point_at(pilot, "legacy-crm")
        await until_said(pilot, "READ-ONLY  (:write)")
        await pilot.press("D")
        await until_said(pilot, "test is read-only: no way to disable", ":write arms it for 15 minutes")
        assert isinstance(console.screen, KeysScreen)
        await pilot.press("colon", *"write")
        await until_said(pilot, "Arm a read-only profile")
        await pilot.press("enter")
        await until_said(pilot, "Arm test for writing?")
        await confirm(pilot, typed="test")
        await until_said(pilot, "▲ WRITE armed 15 m")
        await until(pilot, lambda: isinstance(console.screen, KeysScreen), "the table")
        await pilot.press("D")
        await confirm(pilot)
        await until_said(pilot, "✓ disabled: legacy-crm")
    assert fleet.find("legacy-crm").state(clock()) is KeyState.DISABLED


async def test_the_name_and_enter_twice_arm_it_however_fast_and_another_name_is_told(
    read_only_console: Callable[[], Console], fleet: LocalVault
) -> None:
    console = read_only_console()
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await keys(pilot)
        await pilot.press("W")
        await until_said(pilot, "Arm test for writing?")
        await pilot.press(*"tset", "enter", "enter")
        await until_said(pilot, "type test first: that is not it")
        assert isinstance(console.screen, ArmDialog)
        fill(pilot, typed="")
        for key in (*"test", "enter", "enter"):
            console.post_message(events.Key(key, key if len(key) == 1 else "\r"))
        await until_said(pilot, "▲ WRITE armed 15 m")
        await until(pilot, lambda: isinstance(console.screen, KeysScreen), "the table")


@pytest.mark.parametrize(
    ("edit", "expires", "command"),
    [
        (KeyEdit(owner="a b"), "", "keytui edit legacy-crm --owner 'a b'"),
        (KeyEdit(never_expires=True), "", "keytui edit legacy-crm --expires never"),
        (KeyEdit(scopes=("a", "b"), sensitive=False), "", "keytui edit legacy-crm --scope a --scope b --no-sensitive"),
    ],
)
def test_the_command_says_what_the_form_says(edit: KeyEdit, expires: str, command: str) -> None:
    assert for_edit(Key("k1", "legacy-crm", "production", NOON), edit, expires) == command
