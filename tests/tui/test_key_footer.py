"""The footer is drawn anew where it shows something else, and is left alone otherwise."""

from __future__ import annotations

from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from keytui.tui.app import Console
from keytui.vault.local.vault import LocalVault
from tests.tui.rotation.walking import drawn, until_still
from tests.tui.walking import keys


async def test_it_follows_what_can_be_done_and_is_left_alone_otherwise(console: Console, fleet: LocalVault) -> None:
    async with console.run_test() as pilot:
        screen = await keys(pilot)
        await until_still(pilot)
        shown = list(screen.query_one(Footer).query(FooterKey))
        screen.refresh_bindings()
        await pilot.press("j")
        await until_still(pilot)
        assert shown
        assert list(screen.query_one(Footer).query(FooterKey)) == shown

        await pilot.press("slash")
        await until_still(pilot)
        in_the_filter = {key.description for key in screen.query_one(Footer).query(FooterKey)}
        assert in_the_filter != {key.description for key in shown}

        await pilot.press("escape")
        await until_still(pilot)
        assert [key.description for key in screen.query_one(Footer).query(FooterKey)] == [
            key.description for key in shown
        ]


async def test_it_has_its_blanks_again_after_a_narrow_window(console: Console, fleet: LocalVault) -> None:
    async with console.run_test(size=(80, 24)) as pilot:
        await keys(pilot)
        await pilot.press("X")
        await until_still(pilot)
        before = drawn(pilot)[-1].text
        for size in ((20, 3), (80, 24)):
            await pilot.resize_terminal(*size)
            await until_still(pilot)
        assert drawn(pilot)[-1].text == before
