"""A compromised key in the console: the costs, the choice, what happens, and what becomes of the incident."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Button, Input

from keytui.domain.access import Principal, Role
from keytui.domain.audit import Actor
from keytui.domain.incidents import Closing, IncidentDraft
from keytui.domain.keys import KeyEdit
from keytui.domain.rotation import First, Plan, Reason, Strategy
from keytui.domain.secrets import Secret
from keytui.domain.usage import Caller
from keytui.tui.app import Console
from keytui.tui.screens.incident.closing import CloseIncidentDialog
from keytui.tui.screens.incident.respond import RespondScreen
from keytui.tui.screens.wizard.hand_over import HandOverScreen
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.tui.rotation.walking import paste_back, read_secret, said, until, until_said
from tests.tui.walking import keys, point_at
from tests.world import StoppedClock

SIZE = (120, 36)


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, ...]:
    """Three files that a secret may go to, in this machine's configuration."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("KEYTUI_HOME", str(home))
    paths = tuple(home / f"{name}.env" for name in ("web", "jobs", "ci"))
    tables = [f'[targets.{path.stem}]\nkind = "dotenv"\nfiles = ["{path}"]\nvariable = "API_KEY"\n' for path in paths]
    (home / "config.toml").write_text("\n".join(tables))
    (home / "config.toml").chmod(0o600)
    for path in paths:
        path.write_text("API_KEY=before\n")
        path.chmod(0o600)
    return paths


async def test_the_costs_stand_beside_the_choice_and_leaving_does_nothing(
    console: Console, fleet: LocalVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with console.run_test(size=(60, 20), notifications=True) as pilot:
        await point_at(pilot, "checkout-api")
        await pilot.press("I")
        await until_said(pilot, "‼ checkout-api", "X  revoke first", "v1 is refused at once", "Revoke first", "Not now")
        assert getattr(pilot.app.focused, "id", None) == "keep"
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(console.screen, RespondScreen), "the keys again")
    assert fleet.incidents(open_only=False) == ()
    assert fleet.open_rotation(fleet.find("checkout-api").id) is None


async def test_replacing_first_delivers_then_refuses_and_the_incident_is_noted_and_closed(
    console: Console, fleet: LocalVault, places: tuple[Path, ...]
) -> None:
    key_id = fleet.find("checkout-api").id
    fleet.edit(key_id, KeyEdit(targets=("web", "jobs", "ci")))
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await point_at(pilot, "checkout-api")
        await pilot.press("I")
        await until_said(
            pilot, "until web, jobs, ci have the new secret", "4 callers", "keytui --profile test incident checkout-api"
        )
        await pilot.press("R")
        await until_said(pilot, "ci holds v2", "v1 is revoked here", "Open incident #1")
        await pilot.press("enter")
        await until_said(pilot, "‼ open  #1 checkout-api is compromised", "✗ cut off web-1", "not back")
        await pilot.press("N")
        await until_said(pilot, "Note in incident #1")
        pilot.app.screen.query_one("#note", Input).value = "[b]the laptop[/b] is wiped"
        await pilot.click("#act")
        await until_said(pilot, "✎ note ada@bastion-2  [b]the laptop[/b] is wiped")
        await pilot.press("C")
        await until_said(pilot, "Close incident #1?", "too early to tell", "why it is closed all the same")
        for name in ("cause", "remediation", "lessons", "override"):
            pilot.app.screen.query_one(f"#{name}", Input).value = f"the {name}"
        await pilot.click("#act")
        await until_said(pilot, "✓ closed  #1", "the lessons")
        await pilot.press("N")
        await until_said(pilot, "it is closed: no way to note")
    new = places[2].read_text().partition("=")[2].strip().strip("'\"")
    assert fleet.check(Secret(new), (), Caller.called("test")).version == 2
    (incident,) = fleet.incidents(open_only=False, search="the cause")
    assert incident.override == "the override"


async def test_without_a_target_the_new_secret_is_handed_over_here(
    console: Console, fleet: LocalVault, tmp_path: Path
) -> None:
    """A configuration that cannot be read is in nobody's way."""
    (tmp_path / "home" / "config.toml").write_text("[targets.web]\nkind = 'nothing'\n")
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await point_at(pilot, "checkout-api")
        await pilot.press("I")
        await until_said(pilot, "goes to  you")
        await pilot.press("X")
        await until(pilot, lambda: isinstance(console.screen, HandOverScreen), "the hand-over")
        (old,) = [one for one in fleet.detail(fleet.find("checkout-api").id).versions if one.number == 1]
        assert old.state == "revoked"


