"""Usage, audit, the help and the palette."""

from __future__ import annotations

import re
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from textual.widgets import Input

from keytui.domain.audit import AuditFilter
from keytui.domain.keys import KeyDraft
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.tui.app import Console
from keytui.tui.screens.audit import AuditScreen
from keytui.tui.screens.audit_entry import AuditEntryScreen
from keytui.tui.screens.key import KeyScreen
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.contract.acts import created
from tests.tui.rotation.walking import said, until, until_said, until_still
from tests.tui.walking import keys
from tests.world import StoppedClock

SIZE = (120, 36)


async def test_usage_tells_what_the_vault_recorded(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await keys(pilot)
        await pilot.press("3", *["right_square_bracket"] * 3)
        await until_said(pilot, "last 24 h", "checkout-api", "v1 100%", "! 10", "ROTATIONS 1", "ci-deploy")
        await pilot.press("enter")
        await until_said(pilot, "checkout-api   who uses it", "CALLERS 4", "mobile-bff", "10.0.3.7")
        await pilot.press("enter")
        await until_said(pilot, "known by its name", "KEYS 1", "checkout-api")


async def test_usage_of_nothing_says_so(console: Console, vault: LocalVault) -> None:
    created(vault)
    async with console.run_test(size=SIZE) as pilot:
        await keys(pilot)
        await pilot.press("3")
        await until_said(pilot, "KEYS   none: no request was recorded in the last 15 min")


async def test_the_audit_log_is_filtered_by_type_and_key(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await keys(pilot)
        await pilot.press("4")
        await until_said(pilot, "entries", "key.disabled", "rotation.issued")
        await pilot.press("slash", *"rotation")
        await until(pilot, lambda: "key.disabled" not in said(pilot), "rotations only")
        await until_said(pilot, "3 entries", "rotation.planned", "ci-deploy")
        await pilot.press(*" key:nobody")
        await until_said(pilot, "✗")
        assert "rotation.planned" in said(pilot)
        await pilot.press("escape", "escape")
        await until_said(pilot, "key.disabled")


async def test_the_log_is_narrowed_by_facets(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await keys(pilot)
        await pilot.press("4")
        await until_said(pilot, "key.disabled")
        await pilot.press("slash", *"actor:ada since:12h")
        await until(pilot, lambda: "key.created" not in said(pilot), "today's entries")
        await until_said(pilot, "key.disabled")
        await pilot.press(*" version:x")
        await until_said(pilot, "✗ 'x' is no version")


async def test_what_the_filter_shows_is_exported(
    console: Console, fleet: LocalVault, tmp_path: Path, clock: StoppedClock
) -> None:
    path = tmp_path / "for-the-auditor.csv"
    clock.advance(timedelta(days=-400))  # what was written before is dated ahead of now, and belongs to the log too
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await keys(pilot)
        await pilot.press("4", "slash", *"rotation", "enter")
        await until_said(pilot, "3 entries")
        for failure in ("", "is there already"):
            await pilot.press("x")
            await until_said(pilot, "Export 3 entries")
            pilot.app.screen.query_one("#path", Input).value = str(path)
            await pilot.click("#act")
            await until_said(pilot, failure or "3 entries are in")
    assert path.stat().st_mode & 0o777 == 0o600
    head, *rows = path.read_text().splitlines()
    assert head.startswith("sequence,at,actor,type,")
    assert [row.split(",")[3] for row in rows] == ["rotation.delivered", "rotation.issued", "rotation.planned"]


async def test_an_entry_is_told_whole_below_the_table(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await keys(pilot)
        await pilot.press("4", "slash", *"key.disabled", "enter")
        await until_said(pilot, "1 entry", "replaced by the new indexer", "hash ", "previous ")


async def test_an_entry_is_told_whole_at_the_smallest_size(console: Console, fleet: LocalVault) -> None:
    entry = fleet.audit(AuditFilter(type="rotation.issued"), 0, 1).entries[0]
    said_of_it = [entry.actor, entry.hash, entry.previous, f"v{entry.event.version}", *entry.event.details.values()]
    async with console.run_test(size=(60, 20), notifications=True) as pilot:
        await keys(pilot)
        await pilot.press("4", "slash", *"rotation.issued", "enter")
        await until_said(pilot, "1 entry")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(console.screen, AuditEntryScreen), "the entry")
        seen = ""
        for _ in range(len(said_of_it)):
            await until_still(pilot)
            seen += said(pilot)
            await pilot.press("j")
        words = re.sub(r"[\s▌▐█▁▎]", "", seen)
        assert all(re.sub(r"\s", "", harmless(each)) in words for each in said_of_it)
        await pilot.press("enter")
        await until_said(pilot, "ci-deploy   ● active")


async def test_an_entry_without_a_key_is_told_too(console: Console, vault: LocalVault) -> None:
    vault.set_passphrase(Secret("a passphrase of some length"))
    async with console.run_test(size=(60, 20), notifications=True) as pilot:
        await until_said(pilot, "look around a demo")
        await pilot.press("escape", "4")
        await until_said(pilot, "passphrase.set")
        await pilot.press("enter")
        await until_said(pilot, "it is about no key", "ada@bastion-2")
        await pilot.press("enter")
        await until_said(pilot, "this entry is about no key")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(console.screen, AuditScreen), "the log")


async def test_verifying_the_chain_finds_it_whole(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await keys(pilot)
        await pilot.press("4")
        await until_said(pilot, "entries")
        await pilot.press("v")
        await until_said(pilot, "✓ whole:")


async def test_verifying_the_chain_says_what_nobody_has_signed(
    console: Console, fleet: LocalVault, profile: Profile
) -> None:
    head = profile.directory / "audit.head"
    older = head.read_bytes()
    fleet.create(KeyDraft("newest", "production"), "newest")
    head.write_bytes(older)
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await keys(pilot)
        await pilot.press("4")
        await until_said(pilot, "entries")
        await pilot.press("v")
        await until_said(pilot, "✓ whole:", "the log is whole", "newest 1 are")


async def test_verifying_the_chain_finds_an_edit(console: Console, fleet: LocalVault, profile: Profile) -> None:
    database = next(path for path in profile.directory.iterdir() if path.read_bytes()[:6] == b"SQLite")
    with sqlite3.connect(database) as connection:
        for (statement,) in connection.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'").fetchall():
            name = statement.split()[2] if statement.split()[1] == "TRIGGER" else ""
            if "audit" in statement:
                connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE audit SET actor = 'nobody' WHERE sequence = 3")
    connection.close()
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await keys(pilot)
        await pilot.press("4")
        await until_said(pilot, "entries")
        await pilot.press("v")
        await until_said(pilot, "✗ broken at #3")


async def test_the_help_is_what_works_here(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=(120, 50)) as pilot:
        await keys(pilot)
        await pilot.press("question_mark")
        await until_said(pilot, "Keys that work here", "Filter as you type", "Revoke for good", "The audit log")
        assert "Recompute every link" not in said(pilot)
        await pilot.press("escape", "4", "question_mark")
        await until_said(pilot, "Recompute every link")


@pytest.mark.parametrize("key", ["colon", "ctrl+p"])
async def test_the_palette_finds_actions_and_keys(console: Console, fleet: LocalVault, key: str) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await keys(pilot)
        await pilot.press(key, *"legacy")
        await until_said(pilot, "legacy-crm   production")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(console.screen, KeyScreen), "the key")
        await until_said(pilot, "legacy-crm   ● active")


async def test_a_key_that_is_gone_from_the_palette_is_no_accident(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await keys(pilot)
        await pilot.press("colon", *'"half')
        await until_said(pilot, "No matches found")
