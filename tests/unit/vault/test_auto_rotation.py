"""Keys that rotate by themselves: what one run after another does."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from keytui.domain.alerts import AlertKind
from keytui.domain.audit import Actor, AuditFilter
from keytui.domain.automation import Outcome, Selection, TurnLost, What
from keytui.domain.errors import ReadOnly, Refused
from keytui.domain.keys import Key, KeyDraft, KeyEdit
from keytui.domain.rotation import Plan, Reason, RotationState
from keytui.domain.secrets import Secret
from keytui.probes.key_probe import Answer
from keytui.probes.key_probe import Outcome as Probed
from keytui.server.background import Background, LeftToOthers
from keytui.server.jobs import JobSettings, server_jobs
from keytui.targets.target import Abilities
from keytui.vault.alert_delivery import AlertDelivery
from keytui.vault.auto_rotation import run_due
from keytui.vault.auto_rotation_turn import LENGTH
from keytui.vault.delivering import Delivering
from keytui.vault.delivery_targets import load_targets
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Delivery
from keytui.vault.profile import Profile
from tests.contract.acts import request, use
from tests.postgresql import vault_database
from tests.unit.vault.shop import DAY, HOUR, QUICK, Place, Shop
from tests.world import eventually


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    opened = Shop.open(tmp_path / "vault")
    yield opened
    opened.close()


def only(shop: Shop) -> Outcome:
    """What a run did to the one key that was due."""
    report = shop.run()
    assert report is not None
    (outcome,) = report.outcomes
    return outcome


def test_a_due_key_gets_its_next_version_in_every_place(shop: Shop) -> None:
    shop.furnish(Place("env"), Place("ci", readable=False))
    shop.pass_(24)

    assert only(shop).what is What.ROTATED

    assert shop.standing() == {"env": 2, "ci": 2}
    assert shop.accepted() == [1, 2]
    rotation = shop.vault.rotation(1)
    assert rotation.rotation.state is RotationState.OVERLAPPING
    assert [(one.target, one.state) for one in rotation.deliveries] == [
        ("env", "begun"),
        ("env", "proven"),
        ("ci", "begun"),
        ("ci", "sent"),
    ]
    actors = {entry.actor for entry in shop.vault.audit(AuditFilter(type="rotation"), 0, 10).entries}
    assert all(re.fullmatch(r"auto-rotation@.+", actor) for actor in actors)
    report = shop.run()
    assert report is not None
    assert report.outcomes == ()


def test_the_two_newest_stay_valid_until_the_next_run_is_due(shop: Shop) -> None:
    shop.furnish(Place("env"))
    shop.pass_(24)
    shop.run()
    shop.pass_(23)
    shop.run()
    assert shop.accepted() == [1, 2]

    shop.pass_(1)
    assert only(shop).what is What.RETIRED
    shop.pass_(2)
    report = shop.run()

    assert report is not None
    assert [one.what for one in report.outcomes] == [What.COMPLETED, What.ROTATED]
    assert shop.accepted() == [2, 3]
    assert shop.standing() == {"env": 3}


def test_without_safe_the_key_is_skipped_and_says_why(shop: Shop) -> None:
    shop.furnish(Place("env"))
    shop.pass_(24)
    shop.run()
    for _ in range(24):
        shop.use_old(1)

    skipped = only(shop)

    assert skipped.what is What.SKIPPED
    assert "v1 cannot go yet, the verdict to retire it is NOT SAFE: " in skipped.note
    assert "forgotten" in skipped.note
    assert shop.accepted() == [1, 2]
    assert shop.note() == skipped.note
    alerts = {alert.signal.kind: alert.signal for alert in shop.vault.tend()}
    assert "shop did not rotate by itself: v1 cannot go yet" in alerts[AlertKind.AUTO_ROTATION].detail
    assert AlertKind.OLD_VERSION_NEAR_END in alerts
    told = shop.vault.audit(AuditFilter(type="auto-rotation.skipped"), 0, 10).total
    shop.run()
    assert shop.vault.audit(AuditFilter(type="auto-rotation.skipped"), 0, 10).total == told == 1


def test_without_keeping_the_previous_goes_as_soon_as_it_is_safe(shop: Shop) -> None:
    shop.furnish(Place("env"), keep_previous=False, every=3 * DAY)
    shop.pass_(72)
    shop.run()
    assert only(shop).what is What.WAITING
    shop.pass_(3)
    assert only(shop).what is What.RETIRED
    shop.pass_(2)
    report = shop.run()
    assert report is not None
    assert [one.what for one in report.outcomes] == [What.COMPLETED, What.WAITING]
    assert shop.accepted() == [2]


@dataclass
class Both(Place):
    """A place that carries the secret before beside the one now, until that is over."""

    @property
    def abilities(self) -> Abilities:
        return replace(super().abilities, carries_both=True)

    def read_previous(self, key: Key) -> Secret | None:
        return self.before

    def settle(self, key: Key, version: int) -> None:
        self.before = None


@dataclass
class Door:
    """A system of the key's: it lets in what is in no list of its own, whatever the vault says."""

    name: str = "ready"
    shut_to: list[Secret | None] = field(default_factory=list)

    def ask(self, secret: Secret) -> Answer:
        outcome = Probed.REFUSED if secret in self.shut_to else Probed.ACCEPTED
        return Answer(outcome, "it says so", timedelta())

    def rehearse(self, stranger: Secret) -> None:
        """It lets no stranger in."""


