"""A sensitive key waits for a second operator: who asked is told so, and another decides in the console."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from keytui.domain.access import Principal, Role
from keytui.domain.approvals import ApprovalState
from keytui.domain.audit import Actor
from keytui.domain.errors import ApprovalNeeded
from keytui.domain.rotation import Plan
from keytui.tui.app import Console
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.contract.acts import created, request
from tests.tui.rotation.walking import opened, said, until, until_said
from tests.world import StoppedClock

SIZE = (120, 36)


@pytest.fixture
def asked_for(vault: LocalVault) -> int:
    """Ada wants to rotate a sensitive key."""
    key = created(vault, "payments-live", sensitive=True).key
    with pytest.raises(ApprovalNeeded) as refused:
        _as(vault, "ada").plan(key.id, Plan(), request())
    return refused.value.approval_id


def _as(vault: LocalVault, name: str) -> LocalVault:
    return vault.acting_as(Principal(Actor(name, "10.0.0.7"), Role.SUPER_ADMIN, operator_id=name))


def _console(vault: LocalVault, name: str, profile: Profile, clock: StoppedClock) -> Console:
    return Console(lambda _: _as(vault, name), profile, clock)


async def test_a_second_operator_approves(
    vault: LocalVault, asked_for: int, profile: Profile, clock: StoppedClock
) -> None:
    async with _console(vault, "grace", profile, clock).run_test(size=SIZE, notifications=True) as pilot:
        await opened(pilot)
        await until_said(pilot, "? 1 to approve")
        await pilot.press("P")
        await until_said(pilot, "? waits", "rotate", "payments-live", "ada@10.0.0.7")
        await pilot.press("A")
        await until_said(
            pilot, "ada@10.0.0.7 wants to rotate payments-live?", f"keytui --profile test approvals approve {asked_for}"
        )
        pilot.app.screen.query_one("#note", Input).value = "as agreed in the call"
        await pilot.click("#act")
        await until_said(pilot, "✓ approved", "grace@10.0.0.7", "as agreed in the call")
        await until(pilot, lambda: "to approve" not in said(pilot), "nothing waits")
        await pilot.press("A")
        await until_said(pilot, "nothing waits here to approve")
    (approval,) = vault.approvals(decided=True)
    assert approval.state is ApprovalState.APPROVED


async def test_nobody_approves_their_own(
    vault: LocalVault, asked_for: int, profile: Profile, clock: StoppedClock
) -> None:
    async with _console(vault, "ada", profile, clock).run_test(size=SIZE, notifications=True) as pilot:
        await opened(pilot)
        await pilot.press("P")
        await until_said(pilot, "? waits")
        shown = pilot.app.screen
        await until(pilot, lambda: not shown.active_bindings["A"].enabled, "a footer that offers no approval")
        assert shown.active_bindings["D"].enabled, "their own is theirs to take back"
        await pilot.press("A")
        await until_said(pilot, "is your own, and approving takes somebody else")
        assert pilot.app.screen is shown
    (approval,) = vault.approvals()
    assert approval.id == asked_for
