"""What a role forbids is shown disabled, and pressed it says why. The vault refuses it too."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from keytui.domain.access import ALLOWED, Principal, Role
from keytui.domain.audit import Actor
from keytui.tui.app import Console
from keytui.tui.permissions import OPERATIONS, why_forbidden
from keytui.tui.screens.keys import KeysScreen
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.tui.rotation.walking import Walk, confirm, opened, until, until_said
from tests.tui.walking import keys
from tests.world import StoppedClock


@pytest.fixture
def console_of(fleet: LocalVault, profile: Profile, clock: StoppedClock) -> Callable[[Role], Console]:
    """The console, as somebody with a role has it open."""

    def make(role: Role) -> Console:
        principal = Principal(Actor("eve", "10.0.0.9"), role)
        return Console(lambda _: fleet.acting_as(principal), profile, clock)

    return make


async def test_staff_sees_what_it_may_not_do_disabled_with_the_reason(console_of: Callable[[Role], Console]) -> None:
    async with console_of(Role.STAFF).run_test(size=(120, 36), notifications=True) as pilot:
        await opened(pilot)
        await until_said(pilot, "eve@10.0.0.9 · staff", "rotate")
        rotate = next(one for one in pilot.app.screen.active_bindings.values() if one.binding.id == "key.rotate")
        assert not rotate.enabled
        await pilot.press("R")
        await until_said(pilot, "the role staff may not", "it takes super_admin")
        await pilot.press("N")
        await until_said(pilot, "may not create")
        assert len(pilot.app.screen_stack) == 1


async def test_the_wizard_of_an_open_rotation_can_be_read_and_nothing_else(
    console_of: Callable[[Role], Console],
) -> None:
    async with console_of(Role.STAFF).run_test(size=(120, 36), notifications=True) as pilot:
        await opened(pilot)
        await pilot.press("2")
        await until_said(pilot, "ci-deploy")
        await pilot.press("enter")
        await until_said(pilot, "Watch", "retire")
        await pilot.press("T")
        await until_said(pilot, "the role staff may not rotate")
        assert not pilot.app.screen.query("#act")


async def test_an_admin_is_offered_everything(console_of: Callable[[Role], Console]) -> None:
    async with console_of(Role.SUPER_ADMIN).run_test(size=(120, 36), notifications=True) as pilot:
        await opened(pilot)
        await until_said(pilot, "super_admin")
        await until(pilot, lambda: _disabled(pilot) <= {"key.reveal"}, "all but what the key's kind forbids")


async def test_the_palette_says_why_the_role_forbids_it(console_of: Callable[[Role], Console]) -> None:
    async with console_of(Role.STAFF).run_test(size=(120, 60), notifications=True) as pilot:
        await opened(pilot)
        await until_said(pilot, "eve@10.0.0.9 · staff", "rotate")
        await pilot.press("colon")
        await until_said(pilot, "✗ the role staff may not rotate: it takes super_admin")
        await pilot.press(*"revoke")
        await until_said(pilot, "✗ the role staff may not revoke: it takes super_admin")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, KeysScreen), "the palette closed")
        await until_said(pilot, "▲ the role staff may not revoke")


async def test_the_palette_and_the_footer_say_that_a_profile_is_read_only_until_it_is_armed(
    fleet: LocalVault, read_only_console: Callable[[], Console]
) -> None:
    async with read_only_console().run_test(size=(120, 60), notifications=True) as pilot:
        screen = await keys(pilot)
        await until(pilot, lambda: "key.rotate" in _disabled(pilot), "a footer that shows it")
        await pilot.press("colon", *"rotate")
        await until_said(pilot, "✗ test is read-only: no way to rotate; :write arms it for 15 minutes")
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen, "the palette closed")
        await pilot.press("W")
        await confirm(pilot, typed="test")
        await until_said(pilot, "▲ WRITE armed 15 m")
        await until(pilot, lambda: "key.rotate" not in _disabled(pilot), "a footer that offers it")


def _disabled(pilot: Walk) -> set[str | None]:
    return {one.binding.id for one in pilot.app.screen.active_bindings.values() if not one.enabled}


@pytest.mark.parametrize("role", list(Role))
def test_the_console_forbids_what_the_table_forbids(role: Role) -> None:
    for action, operation in OPERATIONS.items():
        assert bool(why_forbidden(action, role)) is (operation not in ALLOWED[role])
    assert not why_forbidden("refetch", role)