def test_no_old_version_goes_while_a_system_shuts_the_new_one_out_or_lets_the_old_one_in(shop: Shop) -> None:
    door, place = Door(), Both("env")
    shop.probes.append(door)
    shop.furnish(place, keep_previous=False, every=3 * DAY)
    old = place.holds
    shop.pass_(72)
    shop.run()
    shop.pass_(3)

    door.shut_to = [place.holds]
    assert only(shop).note == "v2 of shop is refused at ready, although it is in force"
    assert shop.accepted() == [1, 2]

    door.shut_to = []
    assert only(shop).what is What.RETIRED
    shop.pass_(2)
    assert only(shop).note == "v1 of shop is STILL ACCEPTED at ready, although it is over"
    assert shop.vault.rotation(1).rotation.state is RotationState.SUSPENDED

    door.shut_to = [old]
    assert shop.run() is not None
    assert shop.vault.rotation(1).rotation.state is RotationState.COMPLETED


def test_who_is_cut_off_by_a_suspension_gets_in_again(shop: Shop) -> None:
    shop.furnish(Place("env"), keep_previous=False, every=3 * DAY)
    shop.pass_(72)
    shop.run()
    shop.pass_(3)
    shop.run()
    assert shop.accepted() == [2]
    shop.clock.advance(HOUR)
    shop.reporter.flush(shop.clock(), use(shop.key_id, 1, shop.clock(), "nightly", accepted=0, refused=3))

    restored = only(shop)

    assert restored.what is What.RESTORED
    assert "v1 was still wanted" in restored.note
    assert shop.accepted() == [1, 2]


def test_missed_runs_are_caught_up_once(shop: Shop) -> None:
    shop.furnish(Place("env"))
    shop.pass_(24 * 5)

    shop.run()

    assert [one.number for one in shop.versions()] == [2, 1]
    assert shop.vault.auto_rotations()[0].next_at == shop.clock() + DAY


@pytest.mark.parametrize("fault", ["away", "refuses", "cut off before", "cut off after"])
@pytest.mark.parametrize("readable", [True, False])
def test_a_failing_place_stops_those_behind_it_and_is_caught_up(shop: Shop, fault: str, readable: bool) -> None:
    first, second, third = Place("a"), Place("b", readable=readable, reversible=True), Place("c")
    shop.furnish(first, second, third)
    shop.pass_(24)
    second.fault = fault

    assert "b" in only(shop).note
    shop.see_that_nobody_is_cut_off()
    assert third.delivered == 0

    second.fault = ""
    shop.pass_(1)
    assert only(shop).what is What.ROTATED
    assert len(set(shop.standing().values())) == 1
    shop.see_that_nobody_is_cut_off()
    assert shop.note() == ""