async def test_replaced_by_hand_the_stolen_version_is_watched_and_never_forgotten(
    console: Console, fleet: LocalVault
) -> None:
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await point_at(pilot, "checkout-api")
        await pilot.press("I")
        await until_said(pilot, "goes to  you")
        await pilot.press("R")
        await until(pilot, lambda: isinstance(console.screen, HandOverScreen), "the hand-over")
        await paste_back(pilot, await read_secret(pilot))
        await until_said(pilot, "● 4 Watch")
        await pilot.press("escape")
        await until_said(pilot, "‼ open  #1", "✗ v1 of checkout-api is still accepted, for whoever stole it too")
        rotation = fleet.open_rotation(fleet.find("checkout-api").id)
        assert rotation is not None
        fleet.complete(rotation.id, "a test")
        await pilot.press("r")
        await until(pilot, lambda: "still accepted" not in said(pilot), "that it is over")


async def test_targets_are_left_alone_where_the_operator_says_so(
    console: Console, fleet: LocalVault, places: tuple[Path, ...]
) -> None:
    """As `--no-deliver` does: one of them may be what gave the secret away."""
    key_id = fleet.find("checkout-api").id
    fleet.edit(key_id, KeyEdit(targets=("web", "jobs", "ci")))
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await point_at(pilot, "checkout-api")
        await pilot.press("I")
        await until_said(pilot, "goes to  web, jobs, ci")
        await pilot.press("H")
        await until_said(pilot, "goes to  you", "left alone, as you said: web, jobs, ci", "--no-deliver")
        await pilot.press("X")
        await until(pilot, lambda: isinstance(console.screen, HandOverScreen), "the hand-over")
        await paste_back(pilot, await read_secret(pilot))
        await until_said(pilot, "‼ open  #1")
    assert [path.read_text() for path in places] == ["API_KEY=before\n"] * 3
    assert fleet.open_rotation(key_id) is None


async def test_a_profile_that_is_read_only_again_closes_the_choice_and_says_why(
    vault: LocalVault, fleet: LocalVault, profile: Profile, clock: StoppedClock
) -> None:
    guarded = replace(profile, read_only=True)
    async with Console(lambda _: LocalVault.open(guarded, clock), guarded, clock).run_test(
        size=SIZE, notifications=True
    ) as pilot:
        console = pilot.app
        assert isinstance(console, Console)
        await point_at(pilot, "checkout-api")
        await console.push_screen(RespondScreen(fleet.find("checkout-api")))
        closed = "▲ test is read-only: no way to respond; :write arms it for 15 minutes"
        await until_said(pilot, "X  revoke first", closed)
        await pilot.click("#revoke")
        await pilot.press("X")
        await until_said(pilot, "▲ test is read-only: no way to respond")
        number = fleet.open_incident(IncidentDraft("it leaked", (fleet.find("checkout-api").id,))).id
        await console.push_screen(CloseIncidentDialog(fleet.incident(number)))
        await until_said(pilot, "▲ test is read-only: no way to close incident")
        for field in console.screen.query(Input):
            field.value = "so"
        await pilot.pause()
        assert console.screen.query_one("#act", Button).disabled
    assert fleet.incident(number).incident.open
    assert fleet.open_rotation(fleet.find("checkout-api").id) is None


async def test_the_keys_page_tells_of_an_open_incident_and_leads_there_and_on(
    console: Console, fleet: LocalVault
) -> None:
    key_id = fleet.find("checkout-api").id
    number = fleet.open_incident(IncidentDraft("in a [red]log[/red]", (key_id,))).id
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await point_at(pilot, "checkout-api")
        await pilot.press("enter")
        await until_said(pilot, f"‼ incident #{number} is open: in a [red]log[/red]", "I goes to it")
        await pilot.press("I")
        await until_said(pilot, f"‼ open  #{number} in a [red]log[/red]")
        await pilot.press("R")
        await until_said(pilot, "X  revoke first")
        await pilot.press("escape", "escape")
        fleet.close_incident(number, Closing("a log", "wiped", "look twice", "nobody calls here"))
        await until(pilot, lambda: "goes to it" not in said(pilot), "no incident")
        await pilot.press("I")
        await until_said(pilot, "X  revoke first")


async def test_an_incident_of_several_keys_is_gone_on_with_key_by_key(console: Console, fleet: LocalVault) -> None:
    ids = tuple(fleet.find(name).id for name in ("checkout-api", "legacy-crm"))
    fleet.open_incident(IncidentDraft("a laptop is gone", ids))
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await keys(pilot)
        await pilot.press("i")
        await until_said(pilot, "a laptop is gone")
        await pilot.press("enter")
        await until_said(pilot, "‼ open  #1")
        await pilot.press("R")
        await until_said(pilot, "▲ it is about several keys", "I on each of them")


