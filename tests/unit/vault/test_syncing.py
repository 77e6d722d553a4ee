"""Comparing with issuers while the vault itself is at work, on a schedule, and beside platforms that tell little."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.clock import utc_now
from keytui.domain.audit import AuditFilter
from keytui.domain.automation import TurnLost
from keytui.domain.drift import Drift
from keytui.domain.errors import OutcomeUnknown, Refused, Unreachable
from keytui.domain.keys import Key, KeyDraft, KeyEdit, KeyState, VersionState
from keytui.domain.rotation import Plan, Reason
from keytui.domain.secrets import Randomness, Secret
from keytui.issuers.issuer import Abilities, Listed, Mark, NewVersion
from keytui.server.jobs import sync_due
from keytui.vault.local import processes
from keytui.vault.local.issuing.bringing_in import Arrivals
from keytui.vault.local.issuing.comparing import New
from keytui.vault.local.leases import Lease
from keytui.vault.local.section import Write
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.vault.sync_report import SyncReport
from tests.world import NOON, StoppedClock, repeatable_randomness

HOUR = timedelta(hours=1)


@dataclass
class Platform:
    """A platform that makes the values itself and tells of a key its name for it and how it begins."""

    name: str = "platform"
    told: dict[str, Listed] = field(default_factory=dict)
    meanwhile: Callable[[], object] = lambda: None
    """What happens while it tells."""
    loses_answers: bool = False
    made: int = 0

    @property
    def abilities(self) -> Abilities:
        return Abilities(
            lists=True,
            issues=True,
            takes_our_value=False,
            overlaps=True,
            suspends=True,
            tells_last_use=True,
            holds_metadata=True,
            keeps_plaintext=False,
        )

    def has(self, reference: str, value: str = "", **more: object) -> None:
        listed = Listed(Mark("", value[:12], reference), f"key {reference}", VersionState.ACTIVE)
        self.told[reference] = replace(listed, **more)  # type: ignore[arg-type]  # tests name the fields they mean

    def versions(self) -> Iterator[Listed]:
        told = list(self.told.values())
        self.meanwhile()
        return iter(told)

    def look_up(self, mark: Mark) -> Listed | None:
        return self.told.get(mark.reference)

    def rehearse(self) -> tuple[str, ...]:
        return ()

    def fallbacks(self, _mark: Mark) -> tuple[str, ...]:
        return ()

    def new_value(self, _randomness: Randomness) -> Secret:
        raise Refused("it makes its own", "")

    def issue(self, key: Key, _value: Secret | None, _like: Mark | None) -> NewVersion:
        self.made += 1
        value = f"tk_{self.made:04}rlcczf0qtg4rhm4cwn4iish2y043"
        self.has(f"made-{self.made}", value)
        if self.loses_answers:
            raise OutcomeUnknown("the line went down", "look it up")
        return NewVersion(self.told[f"made-{self.made}"], Secret(value))

    def suspend(self, mark: Mark) -> None:
        self.told[mark.reference] = replace(self.told[mark.reference], state=VersionState.SUSPENDED)

    def restore(self, mark: Mark) -> None:
        self.told[mark.reference] = replace(self.told[mark.reference], state=VersionState.ACTIVE)

    def revoke(self, mark: Mark) -> None:
        if mark.reference in self.told and self.told[mark.reference].mark.prefix == mark.prefix:
            del self.told[mark.reference]


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def vault(profile: Profile, clock: StoppedClock, platform: Platform) -> Iterator[LocalVault]:
    issuers = {platform.name: platform, "other": Platform("other")}
    opened = LocalVault.open(profile, clock, repeatable_randomness(), issuers=lambda: issuers)
    yield opened
    opened.close()


def synced(vault: LocalVault) -> SyncReport:
    return vault.sync("platform")


def test_what_a_platform_tells_of_a_key_comes_with_it(vault: LocalVault, platform: Platform) -> None:
    made, used, ends = NOON - 9 * HOUR, NOON - HOUR, NOON + 99 * HOUR
    platform.has("7", "tk_abcdefghijkl", created_at=made, last_used_at=used, expires_at=ends, scopes=("a:read", "\x1b"))
    (key,) = synced(vault).added
    assert (key.name, key.created_at, key.expires_at, key.scopes) == ("key 7", made, ends, ("a:read",))
    detail = vault.detail(key.id)
    (version,) = detail.versions
    assert (version.prefix, version.fingerprint, version.weak) == ("tk_abcdefghi", None, False)
    assert (version.created_at, version.last_used_at, detail.summary.last_used_at) == (made, used, used)
    platform.has("7", "tk_abcdefghijkl", last_used_at=NOON + 9 * HOUR)
    synced(vault)
    assert vault.detail(key.id).summary.last_used_at == NOON, "a clock that goes ahead tells of no use to come"


def test_a_label_that_is_no_name_is_none(vault: LocalVault, platform: Platform) -> None:
    platform.has("7", label="tk_" + "a" * 32)
    platform.has("8", label=" \x00 ")
    platform.has("9", label="x" * 500)
    assert sorted(key.name for key in synced(vault).added) == ["platform-7", "platform-8", "platform-9"]


def test_a_new_value_under_its_old_name_is_the_keys_next_version(vault: LocalVault, platform: Platform) -> None:
    platform.has("7", "tk_aaaaaaaaaaaa")
    (key,) = synced(vault).added
    platform.has("7", "tk_bbbbbbbbbbbb")  # rotated in place, by another hand
    report = synced(vault)
    assert [one.id for one in report.added] == [key.id]
    versions = vault.detail(key.id).versions
    assert [(version.prefix, version.drift) for version in versions] == [
        ("tk_bbbbbbbbb", Drift.APPEARED),
        ("tk_aaaaaaaaa", Drift.VANISHED),
    ]
    vault.revoke(key.id, 1, Reason.SCHEDULED, "")
    vault.edit(key.id, KeyEdit(owner="shop"))
    report = synced(vault)
    assert (report.drifted, report.added) == ((), ())


def test_what_is_left_of_a_revocation_stays_out(vault: LocalVault, platform: Platform) -> None:
    """As at Reserve: what is revoked stays in the list, disabled, under a value that nobody has."""
    platform.has("7", "tk_aaaaaaaaaaaa")
    (key,) = synced(vault).added
    vault.revoke(key.id, None, Reason.LEAVER, "")
    platform.has("7", "tk_bbbbbbbbbbbb", state=VersionState.SUSPENDED)
    report = synced(vault)
    assert (report.added, report.drifted, report.ended) == ((), (), 1)
    platform.has("7", "tk_bbbbbbbbbbbb")  # somebody enabled it there
    (back,) = synced(vault).added
    assert back.id != key.id
    assert vault.find(key.id).state(NOON) is KeyState.REVOKED


def test_a_version_whose_answer_was_lost_is_no_stranger(vault: LocalVault, platform: Platform) -> None:
    key = vault.create(KeyDraft("orders", "production", issuer="platform"), "one").key
    rotation = vault.plan(key.id, Plan(), "two")
    platform.loses_answers = True
    with pytest.raises(OutcomeUnknown):
        vault.issue(rotation.id)
    report = synced(vault)
    assert (report.added, report.drifted) == ((), ())
    assert [one.label for one in report.skipped] == ["key made-2"]
    assert "just being issued" in report.skipped[0].why


@pytest.mark.parametrize("verb", ["disable", "revoke"])
def test_what_changes_while_the_issuer_tells_is_not_judged(vault: LocalVault, platform: Platform, verb: str) -> None:
    platform.has("7", "tk_aaaaaaaaaaaa")
    (key,) = synced(vault).added
    platform.meanwhile = lambda: (
        vault.disable(key.id, "") if verb == "disable" else vault.revoke(key.id, None, Reason.LEAVER, "")
    )
    assert synced(vault).drifted == ()
    platform.meanwhile = lambda: None
    assert synced(vault).drifted == ()


def test_one_process_compares_an_issuer_at_a_time(vault: LocalVault, platform: Platform) -> None:
    refused = list[str]()

    def another() -> None:
        with pytest.raises(Refused) as error:
            synced(vault)
        refused.append(error.value.message)

    platform.meanwhile = another
    synced(vault)
    assert refused == ["ada@bastion-2 is comparing the same issuer"]
    assert vault.sync("other").listed == 0


KILLED_WHILE_IT_COMPARES = """
import os, signal, sys
from pathlib import Path
from keytui.domain.audit import Actor
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.unit.vault.test_syncing import Platform
platform = Platform(meanwhile=lambda: os.kill(os.getpid(), signal.SIGKILL))
profile = Profile("test", Path(sys.argv[1]), Actor("grace", "bastion-2"))
LocalVault.open(profile, issuers=lambda: {"platform": platform}).sync("platform")
"""


def killed_while_it_compares(profile: Profile) -> None:
    died = subprocess.run([sys.executable, "-c", KILLED_WHILE_IT_COMPARES, str(profile.directory)], check=False)
    assert died.returncode == -signal.SIGKILL


def test_a_process_that_was_killed_keeps_nobody_of_its_host_waiting(
    vault: LocalVault, profile: Profile, platform: Platform
) -> None:
    platform.has("7", "tk_aaaaaaaaaaaa")
    killed_while_it_compares(profile)
    assert len(synced(vault).added) == 1


def test_whether_a_process_of_another_host_has_died_is_known_in_a_quarter_of_an_hour(
    vault: LocalVault, profile: Profile, monkeypatch: pytest.MonkeyPatch, clock: StoppedClock
) -> None:
    killed_while_it_compares(profile)
    clock.advance(utc_now() - clock())
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(processes, "_where", lambda: "bastion-3")
        with pytest.raises(Refused, match="grace@bastion-2 is comparing the same issuer"):
            synced(vault)
        clock.advance(timedelta(minutes=15))
        assert synced(vault).listed == 0


def test_who_was_held_up_for_too_long_writes_nothing_beside_the_next(
    vault: LocalVault, platform: Platform, clock: StoppedClock
) -> None:
    platform.has("7", "tk_aaaaaaaaaaaa")

    def overtaken() -> None:
        clock.advance(timedelta(minutes=15))
        with vault._ground.database.writing() as session:
            Lease("sync platform", "grace@bastion-2 elsewhere#1 4711 9f2c").take(session, clock(), HOUR)

    platform.meanwhile = overtaken
    with pytest.raises(TurnLost, match="grace@bastion-2 does this by now"):
        synced(vault)
    assert vault.audit(AuditFilter(type="key.found"), 0, 1).total == 0


def test_many_come_in_by_few_transactions(vault: LocalVault, platform: Platform) -> None:
    for number in range(60):
        platform.has(str(number), f"tk_{number:012}")
    report = synced(vault)
    assert (len(report.added), report.listed) == (60, 60)
    platform.told.clear()
    assert len(synced(vault).drifted) == 60
    (alert,) = vault.tend()
    assert alert.signal.detail.startswith("60 versions that their issuer does not know in production, among them")


def test_each_of_many_with_one_label_gets_a_name_of_its_own(vault: LocalVault, platform: Platform) -> None:
    vault.create(KeyDraft("shop-3", "production"), "one")
    for number in range(120):
        platform.has(str(number), f"tk_{number:012}", label="shop" if number % 40 else "shop-2")
    names = [key.name for key in synced(vault).added]
    numbered = {f"shop-{number}" for number in range(4, 120)}
    assert sorted(names) == sorted({"shop", "shop-2", "shop-2-2", "shop-2-3"} | numbered)
    platform.has("120", "tk_more", label="shop")
    assert [key.name for key in synced(vault).added] == ["shop-120"]


def test_one_value_under_two_names_is_one_key(vault: LocalVault, platform: Platform) -> None:
    value = Secret("tk_0001rlcczf0qtg4rhm4cwn4iish2y043")
    for reference in "78":
        platform.has(reference)
        platform.told[reference] = replace(platform.told[reference], value=value)
    report = synced(vault)
    assert [key.name for key in report.added] == ["key 7"]
    assert [(one.label, one.why) for one in report.skipped] == [("key 8", "it is v1 of key 7, listed twice")]


def test_two_new_values_under_an_old_name_are_two_versions(vault: LocalVault, platform: Platform) -> None:
    platform.has("7", "tk_aaaaaaaaaaaa")
    (key,) = synced(vault).added
    platform.has("7", "tk_bbbbbbbbbbbb")
    platform.told["again"] = replace(platform.told["7"], mark=Mark("", "tk_ccccccccc", "7"))
    assert [one.id for one in synced(vault).added] == [key.id, key.id]
    assert [one.prefix for one in vault.detail(key.id).versions] == ["tk_ccccccccc", "tk_bbbbbbbbb", "tk_aaaaaaaaa"]


def test_what_died_half_way_is_gone_on_with(
    vault: LocalVault, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(60):
        platform.has(str(number), f"tk_{number:012}")
    left = iter(range(1))
    bring_in = Arrivals.bring_in

    def dying(arrivals: Arrivals, write: Write, batch: Sequence[New]) -> object:
        came = bring_in(arrivals, write, batch)
        if next(left, None) is None:
            raise KeyboardInterrupt
        return came

    with monkeypatch.context() as patched:
        patched.setattr(Arrivals, "bring_in", dying)
        with pytest.raises(KeyboardInterrupt):
            synced(vault)
    report = synced(vault)
    assert (report.known, len(report.added), report.drifted) == (50, 10, ()), "it is the first that was ended"


def test_the_schedule_goes_on_with_what_a_person_began(
    vault: LocalVault, platform: Platform, clock: StoppedClock, tmp_path: Path
) -> None:
    platform.has("7", "tk_aaaaaaaaaaaa")
    sync_due(vault, HOUR)
    assert vault.issuers()[2].tried_at is None, "what comes in first, somebody looks at"
    synced(vault)
    vault.sync("other")
    sync_due(vault, HOUR)
    clock.advance(HOUR)
    platform.has("8", "tk_bbbbbbbbbbbb")

    def down() -> None:
        raise Unreachable("it is down", "wait")

    vault._ground.issuers()["other"].meanwhile = down  # type: ignore[attr-defined]  # a Platform
    with pytest.raises(Unreachable):
        sync_due(vault, HOUR)
    sync_due(vault, HOUR)  # neither is due again
    found = vault.audit(AuditFilter(type="key.found"), 0, 1).entries[0]
    assert (found.event.key_name, found.actor.partition("@")[0]) == ("key 8", "sync")
    assert vault.audit(AuditFilter(type="issuer.not-synced"), 0, 9).total == 1
    assert {one.name: one.tried_at for one in vault.issuers()[1:]} == {"other": clock(), "platform": clock()}