def test_a_secret_that_is_lost_and_may_be_held_is_never_revoked(shop: Shop) -> None:
    blind, behind = Place("blind", readable=False), Place("behind")
    shop.furnish(blind, behind)
    shop.pass_(24)
    blind.fault = "cut off after"
    shop.run()
    blind.fault = ""

    stuck = only(shop)

    assert "the secret of v2 is lost, and blind may hold it" in stuck.note
    shop.see_that_nobody_is_cut_off()


def test_a_place_that_puts_back_something_else_is_not_believed(shop: Shop) -> None:
    """Its memory may hold a version that was revoked long ago."""
    place, blind = Place("env", reversible=True), Place("blind", readable=False)
    blind.fault = "cut off before"
    shop.furnish(place, blind)
    key = shop.vault.find(shop.key_id)
    shop.pass_(24)
    shop.run()
    place.before = Secret("tk_of_long_ago")
    delivering = Delivering(shop.vault, key, [place], shop.clock, lambda: None)

    assert delivering.put_back(shop.vault.rotation(1).rotation) == ("env",)

    with pytest.raises(Refused, match="env, blind may hold v2"):
        shop.vault.abandon(1, "")


def test_a_secret_that_is_in_use_has_arrived(shop: Shop) -> None:
    blind = Place("blind", readable=False)
    shop.furnish(blind)
    shop.pass_(24)
    blind.fault = "cut off after"
    shop.run()
    shop.pass_(2)

    assert only(shop).what is What.ROTATED
    assert shop.accepted() == [1, 2]


def test_a_failing_place_is_left_alone_for_longer_and_longer(shop: Shop) -> None:
    place = Place("env")
    shop.furnish(place)
    shop.pass_(24)
    place.fault = "refuses"
    tried = []
    for minutes in (0, 0.5, 0.5, 3, 1, 15, 1, 60, 4):
        shop.clock.advance(timedelta(minutes=minutes))
        shop.run(retry_at_once=False)
        tried.append(place.delivered)
    assert tried == [1, 1, 2, 2, 3, 3, 4, 4, 5], "at once, and after 1, 4, 16 and 64 minutes"


def test_what_speaks_against_a_key_is_its_note(shop: Shop) -> None:
    key = shop.furnish(Place("env"))
    vault = shop.vault
    shop.pass_(24)

    vault.disable(key.id, "")
    assert only(shop).note == "it is disabled"
    vault.enable(key.id, "")
    vault.edit(key.id, KeyEdit(targets=("elsewhere",)))
    missing = only(shop)
    assert (missing.note, missing.elsewhere) == ("no target is called elsewhere here: there are env", True)
    vault.edit(key.id, KeyEdit(targets=()))
    assert only(shop).note == "it has no target, so nobody would receive the new secret"
    vault.edit(key.id, KeyEdit(targets=("env",), sensitive=True))
    assert "second operator" in only(shop).note
    vault.edit(key.id, KeyEdit(sensitive=False))
    theirs = vault.plan(key.id, Plan(), request())
    assert only(shop).note == f"rotation #{theirs.id} is open, and was begun by somebody else"
    vault.abandon(theirs.id, "")
    vault.revoke(key.id, None, Reason.LEAVER, "")
    assert only(shop).note == "it is revoked"
    assert [one.number for one in shop.versions()] == [1]


def test_who_holds_a_rotation_is_left_alone_until_it_is_overdue(shop: Shop) -> None:
    shop.furnish(Place("env"), keep_previous=False, every=3 * DAY)
    shop.pass_(72)
    shop.run()
    shop.vault.take_over(1)
    shop.pass_(3)
    assert only(shop).what is What.WAITING
    shop.pass_(2)
    assert only(shop).note == "ada@bastion-2 holds rotation #1"


