"""Every kind of issuer beside a vault: what stands there comes in once, and what another hand does there is seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from keytui.domain.audit import Actor, AuditFilter
from keytui.domain.drift import Drift
from keytui.domain.errors import KeytuiError
from keytui.domain.keys import Key, KeyDraft
from keytui.domain.policy import Policies
from keytui.domain.rotation import Plan, Reason, Strategy
from keytui.domain.secrets import fingerprint
from keytui.issuers.issuer import Issuer
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Delivery
from keytui.vault.profile import Profile
from keytui.vault.sync_report import SyncReport
from tests.contract.issuers.case import Case
from tests.world import NOON, StoppedClock, repeatable_randomness


@pytest.fixture
def vault(case: Case, tmp_path: Path) -> Iterator[LocalVault]:
    with_issuer: Mapping[str, Issuer] = MappingProxyType({case.issuer.name: case.issuer})
    profile = Profile("prod", tmp_path / "ours", Actor("ada", "bastion-2"))
    opened = LocalVault.open(profile, StoppedClock(), repeatable_randomness(), Policies(), issuers=lambda: with_issuer)
    yield opened
    opened.close()


def synced(vault: LocalVault, case: Case) -> SyncReport:
    return vault.sync(case.issuer.name)


def standing_key(report: SyncReport, vault: LocalVault, case: Case) -> Key:
    """The key that stood there before anybody compared: known by its value, or by what the issuer calls it."""
    prints = {key.id: vault.detail(key.id).versions[0].fingerprint for key in report.added}
    known = fingerprint(case.standing.digest())
    (key,) = [key for key in report.added if prints[key.id] == known or key.name == "checkout"]
    return key


def test_what_stands_there_comes_in_once(case: Case, vault: LocalVault) -> None:
    before = case.everything()
    first = synced(vault, case)
    assert standing_key(first, vault, case).issuer == case.issuer.name
    assert (first.known, first.drifted, first.skipped) == (0, (), ())
    again = synced(vault, case)
    assert (again.added, again.known, again.listed) == ((), first.listed, first.listed)
    assert (again.drifted, again.reconciled, again.skipped) == ((), (), ())
    assert case.everything() == before, "comparing changes nothing there"
    assert case.standing.reveal() not in repr((first, vault.audit(AuditFilter(), 0, 99)))


def test_what_keytui_does_there_is_no_drift(case: Case, vault: LocalVault) -> None:
    synced(vault, case)
    if not case.issuer.abilities.overlaps:
        pytest.skip("there is nothing beside the old version to compare")
    issued = vault.create(KeyDraft("orders", "production", issuer=case.issuer.name), "one")
    rotation = vault.plan(issued.key.id, Plan(), "two")
    new = vault.issue(rotation.id)
    assert (synced(vault, case).drifted, synced(vault, case).added) == ((), ())
    vault.handed_over(rotation.id, Delivery("stdout", "sent", NOON, new.version.fingerprint))
    if case.issuer.abilities.suspends:
        vault.retire(rotation.id, "anyway")
        assert synced(vault, case).drifted == ()
    vault.complete(rotation.id, "anyway")
    report = synced(vault, case)
    assert (report.drifted, report.added, report.skipped) == ((), (), ())


def test_what_keytui_puts_in_place_of_another_is_no_drift(case: Case, vault: LocalVault) -> None:
    key = standing_key(synced(vault, case), vault, case)
    if case.issuer.abilities.overlaps:
        pytest.skip("it lets both in")
    rotation = vault.plan(key.id, Plan(Strategy.IMMEDIATE), "one")
    for issue in (vault.issue, vault.reissue):
        new = issue(rotation.id)
        report = synced(vault, case)
        assert (report.drifted, report.added, report.skipped) == ((), (), ())
    vault.handed_over(rotation.id, Delivery("stdout", "sent", NOON, new.version.fingerprint))
    assert (synced(vault, case).drifted, case.accepts(new.secret)) == ((), True)


def test_what_came_in_is_ended_through_its_issuer(case: Case, vault: LocalVault) -> None:
    """Although nobody here ever had its value."""
    key = standing_key(synced(vault, case), vault, case)
    assert case.accepts(case.standing)
    vault.revoke(key.id, None, Reason.LEAVER, "")
    assert not case.accepts(case.standing)
    assert synced(vault, case).drifted == ()


def test_what_another_hand_ends_there_is_seen(case: Case, vault: LocalVault) -> None:
    key = standing_key(synced(vault, case), vault, case)
    case.issuer.revoke(case.mark)
    (drifted,) = synced(vault, case).drifted
    assert (drifted.key.id, drifted.drift in {Drift.VANISHED, Drift.REFUSED}) == (key.id, True)


def test_what_another_hand_makes_there_is_seen(case: Case, vault: LocalVault) -> None:
    synced(vault, case)
    value = case.issuer.new_value(repeatable_randomness(9)) if case.issuer.abilities.takes_our_value else None
    case.issuer.issue(Key("k2", "by-hand", "production", NOON), value, case.mark)
    report = synced(vault, case)
    (added,) = report.added
    in_its_place = set() if case.issuer.abilities.overlaps else {(added.id, Drift.VANISHED)}
    assert {(one.key.id, one.drift) for one in report.drifted} == {(added.id, Drift.APPEARED), *in_its_place}


def test_an_issuer_that_cannot_be_reached_lets_nothing_vanish(case: Case, vault: LocalVault) -> None:
    synced(vault, case)
    case.cut_off()
    with pytest.raises(KeytuiError):
        synced(vault, case)
    assert vault.issuers()[1].error
    assert vault.issuers()[1].drifted == 0
