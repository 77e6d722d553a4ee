"""The hand-over to targets: rehearsed first, told as it happens, and every way on after a failure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from keytui.domain.keys import KeyDraft, KeyEdit, VersionState
from keytui.domain.references import Place, Reference
from keytui.domain.rotation import First, Plan, Reason, RotationState, Strategy
from keytui.domain.secrets import Secret, fingerprint
from keytui.domain.usage import UNKNOWN_CALLER
from keytui.tui.app import Console
from keytui.tui.screens.keys import KeysScreen
from keytui.tui.screens.wizard.hand_over import HandOverScreen
from keytui.vault.delivering import Delivering
from keytui.vault.delivery_targets import load_targets
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Issued
from keytui.vault.profile import Profile
from keytui.vault.progress import Undelivered
from keytui.vault.team_server import TeamServer
from tests.contract.served import entering, serve, stop_serving
from tests.tui.rotation.site import Site
from tests.tui.rotation.test_hygiene import traces
from tests.tui.rotation.walking import (
    Walk,
    choose,
    confirm,
    issue,
    opened,
    paste_back,
    said,
    until,
    until_said,
    wizard,
)
from tests.world import StoppedClock

SIZE = (120, 40)


@pytest.fixture
def key(vault: LocalVault, site: Site) -> Issued:
    """A key of the site, whose first secret stands at its consumer."""
    made = vault.create(KeyDraft("checkout-api", "production", owner="payments", targets=("web", "ci")), "first")
    site.file("web.env", f"DEBUG=1\nAPI_KEY={made.secret.reveal()}\n")
    return made


def versions(vault: LocalVault, key: Issued) -> dict[int, VersionState]:
    return {version.number: version.state for version in vault.detail(key.key.id).versions}


def accepted(vault: LocalVault, text: str) -> bool:
    return vault.check(Secret(text), (), UNKNOWN_CALLER).valid


async def delivering(pilot: Walk, key: Issued, *words: str) -> HandOverScreen:
    """Through the review to the hand-over, which begins to deliver by itself."""
    await wizard(pilot, key.key.id)
    await until_said(pilot, "✓ target 1. web", "✓ target 2. ci")
    screen = await issue(pilot)
    await until_said(pilot, *words)
    return screen


async def test_the_review_says_who_gets_it_in_which_order_and_where(console: Console, key: Issued, site: Site) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await wizard(pilot, key.key.id)
        await until_said(pilot, "✓ target 1. web", "ok: API_KEY in", "proven by reading back")
        await until_said(pilot, "✓ target 2. ci", "sent, never proven", "cannot be put back")
        assert site.web == key.secret.reveal()


async def test_a_target_that_would_fail_closes_the_way_but_in_an_emergency(
    console: Console, vault: LocalVault, key: Issued, site: Site
) -> None:
    (site.home / "web.env").unlink()
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await wizard(pilot, key.key.id)
        await until_said(pilot, "✗ target 1. web", "this has to be mended first", "✓ target 2. ci")
        await pilot.press("enter")
        await until_said(pilot, "▲ target web:")
        assert "● 1 Review" in said(pilot)
        await choose(pilot, "#strategy", Strategy.EMERGENCY)
        await choose(pilot, "#first", First.REPLACE)
        await until_said(pilot, "you may go on all the same, in this emergency")
        await choose(pilot, "#strategy", Strategy.ROLLING)
        site.file("web.env", f"API_KEY={key.secret.reveal()}\n")
        await until_said(pilot, "this has to be mended first")
        await pilot.press("r")
        await until_said(pilot, "✓ target 1. web")
        await pilot.press("enter")
        await until_said(pilot, "It is delivered at once, in this order: web, ci.")


async def test_what_closes_the_way_dims_its_key_and_stands_in_the_palette(
    console: Console, key: Issued, site: Site
) -> None:
    (site.home / "web.env").unlink()

    def closed() -> bool:
        return any(
            active.binding.id == "review.go-on" and not active.enabled
            for active in console.screen.active_bindings.values()
        )

    async with console.run_test(size=SIZE) as pilot:
        await wizard(pilot, key.key.id)
        await until_said(pilot, "✗ target 1. web")
        await until(pilot, closed, "a dimmed key")
        await pilot.press("colon", *"issue")
        await until_said(pilot, "✗ target web:")
        await pilot.press("escape")
        site.file("web.env", f"API_KEY={key.secret.reveal()}\n")
        await pilot.press("r")
        await until(pilot, lambda: not closed(), "a key that acts")
        await choose(pilot, "#reason", Reason.OTHER)
        await until(pilot, closed, "a key that waits for the words")
        await pilot.press("enter")
        await until_said(pilot, "● 1 Review")


async def test_every_target_gets_it_and_the_wizard_goes_on(
    console: Console, vault: LocalVault, key: Issued, site: Site
) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await delivering(pilot, key, "✓ web", "proven: it holds v2", "● ci", "sent: it took v2", "✓ handed over")
        assert site.web == site.ci != key.secret.reveal()
        await pilot.press("H")
        await until_said(pilot, "● 4 Watch", "✓ web proven", "● ci sent")
    assert accepted(vault, site.web)
    assert versions(vault, key) == {1: VersionState.OUTGOING, 2: VersionState.ACTIVE}


async def left_while_it_is_delivered(pilot: Walk, key: Issued, site: Site) -> None:
    """From the hand-over, with one target that takes its time, to the keys."""
    site.file("held", "")
    await delivering(pilot, key, "✓ web", "◌ ci", "asked with v2")
    await pilot.press("escape")
    await until_said(pilot, "Leave while its targets are asked?", "goes on by itself")
    await confirm(pilot)
    await until_said(pilot, "● 3 Hand over", "✓ web", "◌ ci", "asked with v2")
    await pilot.press("escape")
    await until(pilot, lambda: isinstance(pilot.app.screen, KeysScreen), "the keys")


async def test_what_is_under_way_may_be_left_and_its_end_is_told(
    console: Console, vault: LocalVault, key: Issued, site: Site
) -> None:
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await left_while_it_is_delivered(pilot, key, site)
        assert traces(console, vault, site.web) == []
        await pilot.press("q")
        await until_said(pilot, "a change is still on its way", "quit once it has landed")
        (site.home / "held").unlink()
        await until_said(pilot, "✓ v2 of checkout-api is handed over")
    assert site.ci == site.web
    assert vault.rotation(1).rotation.state is RotationState.OVERLAPPING


async def test_what_was_left_and_came_to_no_end_is_told_with_its_rotation(
    console: Console, vault: LocalVault, key: Issued, site: Site
) -> None:
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await left_while_it_is_delivered(pilot, key, site)
        site.down()
        (site.home / "held").unlink()
        await until_said(pilot, "✗ v2 of checkout-api stopped at ci", "its rotation says")
        await wizard(pilot, rotation_id=1)
        await until_said(pilot, "● 3 Hand over", "✓ web", "? ci", "it may hold v2", "D go on")
    assert vault.rotation(1).rotation.state is RotationState.ISSUED


async def test_a_delivery_that_is_gone_on_with_may_be_left_at_once(
    vault: LocalVault, key: Issued, site: Site, clock: StoppedClock, again: Callable[[], Console]
) -> None:
    stopped_at_ci(vault, key, site, clock)
    vault.close()
    site.file("held", "")
    async with again().run_test(size=SIZE, notifications=True) as pilot:
        await wizard(pilot, rotation_id=1)
        await until_said(pilot, "? ci", "D go on")
        await pilot.press("D")
        await until_said(pilot, "◌ ci", "asked with v2")
        await pilot.press("escape")
        await until_said(pilot, "the delivery goes on by itself")
        await until(pilot, lambda: isinstance(pilot.app.screen, KeysScreen), "the keys")
        (site.home / "held").unlink()
        await until_said(pilot, "✓ v2 of checkout-api is handed over")
    assert site.ci == site.web


async def test_the_first_secret_of_a_key_goes_on_to_its_targets_although_its_step_was_left(
    console: Console, key: Issued, site: Site
) -> None:
    site.file("held", "")
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await opened(pilot)
        await console.push_screen(HandOverScreen(key))
        await until_said(pilot, "✓ web", "◌ ci", "asked with v1")
        await pilot.press("escape")
        await confirm(pilot)
        site.down()
        (site.home / "held").unlink()
        await until_said(pilot, "✗ v1 of checkout-api stopped at ci", "rotating the key makes another")


async def test_a_failure_says_what_stands_where_and_another_try_goes_on(
    console: Console, key: Issued, site: Site
) -> None:
    site.down()
    async with console.run_test(size=SIZE) as pilot:
        await delivering(pilot, key, "✓ web", "? ci", "unknown: it may hold v2", "exited with 1", "stopped at ci")
        await until_said(pilot, "D   try again: ci", "K   skip ci", "B   roll back", "esc later")
        site.down(is_down=False)
        await pilot.press("D")
        await until_said(pilot, "✓ web", "has it: it held v2 already", "● ci", "✓ handed over")
    assert site.ci == site.web


async def test_a_target_is_skipped_where_that_is_harmless(
    console: Console, vault: LocalVault, key: Issued, site: Site
) -> None:
    site.down()
    async with console.run_test(size=SIZE) as pilot:
        await delivering(pilot, key, "stopped at ci")
        await pilot.press("K")
        await until_said(pilot, "Skip ci?", "v1 is accepted until you retire")
        await confirm(pilot)
        await until_said(pilot, "○ ci", "skipped", "✓ handed over: every target has v2 but ci, skipped")
    assert vault.rotation(1).rotation.state is RotationState.OVERLAPPING
    assert accepted(vault, key.secret.reveal())


async def test_where_the_old_version_is_over_nothing_is_skipped_and_nothing_goes_back(
    console: Console, key: Issued, site: Site
) -> None:
    site.down()
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await wizard(pilot, key.key.id)
        await choose(pilot, "#strategy", Strategy.IMMEDIATE)
        await until_said(pilot, "--strategy immediate", "✓ target 2. ci")
        await issue(pilot)
        await until_said(pilot, "skip is not possible: v1 is revoked", "roll back is not possible: v1 is revoked")
        await pilot.press("K")
        await until_said(pilot, "▲ ci cannot be skipped")
        await pilot.press("B")
        await until_said(pilot, "▲ there is no way back")


async def test_rolling_back_gives_the_targets_the_old_secret_first(
    console: Console, vault: LocalVault, key: Issued, site: Site
) -> None:
    vault.edit(key.key.id, KeyEdit(targets=("web",)))
    async with console.run_test(size=SIZE) as pilot:
        await wizard(pilot, key.key.id)
        await until_said(pilot, "✓ target 1. web")
        await issue(pilot)
        await until_said(pilot, "✓ handed over")
        await pilot.press("H")
        await until_said(pilot, "● 4 Watch")
        assert site.web != key.secret.reveal()
        await pilot.press("B")
        await until_said(pilot, "whatever holds v2 gets v1 back first", "Where one cannot be put back")
        await confirm(pilot)
        await until_said(pilot, "● 6 Proof", "rotation #1 is rolled back")
    assert site.web == key.secret.reveal()
    assert versions(vault, key) == {1: VersionState.ACTIVE, 2: VersionState.REVOKED}


async def test_what_cannot_be_put_back_is_named_and_nothing_is_revoked(
    console: Console, vault: LocalVault, key: Issued, site: Site
) -> None:
    site.down()
    async with console.run_test(size=SIZE) as pilot:
        await delivering(pilot, key, "stopped at ci")
        await pilot.press("B")
        await confirm(pilot)
        await until_said(pilot, "✓ web", "put back: it holds what it held before v2", "✗ ci", "not put back", "--yes")
    assert site.web == key.secret.reveal()
    assert versions(vault, key) == {1: VersionState.OUTGOING, 2: VersionState.ACTIVE}


def stopped_at_ci(vault: LocalVault, key: Issued, site: Site, clock: StoppedClock) -> str:
    """As a console leaves it that died, or was left, once one target had taken the secret; that secret."""
    site.down()
    rotation = vault.plan(key.key.id, Plan(), "plan")
    issued = vault.issue(rotation.id)
    targets = load_targets(site.home / "config.toml")
    here = Delivering(vault, key.key, [targets["web"], targets["ci"]], clock)
    with pytest.raises(Undelivered):
        here.hand_over(rotation, issued.version, issued.secret)
    site.down(is_down=False)
    return issued.secret.reveal()


async def test_started_again_it_reads_the_secret_back_and_goes_on(
    vault: LocalVault, key: Issued, site: Site, clock: StoppedClock, again: Callable[[], Console]
) -> None:
    secret = stopped_at_ci(vault, key, site, clock)
    vault.close()
    async with again().run_test(size=SIZE) as pilot:
        await wizard(pilot, rotation_id=1)
        await until_said(pilot, "● 3 Hand over", "v2 is on its way to its targets", "✓ web", "has it: it holds v2")
        await until_said(pilot, "? ci", "D go on: read it back")
        await pilot.press("D")
        await until_said(pilot, "● 4 Watch")
    assert site.ci == secret


async def test_started_again_it_is_not_given_up_while_a_target_may_hold_it(
    vault: LocalVault, key: Issued, site: Site, clock: StoppedClock, again: Callable[[], Console]
) -> None:
    stopped_at_ci(vault, key, site, clock)
    vault.close()
    async with again().run_test(size=SIZE, notifications=True) as pilot:
        await wizard(pilot, rotation_id=1)
        await until_said(pilot, "? ci", "A abandon")
        await pilot.press("A")
        await confirm(pilot)
        await until_said(pilot, "✗ may hold v2, and cannot be put back from here: ci")
        await until_said(pilot, "● 3 Hand over", "D go on")
    assert site.web == key.secret.reveal()


async def test_an_operator_who_has_looked_may_say_that_the_one_unsure_target_has_it(
    vault: LocalVault, key: Issued, site: Site, clock: StoppedClock, again: Callable[[], Console]
) -> None:
    stopped_at_ci(vault, key, site, clock)
    vault.close()
    async with again().run_test(size=SIZE) as pilot:
        await wizard(pilot, rotation_id=1)
        await until_said(pilot, "? ci", "H say that it arrived: ci")
        await pilot.press("H")
        await confirm(pilot)
        await until_said(pilot, "● 4 Watch")


async def test_by_hand_beside_the_targets(console: Console, vault: LocalVault, key: Issued, site: Site) -> None:
    """For a consumer without a target: the secret can be taken until the operator goes on."""
    async with console.run_test(size=SIZE) as pilot:
        screen = await delivering(pilot, key, "✓ handed over")
        await paste_back(pilot, screen._secret.reveal())
        await until_said(pilot, "✓ pasted back: it arrived whole; H goes on")
        await pilot.press("f")
        await confirm(pilot, note=str(site.home / "by-hand"))
        await until_said(pilot, "✓ sent to", "mode 0600")
        assert (site.home / "by-hand").read_text() == site.web
        await pilot.press("H")
        await until_said(pilot, "● 4 Watch")


async def test_by_hand_without_a_target_that_has_not_got_it(
    console: Console, vault: LocalVault, key: Issued, site: Site
) -> None:
    site.down()
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        screen = await delivering(pilot, key, "stopped at ci")
        await pilot.press("H")
        await until_said(pilot, "nothing shows yet that it arrived")
        await paste_back(pilot, screen._secret.reveal())
        await until_said(pilot, "H ends the hand-over without the targets that have not got it")
        await pilot.press("H")
        await until_said(pilot, "▲ ci: left with v1, and with it until you retire it.")
        await confirm(pilot)
        await until_said(pilot, "● 4 Watch")
    assert vault.rotation(1).rotation.state is RotationState.OVERLAPPING


async def test_a_target_of_another_machine_is_no_way_from_here(
    console: Console, vault: LocalVault, key: Issued, site: Site
) -> None:
    (site.home / "config.toml").unlink()
    async with console.run_test(size=SIZE) as pilot:
        await wizard(pilot, key.key.id)
        await until_said(pilot, "○ target 1. web", "not asked: it is none of this machine")
        screen = await issue(pilot)
        await until_said(pilot, "✗ stopped: web, ci of checkout-api is none of this machine", "--resume")
        await paste_back(pilot, screen._secret.reveal())
        await until_said(pilot, "it arrived whole")
        await pilot.press("H")
        await confirm(pilot)
        await until_said(pilot, "● 4 Watch")


async def test_the_first_secret_of_a_key_goes_to_its_targets_too(
    console: Console, vault: LocalVault, key: Issued, site: Site
) -> None:
    site.down()
    async with console.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await console.push_screen(HandOverScreen(key))
        await until_said(pilot, "new key", "✓ web", "holds v1", "stopped at ci", "rotating the key makes another")
        assert "skip" not in said(pilot)
        site.down(is_down=False)
        await pilot.press("D")
        await until_said(pilot, "✓ handed over: every target has v1")
        await pilot.press("H")
        await until(pilot, lambda: not isinstance(console.screen, HandOverScreen), "the end of the step")
    assert site.ci == site.web == key.secret.reveal()


async def test_over_a_server_this_machine_delivers_and_reports_by_fingerprint(
    vault: LocalVault, key: Issued, site: Site, profile: Profile, clock: StoppedClock
) -> None:
    enter = entering(vault, site.home, clock)
    away = replace(profile, server=TeamServer(serve(vault).url, Reference(Place.FILE, str(site.home / "ada.token"))))
    try:
        async with Console(enter, away, clock).run_test(size=SIZE) as pilot:
            await wizard(pilot, key.key.id)
            await until_said(pilot, "○ issuer builtin", "✓ target 1. web", "✓ target 2. ci")
            await issue(pilot)
            await until_said(pilot, "✓ web", "proven: it holds v2", "✓ handed over")
            await pilot.press("H")
            await until_said(pilot, "● 4 Watch")
    finally:
        stop_serving()
    told = {one.target: one for one in vault.rotation(1).deliveries}
    assert told["web"].fingerprint == fingerprint(Secret(site.web).digest())
    assert accepted(vault, site.ci)


async def test_after_the_step_no_widget_holds_what_was_delivered(
    console: Console, vault: LocalVault, key: Issued, site: Site
) -> None:
    async with console.run_test(size=SIZE) as pilot:
        screen = await delivering(pilot, key, "✓ handed over")
        assert traces(console, vault, site.web) == []
        await pilot.press("H")
        await until_said(pilot, "● 4 Watch")
        assert traces(console, vault, site.web) == []
        assert not screen._secret