def test_whoever_only_waives_leaves_the_rest_to_us(shop: Shop) -> None:
    shop.furnish(Place("env"), keep_previous=False, every=3 * DAY)
    shop.use_old(1, "once")
    shop.pass_(72)
    shop.run()
    shop.pass_(8)
    assert only(shop).what is What.SKIPPED
    subject = next(reason.subject for reason in shop.vault.verdict(1).reasons if reason.subject)
    shop.vault.waive(1, subject, "it was a test")
    assert only(shop).what is What.RETIRED


def test_a_rotation_that_somebody_rolled_back_waits_for_the_next_time(shop: Shop) -> None:
    place = Place("env")
    shop.furnish(place)
    shop.pass_(24)
    shop.run()
    shop.vault.take_over(1)
    place.roll_back(shop.vault.find("shop"), 2)
    shop.vault.deliver(1, Delivery("env", "failed", shop.clock(), None, "put back"))
    shop.vault.rollback(1, "it did not work")

    assert only(shop).note == "rotation #1 was rolled back"
    shop.pass_(24)
    assert only(shop).what is What.ROTATED
    assert shop.note() == ""


def test_what_a_place_holds_is_not_refused_behind_its_back(shop: Shop) -> None:
    """By the console or the API, which have no targets to put anything back."""
    shop.furnish(Place("env"))
    shop.pass_(24)
    shop.run()

    with pytest.raises(Refused, match="env may hold v2 of shop") as refused:
        shop.vault.rollback(1, "it did not work")

    assert f"`keytui rollback {shop.key_id}` gives them the old secret first" in refused.value.hint
    shop.see_that_nobody_is_cut_off()


def test_a_version_that_some_places_hold_is_neither_replaced_nor_given_up(shop: Shop) -> None:
    first, second = Place("a"), Place("b")
    second.fault = "refuses"
    shop.furnish(first, second)
    shop.pass_(24)
    shop.run()

    for ask in (shop.vault.reissue, lambda number: shop.vault.abandon(number, "")):
        with pytest.raises(Refused, match=r"^a may hold v2 of shop") as refused:
            ask(1)
        assert "keytui " in refused.value.hint

    second.fault = ""
    assert only(shop).what is What.ROTATED
    assert shop.standing() == {"a": 2, "b": 2}


def test_a_key_that_was_rotated_by_hand_is_not_due(shop: Shop) -> None:
    place = Place("env")
    key = shop.furnish(place)
    shop.pass_(23)
    rotation = shop.vault.plan(key.id, Plan(), request())
    issued = shop.vault.issue(rotation.id)
    shop.vault.prove(rotation.id, issued.secret)
    place.holds = issued.secret
    shop.vault.retire(rotation.id, "a test")
    shop.vault.complete(rotation.id, "a test")
    shop.pass_(1)
    assert only(shop).what is What.WAITING
    assert shop.vault.auto_rotations()[0].next_at == shop.clock() + 23 * HOUR


def test_two_keys_in_one_place_are_not_rotated_into_it(shop: Shop) -> None:
    class Fixed(Place):
        def place(self, key: object) -> str:
            return "/srv/one-file"

    place = Fixed("env")
    shop.furnish(place, name="first")
    other = shop.vault.create(KeyDraft("second", "production", targets=("env",)), request())
    shop.vault.enable_auto_rotation(Selection(other.key.id), DAY)
    shop.pass_(30)

    report = shop.run()

    assert report is not None
    assert [one.note for one in report.outcomes] == [
        "target env puts second in the same place: /srv/one-file",
        "target env puts first in the same place: /srv/one-file",
    ]


