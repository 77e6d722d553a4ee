"""What a role forbids is shown disabled, and pressed it says why. The vault refuses it too."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from keytui.domain.access import ALLOWED, Principal, Role
from keytui.domain.audit import Actor
from keytui.tui.app import Console
from keytui.tui.permissions import OPERATIONS, why_forbidden
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.tui.rotation.walking import opened, until, until_said
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
        await until(pilot, lambda: all(one.enabled for one in pilot.app.screen.active_bindings.values()))


@pytest.mark.parametrize("role", list(Role))
def test_the_console_forbids_what_the_table_forbids(role: Role) -> None:
    for action, operation in OPERATIONS.items():
        assert bool(why_forbidden(action, role)) is (operation not in ALLOWED[role])
    assert not why_forbidden("refetch", role)
