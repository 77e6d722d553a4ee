"""The Usage mode, walked by its keys over a monitor that says what a test wrote down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from keytui.domain.alerts import AlertKind, Severity
from keytui.domain.audit import Actor
from keytui.domain.errors import Unreachable
from keytui.domain.keys import KeyDraft
from keytui.domain.ranges import RANGES
from keytui.tui.app import Console
from keytui.tui.screens.callers import CallerKeysScreen, CallersScreen
from keytui.tui.screens.key import KeyScreen
from keytui.tui.screens.live import LiveScreen
from keytui.tui.screens.usage import UsageScreen
from keytui.tui.screens.wizard.screen import WizardScreen
from keytui.vault.profile import Profile
from tests.contract.acts import handed_over
from tests.tui.monitoring import ScriptedVault, alert, busy, callers, key, points, quiet
from tests.tui.rotation.walking import Walk, confirm, said, until, until_said
from tests.world import StoppedClock, repeatable_randomness

SIZE = (120, 40)
AN_HOUR = timedelta(hours=1)


@pytest.fixture
def vault(profile: Profile, clock: StoppedClock) -> Iterator[ScriptedVault]:
    """A fleet with a straggler, a refusal burst and three alerts."""
    opened = ScriptedVault.open(profile, clock, repeatable_randomness())
    opened.create(KeyDraft("ci-deploy", "production"), "ci-deploy")
    opened.moment, opened.callers_now = busy(), callers()
    yield opened
    opened.gate.set()
    opened.close()


@pytest.fixture
def console(vault: ScriptedVault, profile: Profile, clock: StoppedClock) -> Console:
    """The console, opened as `keytui top` does."""
    return Console(lambda _: vault, profile, clock, first_mode="usage")


async def monitor(pilot: Walk) -> UsageScreen:
    """The Usage mode, with its first answer."""
    await until_said(pilot, "all keys")
    await until(pilot, lambda: "asking" not in said(pilot), "the monitor")
    screen = pilot.app.screen
    assert isinstance(screen, UsageScreen)
    return screen


def line_with(pilot: Walk, text: str) -> str:
    """The line of the screen that says this."""
    return next((line for line in said(pilot).splitlines() if text in line), "")


async def test_it_tells_rates_refusals_rotations_and_alerts(console: Console) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await monitor(pilot)
        await until_said(pilot, "71/s", "! refused 1.8/s", "last 15 min", "KEYS 5", "ALERTS 3", "ROTATIONS 1")
        assert line_with(pilot, "▌ ci-deploy").split() == [
            *("▌", "ci-deploy", "production", "43", "3.7", "M", "0", "v7", "64%", "v6", "36%"),
            *("▲", "old", "version", "near", "its", "end"),
        ]
        assert "! 212" in line_with(pilot, "partner-export  ")
        assert "[red]x[/red]" in said(pilot)
        assert "no key of ours" in line_with(pilot, "198.51.100.7")
        old, new = line_with(pilot, "old v6"), line_with(pilot, "new v7")
        assert old.index("▇") == new.index("▂"), "both begin at the same time"
        assert old.rindex("▁") == new.rindex("█"), "and end at the same"
        assert "0 to 2,556 in 1 min" in said(pilot), "on one scale"
        assert "12:45 11:45Z" in said(pilot), "times are local, with UTC beside"
        assert line_with(pilot, "not moved, on v6 20s ago").split()[-1] == "4/min"


async def test_nothing_at_all_is_said_in_words(console: Console, vault: ScriptedVault) -> None:
    vault.moment = quiet()
    async with console.run_test(size=SIZE) as pilot:
        await monitor(pilot)
        await until_said(pilot, "KEYS   none: no request was recorded in the last 15 min")
        await until_said(pilot, "ALERTS   none is open", "REFUSED FROM   no address", "ROTATIONS   none is open")
        await pilot.press("enter", "tab", "enter", "tab", "enter", "tab", "enter", "j", "G", "A")
        assert isinstance(console.screen, UsageScreen)


async def test_ranges_go_from_five_minutes_to_ninety_days(console: Console, vault: ScriptedVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await monitor(pilot)
        for each in RANGES[2:]:
            await pilot.press("right_square_bracket")
            await until_said(pilot, f"last {each.label} ")
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: vault.asked[-1][0] == RANGES[-1], "the longest range")
        await until_said(pilot, "same as  keytui --profile test top --range 90d")
        await pilot.press(*["left_square_bracket"] * len(RANGES))
        await until(pilot, lambda: vault.asked[-1][0] == RANGES[0], "the shortest range")
        await until_said(pilot, "last 5 min", "same as  keytui --profile test top --range 5m")


async def test_the_times_under_the_bars_never_look_alike(console: Console, vault: ScriptedVault) -> None:
    day = RANGES[4]
    traffic = busy().rotations[0]
    vault.moment = replace(busy(), rotations=(replace(traffic, old=points(day, (3,)), new=points(day, (3,))),))
    async with console.run_test(size=SIZE) as pilot:
        await monitor(pilot)
        await pilot.press(*["right_square_bracket"] * 3)
        await until_said(pilot, "last 24 h")
        await until(pilot, lambda: "11-20 13:00" in line_with(pilot, " in 24 min"), "today")
        assert "11-19 13:" in line_with(pilot, " in 24 min")


async def test_a_paused_monitor_draws_its_bars_for_another_width(console: Console) -> None:
    async with console.run_test(size=(200, 60)) as pilot:
        await monitor(pilot)
        await pilot.press("p")
        for width in (120, 200, 80):
            await pilot.resize_terminal(width, 60)
            await until(pilot, lambda: "▇" in line_with(pilot, "old v6"), "the bars")
            await pilot.pause()
            assert "…" not in line_with(pilot, "old v6") + line_with(pilot, "0 to 2,556")


async def test_it_is_live_and_asks_one_question_at_a_time(console: Console, vault: ScriptedVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        screen = await monitor(pilot)
        vault.moment = replace(busy(), per_second=1284.0)
        await until_said(pilot, "1,280/s")
        vault.gate.clear()
        before = len(vault.asked)
        await until(pilot, lambda: len(vault.asked) > before, "a question without an answer")
        await pilot.press("r", "r", "right_square_bracket")
        screen._tick_look()
        await pilot.pause()
        assert len(vault.asked) == before + 1
        vault.gate.set()
        await until(pilot, lambda: vault.asked[-1][0] == RANGES[2], "the question that waited")


async def test_paused_it_holds_still_and_then_catches_up(
    console: Console, vault: ScriptedVault, clock: StoppedClock
) -> None:
    async with console.run_test(size=SIZE) as pilot:
        screen = await monitor(pilot)
        await pilot.press("p")
        await until_said(pilot, "‖ PAUSED since 13:00:00 12:00Z", "p go on")
        await until(pilot, lambda: not screen._looking, "the answer that was on its way")
        vault.moment = replace(busy(), per_second=1284.0)
        clock.advance(timedelta(minutes=3))
        asked = len(vault.asked)
        held = said(pilot)
        screen._tick_look()
        await pilot.press("right_square_bracket")
        assert len(vault.asked) == asked
        assert said(pilot).splitlines()[3:] == held.splitlines()[3:]
        await pilot.press("r")
        await until_said(pilot, "1,280/s", "PAUSED since 13:03:00")
        vault.moment = busy()
        await pilot.press("p")
        await until_said(pilot, "71/s", "last 15 min")


async def test_a_pause_drops_the_answer_that_was_on_its_way(console: Console, vault: ScriptedVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        screen = await monitor(pilot)
        vault.gate.clear()
        before = len(vault.asked)
        await until(pilot, lambda: len(vault.asked) > before, "a question without an answer")
        await pilot.press("p")
        vault.moment = replace(busy(), per_second=1284.0)
        vault.gate.set()
        await until(pilot, lambda: not screen._looking, "its answer")
        assert "71/s" in said(pilot)


async def test_a_key_drills_to_its_callers_and_a_caller_to_its_keys(console: Console) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await monitor(pilot)
        await pilot.press("enter")
        await until_said(
            pilot, "ci-deploy   who uses it", "CALLERS 2", "same as  keytui --profile test callers ci-deploy"
        )
        assert isinstance(console.screen, CallersScreen)
        assert line_with(pilot, "web ").split() == [
            *("▌", "web", "v7", "43/s", "363", "k", "0"),
            *("22h", "ago", "0s", "ago", "2h"),
        ]
        await pilot.press("j", "l")
        await until_said(pilot, "10.0.3.7 python-httpx/0.28   known by its address", "KEYS 2", "checkout-api", "! 4")
        assert isinstance(console.screen, CallerKeysScreen)
        await pilot.press("p")
        await until_said(pilot, "‖ PAUSED since 13:00:00")
        await pilot.press("escape", "h")
        await monitor(pilot)


async def test_the_key_itself_is_one_step_further(console: Console, vault: ScriptedVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        key_id = vault.find("ci-deploy").id
        vault.callers_now = tuple(replace(row, key_id=key_id) for row in callers())
        vault.moment = replace(busy(), keys=(replace(busy().keys[0], key_id=key_id),))
        await monitor(pilot)
        await pilot.press("enter")
        await until_said(pilot, "CALLERS 3")
        await pilot.press("o")
        await until(pilot, lambda: isinstance(console.screen, KeyScreen), "the key")
        await pilot.press("escape", "enter")
        await until_said(pilot, "KEYS 1")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(console.screen, KeyScreen), "the key")


async def test_tab_goes_from_part_to_part_and_enter_opens_what_each_shows(
    console: Console, vault: ScriptedVault, clock: StoppedClock
) -> None:
    key_id = vault.find("ci-deploy").id
    rotation, _ = handed_over(vault, key_id)
    traffic = replace(busy().rotations[0], rotation=rotation)
    near_end = replace(busy().alerts[1].signal, rotation_id=rotation.id)
    unused = replace(busy().alerts[2].signal, key_id=key_id)
    alerts = (busy().alerts[0], replace(busy().alerts[1], signal=near_end), replace(busy().alerts[2], signal=unused))
    refused = replace(busy().refused_from[0], keys=("ci-deploy",))
    vault.moment = replace(busy(), rotations=(traffic,), alerts=alerts, refused_from=(refused, busy().refused_from[1]))
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await monitor(pilot)
        await pilot.press("tab")
        await until_said(pilot, "▌ ! critical")
        assert "▌ ci-deploy" not in said(pilot), "one cursor tells where the keys go"
        await pilot.press("enter")
        await until_said(pilot, "this alert is about no key of ours")
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(console.screen, WizardScreen), "the alert's rotation")
        await pilot.press("escape", "j", "enter")
        await until(pilot, lambda: isinstance(console.screen, KeyScreen), "the alert's key")
        await pilot.press("escape", "tab", "enter")
        await until(pilot, lambda: isinstance(console.screen, KeyScreen), "the key that was refused")
        await pilot.press("escape", "j", "enter")
        await until_said(pilot, "these secrets belong to no key of ours")
        await pilot.press("tab", "G", "enter")
        await until(pilot, lambda: isinstance(console.screen, WizardScreen), "the rotation")
        await pilot.press("escape", "tab", "enter")
        await until(pilot, lambda: isinstance(console.screen, CallersScreen), "the keys come again")
        await pilot.press("escape", "shift+tab", "enter")
        await until(pilot, lambda: isinstance(console.screen, WizardScreen), "and the rotations before them")


async def test_an_alert_is_acknowledged_with_a_note_in_a_paused_screen_too(
    console: Console, vault: ScriptedVault
) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await monitor(pilot)
        await pilot.press("p", "tab", "A")
        await until_said(pilot, "Acknowledge this alert?", "212 refusals of partner-export", "what is done about it")
        assert pilot.app.screen.query_one("#act").disabled, "a note is asked for"
        await confirm(pilot, note="partner called, their job is stopped")
        await until_said(pilot, "✓ critical", "✓ ada@bastion-2: part")
        assert "✓ " in line_with(pilot, "partner-export  "), "its key's row knows of it too"
        await pilot.press("shift+tab", "A")
        await until_said(pilot, "10.0.3.7 still uses v6 of ci-deploy")
        await pilot.press("escape", "j", "A")
        assert isinstance(console.screen, UsageScreen), "the second key has no alert"


async def test_the_most_serious_alerts_stay_in_sight_while_more_come_in(console: Console, vault: ScriptedVault) -> None:
    async with console.run_test(size=(120, 30)) as pilot:
        await monitor(pilot)
        lesser = [alert(90 + n, Severity.WARNING, AlertKind.EXPIRING, f"key-{n} expires") for n in range(9)]
        worst = [alert(70 + n, Severity.CRITICAL, AlertKind.LEAK, f"web-{n} has leaked") for n in range(12)]
        vault.moment = replace(vault.moment, alerts=tuple(lesser))
        await until_said(pilot, "key-0 expires")
        vault.moment = replace(vault.moment, alerts=(*worst, *lesser))
        await until_said(pilot, "web-0 has leaked")


@pytest.mark.parametrize(("size", "words"), [((120, 40), "refused 4,300/s"), ((60, 20), "4,300/s")])
async def test_no_number_is_too_large_for_the_line(
    console: Console, vault: ScriptedVault, size: tuple[int, int], words: str
) -> None:
    vault.moment = replace(vault.moment, refused_per_second=4321.0)
    async with console.run_test(size=size) as pilot:
        await until_said(pilot, words)


async def test_a_read_only_profile_says_why_nothing_is_acknowledged(
    vault: ScriptedVault, profile: Profile, clock: StoppedClock
) -> None:
    guarded = Profile(profile.name, profile.directory, Actor("ada", "bastion-2"), read_only=True)

    def opened(_: Profile) -> ScriptedVault:
        second = ScriptedVault.open(guarded, clock)
        second.moment = busy()
        return second

    console = Console(opened, guarded, clock, first_mode="usage")
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await monitor(pilot)
        await pilot.press("tab", "A")
        await until_said(pilot, "test is read-only: no way to acknowledge", ":write arms it")
        assert isinstance(console.screen, UsageScreen)


async def test_a_vault_that_does_not_answer_is_said_once_and_the_rows_stay(
    console: Console, vault: ScriptedVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    async with console.run_test(size=SIZE) as pilot:
        screen = await monitor(pilot)
        monkeypatch.setattr(screen, "tell", lambda message, *_, **__: told.append(message))

        def gone(*_: object) -> None:
            vault.asked.append((RANGES[0], 0))
            raise Unreachable("the vault is gone")

        monkeypatch.setattr(vault, "monitor", gone)
        before = len(vault.asked)
        await until(pilot, lambda: len(vault.asked) >= before + 3, "three questions")
        assert told == ["the vault is gone"]
        assert "ci-deploy" in said(pilot)


async def test_the_vault_is_tended_while_the_console_is_open(console: Console, vault: ScriptedVault) -> None:
    async with console.run_test(size=SIZE) as pilot:
        await monitor(pilot)
        await until(pilot, lambda: vault.tended > 0, "tending")


async def test_a_thousand_busy_keys_are_asked_for_as_far_as_they_are_seen(
    console: Console, vault: ScriptedVault
) -> None:
    keys = tuple(key(f"service-{at}", 1000.0 - at, (1, 100)) for at in range(1000))
    vault.moment = replace(busy(), keys=keys, total_keys=1000)
    async with console.run_test(size=SIZE) as pilot:
        await monitor(pilot)
        await until_said(pilot, "/1,000")
        assert max(limit for _, limit in vault.asked) <= 100
        await pilot.press("G")
        await until_said(pilot, "service-999")
        await pilot.press("g")
        await until_said(pilot, "▌ service-0 ")


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 60)])
async def test_names_rates_refusals_and_alerts_stay_at_any_size(console: Console, size: tuple[int, int]) -> None:
    async with console.run_test(size=size) as pilot:
        await until_said(pilot, "ci-deploy  ", "43", "! 212 ", "! 1.8/s" if size[0] < 110 else "refused 1.8/s")
        await until_said(pilot, "ALERTS 3", "! critical", "203.0.113.9", "ROTATIONS 1", "▲ old version")
        assert all(len(line) <= size[0] for line in said(pilot).splitlines())
        await pilot.press("shift+tab")
        await until_said(pilot, "old v6", "new v7", "✗ 10.0.3.7", "ALERTS 3")


async def test_an_alert_under_the_cursor_is_told_in_full_where_its_line_is_cut(console: Console) -> None:
    async with console.run_test(size=(60, 20)) as pilot:
        await monitor_at_any_size(pilot)
        await pilot.press("tab")
        await until_said(pilot, "! critical  212 refusals of partner-export from", "203.0.113.9 in 2 min")
        await pilot.press("tab")
        await until(pilot, lambda: "203.0.113.9 in 2 min" not in said(pilot), "the end of the line")


async def test_every_key_in_every_state_leaves_a_screen_that_lives(console: Console, vault: ScriptedVault) -> None:
    keys = ("p", "left_square_bracket", "right_square_bracket", "G", "g", "pagedown", "pageup", "k", "j", "r", "A")
    async with console.run_test(size=(80, 24)) as pilot:
        for moment in (busy(), quiet()):
            vault.moment = moment
            screen = await monitor_at_any_size(pilot)
            for _ in range(4):
                for press in keys:
                    await pilot.press(press)
                    if console.screen is not screen:
                        await pilot.press("escape")
                await pilot.press("tab")
            assert console.screen is screen
            assert not screen._failed


async def monitor_at_any_size(pilot: Walk) -> LiveScreen:
    """The Usage mode where the line above it has no room for words."""
    await until(pilot, lambda: "KEYS " in said(pilot) and "asking" not in said(pilot), "the monitor")
    screen = pilot.app.screen
    assert isinstance(screen, LiveScreen)
    return screen