def test_a_run_takes_each_key_as_it_stands_when_its_turn_comes(shop: Shop) -> None:
    class Meddling(Place):
        """While the first key is delivered, an operator sees to the others."""

        def deliver(self, *what: object) -> None:
            super().deliver(*what)  # type: ignore[arg-type]  # passed on as they came
            shop.vault.disable_auto_rotation(Selection(off.id))
            shop.vault.edit(bare.id, KeyEdit(targets=()))
            shop.vault.edit(grave.id, KeyEdit(sensitive=True))

    place = Meddling("env", readable=False)
    first = shop.furnish(place, name="first")
    off, bare, grave = (shop.furnish(place, name=name) for name in ("off", "bare", "grave"))
    shop.pass_(24)

    report = shop.run()

    assert report is not None
    assert report.outcomes[0].key.id == first.id
    assert {one.key.name: one.what for one in report.outcomes} == {
        "first": What.ROTATED,
        "off": What.WAITING,
        "bare": What.SKIPPED,
        "grave": What.SKIPPED,
    }
    assert [len(shop.vault.detail(key.id).versions) for key in (first, off, bare, grave)] == [2, 1, 1, 1]


@pytest.mark.parametrize("call", [1, 2], ids=["before it is planned", "before it is issued"])
@pytest.mark.parametrize("sensitive", [True, False])
def test_what_is_switched_off_between_two_calls_is_not_rotated(shop: Shop, call: int, sensitive: bool) -> None:
    class Meddling(Place):
        calls = 0

        def rehearse(self, key: Key) -> None:
            self.calls += 1
            if self.calls == call and sensitive:
                shop.vault.edit(key.id, KeyEdit(sensitive=True))
            elif self.calls == call:
                shop.vault.disable_auto_rotation(Selection(key.id))

    shop.furnish(Meddling("env"))
    shop.pass_(24)

    assert "does not rotate by itself any more" in only(shop).note
    assert [one.number for one in shop.versions()] == [1]


def test_a_clock_that_was_a_year_ahead_puts_nothing_off_for_a_year(shop: Shop) -> None:
    """Nor does a process that died with the turn then."""
    year = timedelta(days=365)
    shop.furnish(Place("env"))
    shop.clock.advance(year)
    shop.run()
    assert [one.number for one in shop.versions()] == [2, 1]
    assert shop.vault.take_turn("died", LENGTH) == "died"
    shop.clock.advance(-year)

    held = shop.run()
    assert held is not None
    assert held.held_by, "whoever has it may be at a target"
    shop.clock.advance(LENGTH)
    shop.run()

    (auto,) = shop.vault.auto_rotations()
    assert auto.next_at == shop.clock() + auto.interval
    assert [one.number for one in shop.versions()] == [2, 1], "what was ahead is no reason for another version"
    assert shop.accepted() == [1, 2], "nor to revoke one"


def test_one_runs_at_a_time(shop: Shop) -> None:
    class Slow(Place):
        def deliver(self, *what: object) -> None:
            asked.set()
            assert go.wait(10)
            super().deliver(*what)  # type: ignore[arg-type]  # passed on as they came

    asked, go = threading.Event(), threading.Event()
    shop.furnish(Slow("env"))
    shop.pass_(24)
    first = threading.Thread(target=shop.run)
    first.start()
    assert asked.wait(10)

    second = shop.run()

    go.set()
    first.join(10)
    assert second is not None
    assert (second.outcomes, bool(second.held_by)) == ((), True)
    assert [one.number for one in shop.versions()] == [2, 1]
    assert shop.standing() == {"env": 2}


def test_whoever_was_held_up_for_long_changes_nothing_more(shop: Shop) -> None:
    """It woke up inside a delivery, while another had gone on with the rotation."""

    class Sleepy(Place):
        def deliver(self, *what: object) -> None:
            super().deliver(*what)  # type: ignore[arg-type]  # passed on as they came
            if self.delivered == 1:
                shop.outlive_turn()
                took_over.append(shop.run())

    took_over: list[object] = []
    shop.furnish(Sleepy("a"), Place("b"))
    shop.pass_(24)

    late = shop.run()

    assert late is not None
    assert late.held_by
    assert len(took_over) == 1
    assert [one.number for one in shop.versions()] == [2, 1]
    assert shop.standing() == {"a": 2, "b": 2}
    shop.see_that_nobody_is_cut_off()


