"""Sealed values: the passphrase's face, and a reveal that is masked, audited and forgotten."""

from __future__ import annotations

from keytui.domain.audit import AuditFilter
from keytui.domain.keys import KeyDraft, Kind
from keytui.domain.secrets import Secret
from keytui.tui.app import Console
from keytui.tui.screens.keys import KeysScreen
from keytui.tui.screens.reveal import RevealScreen
from keytui.tui.screens.unlock import UnlockDialog
from keytui.vault.local.vault import LocalVault
from tests.tui.rotation.walking import Walk, all_widgets, said, until, until_said
from tests.tui.walking import fill, keys

SIZE = (100, 30)
PASSPHRASE = "correct horse battery staple"
VALUE = "ghp_0123456789abcdefghijABCDEFGHIJ456789"


def sealed(vault: LocalVault) -> None:
    """A sealed token, and the seal closed again."""
    vault.set_passphrase(Secret(PASSPHRASE))
    vault.seal(KeyDraft("github-token", "production", kind=Kind.TOKEN, owner="platform"), Secret(VALUE))
    vault.lock()


async def asked_for_the_passphrase(pilot: Walk, console: Console) -> None:
    await keys(pilot)
    await pilot.press("V")
    await until(pilot, lambda: isinstance(console.screen, UnlockDialog), "the passphrase")
    await until_said(pilot, "▣ Sealed values are locked")


async def test_a_sealed_value_is_revealed_after_the_passphrase(console: Console, vault: LocalVault) -> None:
    sealed(vault)
    async with console.run_test(size=SIZE) as pilot:
        await asked_for_the_passphrase(pilot, console)
        fill(pilot, passphrase=PASSPHRASE)
        assert PASSPHRASE not in said(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(console.screen, RevealScreen), "the reveal")
        await until_said(pilot, "•" * len(VALUE), "in the audit log")
        assert VALUE not in said(pilot)
        await pilot.press("v")
        await until_said(pilot, VALUE, "masked again in")
        assert not any(command.title == "Screenshot" for command in console.get_system_commands(console.screen))
        await pilot.press("v")
        await until(pilot, lambda: VALUE not in said(pilot), "the mask")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(console.screen, KeysScreen), "the table")
        assert not any(VALUE in repr(vars(widget)) for widget in all_widgets(console))
        assert VALUE not in console.clipboard
    entries = vault.audit(AuditFilter("value.revealed"), 0, 10).entries
    assert [entry.event.key_name for entry in entries if not entry.event.refused] == ["github-token"]


async def test_a_wrong_passphrase_says_so_and_empties_the_field(console: Console, vault: LocalVault) -> None:
    sealed(vault)
    async with console.run_test(size=SIZE) as pilot:
        await asked_for_the_passphrase(pilot, console)
        fill(pilot, passphrase="wrong horse")
        await pilot.press("enter")
        await until_said(pilot, "✗ that is not the passphrase")
        assert isinstance(console.screen, UnlockDialog)
        assert console.screen.query_one("#passphrase").value == ""  # type: ignore[attr-defined]  # an Input
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(console.screen, RevealScreen), "the locked face")


async def test_a_key_that_is_a_digest_says_that_it_cannot_come_back(console: Console, vault: LocalVault) -> None:
    vault.create(KeyDraft("checkout-api", "production"), "first")
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await keys(pilot)
        await pilot.press("V")
        await until_said(pilot, "only sealed values come back", "rotate it for a new secret")
