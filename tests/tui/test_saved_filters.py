"""Filters by name in the console: kept from the filter line, recalled there and by the palette."""

from __future__ import annotations

from textual.widgets import Input

from keytui.tui.app import Console
from keytui.tui.screens.audit import AuditScreen
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.vault.saved_filters import load_filters
from tests.tui.rotation.walking import confirm, until, until_said
from tests.tui.walking import keys


async def test_a_filter_is_kept_and_recalled_in_keys_and_audit(
    console: Console, fleet: LocalVault, profile: Profile
) -> None:
    async with console.run_test(size=(120, 30), notifications=True) as pilot:
        screen = await keys(pilot)
        await pilot.press("f")
        await until_said(pilot, "there is no filter to keep")
        screen.query_one("#filter", Input).value = "env:staging"
        await until_said(pilot, "2 keys")
        await pilot.press("f")
        await until_said(pilot, "keytui --profile test filters save NAME env:staging")
        await confirm(pilot, note="a b")
        await until_said(pilot, "cannot name a filter")
        await pilot.press("f")
        await confirm(pilot, note="stage")
        await until_said(pilot, "kept: @stage recalls it")
        assert [each.outcome for each in console.command_log.entries][-1] == "done"
        screen.query_one("#filter", Input).value = "@nothing"
        await until_said(pilot, "no filter is saved as 'nothing'", "stage")
        screen.query_one("#filter", Input).value = "@stage 日本"
        await until_said(pilot, "1 key ")
        await pilot.press("f")
        await until_said(pilot, "keytui --profile test filters save NAME env:staging")
        await confirm(pilot, note="both")
        await until_said(pilot, "kept: @both recalls it")
        assert console.command_log.entries[-1].command.endswith("filters save both env:staging '日本'")
        screen.query_one("#filter", Input).value = ""
        await until_said(pilot, "7 keys")
        await pilot.press("colon", *"@stage")
        await until_said(pilot, "filter @stage", "env:staging")
        await until(pilot, lambda: bool(console.screen.query("CommandList")), "the palette's list")
        await pilot.press("down", "enter")
        await until_said(pilot, "2 keys")
        await pilot.press("4")
        await until(pilot, lambda: isinstance(console.screen, AuditScreen), "the log")
        console.screen.query_one("#filter", Input).value = "key.disabled"
        await until_said(pilot, "1 entry")
        await pilot.press("f")
        await confirm(pilot, note="off")
        await until_said(pilot, "kept: @off")
        console.screen.query_one("#filter", Input).value = "@off since:1h"
        await until_said(pilot, "0 entries")
    saved = load_filters(profile)
    assert (dict(saved.keys), dict(saved.audit)) == (
        {"stage": "env:staging", "both": "env:staging 日本"},
        {"off": "key.disabled"},
    )


async def test_a_secret_in_the_filter_line_or_as_a_name_is_neither_asked_about_nor_logged(
    console: Console, fleet: LocalVault
) -> None:
    secret = "tk_0123456789abcdefghijklmnopqrstuv"
    async with console.run_test(size=(120, 30), notifications=True) as pilot:
        screen = await keys(pilot)
        screen.query_one("#filter", Input).value = f"owner:a,{secret}"
        await pilot.press("f")
        await until_said(pilot, "looks like a secret")
        assert console.screen is screen
        screen.query_one("#filter", Input).value = "env:staging"
        await pilot.press("f")
        await confirm(pilot, note=secret)
        await until_said(pilot, "name looks like a secret")
        assert console.command_log.script().count("filters save") == 0