def test_a_vault_without_the_turn_refuses_every_change(shop: Shop) -> None:
    key = shop.furnish(Place("env"))
    with pytest.raises(TurnLost):
        shop.vault.automatic("nobody").plan(key.id, Plan(), request())


def test_a_read_only_profile_is_left_alone(shop: Shop, tmp_path: Path) -> None:
    vault = LocalVault.open(Profile("prod", tmp_path / "vault", Actor("ada", "bastion-2"), read_only=True), shop.clock)
    with pytest.raises(ReadOnly):
        run_due(vault, {}, shop.clock)
    vault.close()


def test_a_server_does_it_beside_its_requests(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "consumer.key"
    configuration = tmp_path / "config.toml"
    configuration.write_text(f'[targets.env]\nkind = "file"\npath = "{file}"\n')
    configuration.chmod(0o600)
    key = shop.furnish(Place("env"))
    shop.pass_(24)
    configured = JobSettings.load(configuration)
    jobs = [replace(job, every=0.02) for job in server_jobs(shop.vault, configured) if job.name == "auto-rotation"]
    jobs = [replace(job, run=partial(run_due, shop.vault, load_targets(configuration), shop.clock)) for job in jobs]
    background = Background(shop.vault, jobs)
    background.start()

    eventually(lambda: len(shop.vault.detail(key.id).versions) == 2 and file.exists(), within=20)

    background.close(10)
    assert Secret(file.read_text()).prefix() == shop.versions()[0].prefix


def test_a_server_without_a_target_leaves_the_job_to_one_that_has_it(shop: Shop) -> None:
    shop.furnish(Place("env"))
    shop.pass_(24)
    jobs = server_jobs(shop.vault, JobSettings({}, (), AlertDelivery(), lambda _key: ()))
    rotating = next(job for job in jobs if job.name == "auto-rotation")

    with pytest.raises(LeftToOthers):
        rotating.run()


def test_several_servers_on_one_postgresql_rotate_each_key_once(tmp_path: Path) -> None:
    with vault_database(tmp_path / "vault") as database:
        shop = Shop.open(tmp_path / "vault", database)
        profile = Profile("prod", tmp_path / "vault", Actor("grace", "bastion-3"), database=database)
        other = LocalVault.open(profile, shop.clock, policies=QUICK)
        shop.furnish(Place("a"), Place("b"))
        shop.pass_(24)
        vaults = (shop.vault, other) * 4

        with ThreadPoolExecutor(len(vaults)) as pool:
            reports = list(pool.map(lambda vault: run_due(vault, shop.targets, shop.clock), vaults))

        rotated = [one for report in reports for one in report.outcomes if one.what is What.ROTATED]
        assert len(rotated) == 1
        assert (shop.accepted(), shop.standing()) == ([1, 2], {"a": 2, "b": 2})
        shop.pass_(24)
        assert only(shop).what is What.RETIRED
        shop.pass_(2)
        shop.run()
        assert (shop.accepted(), shop.standing()) == ([2, 3], {"a": 3, "b": 3})
        assert shop.vault.verify_audit().broken_at is None
        other.close()
        shop.close()


def test_a_server_whose_clock_is_ahead_does_not_take_a_turn_early(tmp_path: Path) -> None:
    with vault_database(tmp_path / "vault") as database:
        shop = Shop.open(tmp_path / "vault", database)
        profile = Profile("prod", tmp_path / "vault", Actor("grace", "bastion-3"), database=database)
        other = LocalVault.open(profile, lambda: shop.clock() + 6 * LENGTH, policies=QUICK)

        assert shop.vault.take_turn("a", LENGTH) == "a"
        assert other.take_turn("b", LENGTH) == "a"
        assert shop.vault.hold_job("alerts", "a", LENGTH)
        assert not other.hold_job("alerts", "b", LENGTH)
        with pytest.raises(Refused, match="no key"):
            other.automatic("a").enable_auto_rotation(Selection(), DAY)
        shop.vault.end_turn("a")
        assert other.take_turn("b", LENGTH) == "b"
        other.close()
        shop.close()
