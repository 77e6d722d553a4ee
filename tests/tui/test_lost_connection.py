"""A vault that no longer answers: it shows at once, what is on the screen stays and says how old it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from keytui.domain.errors import KeytuiError, Unauthenticated, Unreachable
from keytui.domain.secrets import Secret
from keytui.tui.app import Console
from keytui.tui.screens.token import TokenDialog
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Changes
from keytui.vault.profile import Profile
from keytui.vault.standing import Standing
from tests.tui.rotation.walking import opened, said, until, until_said, until_still
from tests.world import StoppedClock

RIGHT = "kto_another-one"


class Line:
    """A vault whose line can be cut, and whose token can run out."""

    def __init__(self, vault: LocalVault, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failure: KeytuiError | None = None
        changes = vault.changes

        def over_the_line(after: int, timeout: float) -> Changes:
            if self.failure is not None:
                raise self.failure
            return changes(after, timeout)

        def present(token: Secret) -> None:
            if token != Secret(RIGHT):
                raise Unauthenticated("that token opens nothing", "ask for a new one")
            self.failure = None

        monkeypatch.setattr(vault, "changes", over_the_line)
        monkeypatch.setattr(vault, "present", present)


@pytest.fixture
def line(fleet: LocalVault, monkeypatch: pytest.MonkeyPatch) -> Line:
    monkeypatch.setattr("keytui.tui.following.FIRST_PAUSE", 0.01)
    return Line(fleet, monkeypatch)


@pytest.fixture
def remote(line: Line, fleet: LocalVault, profile: Profile, clock: StoppedClock) -> Callable[[], Console]:
    return lambda: Console(lambda _: fleet, profile, clock)


async def test_what_is_shown_stays_and_says_how_old_it_is(
    line: Line, remote: Callable[[], Console], clock: StoppedClock
) -> None:
    async with remote().run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        await until_said(pilot, "checkout-api", "● connected")
        line.failure = Unreachable("the server does not answer", "look whether it runs")
        await until_said(pilot, "✗ unreachable", "as of 13:00:00", "checkout-api")
        clock.advance(timedelta(minutes=2))
        line.failure = None
        await until(pilot, lambda: "● connected" in said(pilot) and "as of" not in said(pilot), "the line again")


async def test_an_expired_token_asks_for_another_and_keeps_the_screen(
    line: Line, remote: Callable[[], Console]
) -> None:
    async with remote().run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        await pilot.press("2")
        await until_said(pilot, "ci-deploy")
        line.failure = Unauthenticated("the token has expired", "ask for a new one")
        await until_said(pilot, "asks for a token", "the token has expired", "✗ no token")
        await pilot.press(*"wrong", "enter")
        await until_said(pilot, "✗ that token opens nothing")
        await pilot.press(*RIGHT, "enter")
        await until(pilot, lambda: not isinstance(pilot.app.screen, TokenDialog), "the dialog closed")
        await until_said(pilot, "● connected", "ci-deploy")
        assert RIGHT not in said(pilot)


async def test_who_goes_on_without_a_token_is_not_asked_at_every_try(line: Line, remote: Callable[[], Console]) -> None:
    async with remote().run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        line.failure = Unauthenticated("the token has expired", "ask for a new one")
        await until_said(pilot, "asks for a token")
        await pilot.press("escape")
        await until_said(pilot, "checkout-api", "✗ no token", "as of")
        line.failure = Unreachable("the server does not answer", "look whether it runs")
        await until_said(pilot, "✗ unreachable")
        line.failure = Unauthenticated("the token has expired", "ask for a new one")
        await until_said(pilot, "✗ no token")
        assert not isinstance(pilot.app.screen, TokenDialog)


async def test_what_was_said_does_not_lie_over_the_buttons_of_a_dialog(
    line: Line, remote: Callable[[], Console]
) -> None:
    async with remote().run_test(size=(120, 36), notifications=True) as pilot:
        await opened(pilot)
        await until_said(pilot, "checkout-api", "● connected")
        line.failure = Unreachable("the server does not answer", "look whether it runs")
        await until_said(pilot, "✗ the server does not answer")
        await pilot.press("D")
        await until(pilot, lambda: "Disable" in said(pilot), "the dialog")
        await until_still(pilot)
        assert not pilot.app.screen.query("Toast"), "what was said stays on the screen below"


async def test_an_expired_token_is_asked_for_as_the_console_opens(
    line: Line, remote: Callable[[], Console], fleet: LocalVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing = fleet.standing

    def over_the_line() -> Standing:
        if line.failure is not None:
            raise line.failure
        return standing()

    monkeypatch.setattr(fleet, "standing", over_the_line)
    line.failure = Unauthenticated("the token has expired", "ask for a new one")
    async with remote().run_test(size=(120, 36)) as pilot:
        await until_said(pilot, "asks for a token", "the token has expired", "✗ no token")
        await pilot.press("escape")
        await until_said(pilot, "✗ the vault cannot be opened", "the token has expired")
        await pilot.press("r")
        await until_said(pilot, "asks for a token")
        await pilot.press(*RIGHT, "enter")
        await opened(pilot)
        await until_said(pilot, "checkout-api", "● connected")