async def test_what_the_hand_over_of_an_emergency_has_delivered_is_not_delivered_twice(
    console: Console, fleet: LocalVault, places: tuple[Path, ...]
) -> None:
    """Its configuration was broken as it began, which is in no emergency's way; then somebody mends it."""
    key_id = fleet.find("checkout-api").id
    fleet.edit(key_id, KeyEdit(targets=("web", "jobs")))
    config = places[0].parent / "config.toml"
    whole = config.read_text()
    config.write_text(whole.replace('kind = "dotenv"', 'kind = "nothing"', 1))
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await point_at(pilot, "checkout-api")
        await pilot.press("I")
        await until_said(pilot, "not delivered from here: web, jobs")
        await pilot.press("X")
        await until(pilot, lambda: isinstance(console.screen, HandOverScreen), "the hand-over")
        await until_said(pilot, "✗ stopped")
        config.write_text(whole)
        places[1].unlink()
        await pilot.press("D")
        await until_said(pilot, "✓ web", "✗ stopped at jobs")
        places[1].touch(0o600)
        await pilot.press("D")
        await until_said(pilot, "has it: it held v2 already", "✓ handed over")
        assert fleet.detail(key_id).versions[0].number == 2
        await pilot.press("H")
        await until_said(pilot, "‼ open  #1 checkout-api is compromised")
    assert [one.state for one in fleet.detail(key_id).versions] == ["active", "revoked"]


async def test_who_may_not_is_told_why(
    vault: LocalVault, fleet: LocalVault, profile: Profile, clock: StoppedClock
) -> None:
    staff = Principal(Actor("eve", "10.0.0.7"), Role.STAFF, operator_id="eve")
    async with Console(lambda _: vault.acting_as(staff), profile, clock).run_test(
        size=SIZE, notifications=True
    ) as pilot:
        await keys(pilot)
        await pilot.press("I")
        await until_said(pilot, "the role staff may not open, note or close incidents")


async def test_the_list_is_one_key_away_and_finds_the_past(console: Console, fleet: LocalVault) -> None:
    for name in ("checkout-api", "legacy-crm"):
        fleet.open_incident(IncidentDraft(f"{name} was in a [red]log[/red]", (fleet.find(name).id,)))
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await keys(pilot)
        await pilot.press("i")
        await until_said(pilot, "‼ open", "legacy-crm was in a [red]log[/red]", "checkout-api was in")
        await pilot.press("slash", *"crm", "enter")
        await until(pilot, lambda: "checkout-api was in" not in said(pilot), "one row")
        await pilot.press("enter")
        await until_said(pilot, "‼ open  #2 legacy-crm was in a [red]log[/red]")


@pytest.mark.parametrize("size", [(60, 20), SIZE])
async def test_an_emergency_that_stopped_says_what_stands_where_and_goes_on_in_one_way(
    console: Console, fleet: LocalVault, places: tuple[Path, ...], size: tuple[int, int]
) -> None:
    """The old version is refused already: neither way costs anything more."""
    key_id = fleet.find("checkout-api").id
    fleet.edit(key_id, KeyEdit(targets=("web", "jobs", "ci")))
    places[1].unlink()
    places[1].mkdir()
    async with console.run_test(size=size, notifications=True) as pilot:
        await point_at(pilot, "checkout-api")
        await pilot.press("I")
        await until_said(pilot, "v1 is refused at once")
        await pilot.press("X")
        await until_said(pilot, "Open incident #1")
        await pilot.press("enter")
        await until_said(pilot, "‼ open  #1", "stopped half-way: v1 is revoked", "✓ web", "has it: it holds v2")
        await until_said(pilot, "✗ jobs", "failed: it holds v1 still", "· ci", "waits: it holds v1 still")
        await until_said(pilot, "R  go on  deliver v2 to jobs, ci")
        await pilot.press("R")
        await until_said(pilot, "O  go on  v1 is revoked already. Go on: deliver v2 to", "Go on", "Not now")
        assert "refused at once" not in said(pilot)
        assert "Revoke first" not in said(pilot)
        await until_said(pilot, "is open (issued), and goes on")
        places[1].rmdir()
        places[1].touch(0o600)
        await pilot.press("X", "R")
        assert fleet.detail(key_id).summary.key.targets == ("web", "jobs", "ci")
        await pilot.press("O")
        await until_said(pilot, "ci holds v2", "Open incident #1")
        await pilot.press("enter")
        await until(pilot, lambda: "stopped half-way" not in said(pilot), "that it is over")
    assert [one.state for one in fleet.detail(key_id).versions] == ["active", "revoked"]


async def test_replacing_first_half_way_leaves_both_ways_and_says_which_goes_on(
    console: Console, fleet: LocalVault, places: tuple[Path, ...]
) -> None:
    key_id = fleet.find("checkout-api").id
    fleet.edit(key_id, KeyEdit(targets=("web", "jobs")))
    rotation = fleet.plan(key_id, Plan(Strategy.EMERGENCY, First.REPLACE, Reason.COMPROMISE), "plan")
    fleet.issue(rotation.id)
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await point_at(pilot, "checkout-api")
        await console.push_screen(RespondScreen(fleet.find("checkout-api")))
        await until_said(pilot, "X  revoke first", "R  replace first", "Go on: issue another version")
        await until_said(pilot, "v1 works on, for", "goes on with replace first, else it is ended")
