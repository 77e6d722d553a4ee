"""What a backup would let in again is decided key by key; only then does anybody get in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from keytui.domain.access import Principal, Role
from keytui.domain.audit import Actor, AuditFilter
from keytui.domain.errors import ApprovalNeeded, Forbidden, Invalid, NotFound, ReadOnly, Refused, Unreconciled
from keytui.domain.keys import KeyDraft
from keytui.domain.rotation import Plan, Reason
from keytui.domain.usage import UNKNOWN_CALLER
from keytui.vault.local.backup.loading import load_backup
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.reconciling import Decision
from tests.unit.vault.backup.conftest import Lost, silent
from tests.world import StoppedClock

KEEP, REVOKE = Decision.KEEP, Decision.REVOKE


@pytest.fixture
def waiting(lost: Lost, clock: StoppedClock) -> Iterator[LocalVault]:
    """The vault, loaded from its backup."""
    load_backup(lost.profile, lost.backup, (), silent, clock)
    vault = LocalVault.open(lost.profile, clock)
    yield vault
    vault.close()


def names(vault: LocalVault) -> list[str]:
    left = vault.undecided()
    return [one.key.name for one in left.keys] + [one.name for one in left.tokens]


def newest(vault: LocalVault) -> tuple[str, dict[str, str]]:
    event = vault.audit(AuditFilter(), 0, 1).entries[0].event
    return event.type, dict(event.details)


def test_what_was_over_before_the_backup_needs_no_decision(waiting: LocalVault) -> None:
    assert names(waiting) == ["kept", "leaked", "ada", "eve"]


def test_key_by_key_and_then_armed(waiting: LocalVault, lost: Lost, clock: StoppedClock) -> None:
    waiting.decide(KEEP, ["kept"], "its owner has it in use")
    assert newest(waiting) == ("backup.kept", {"note": "its owner has it in use"})
    waiting.decide(REVOKE, ["leaked", "token:eve"], "revoked on Friday")
    with pytest.raises(Refused, match="1 that the backup would let in"):
        waiting.reconcile(None, "")
    waiting.decide(KEEP, ["token:ada"], "")

    done = waiting.reconcile(None, "all looked at")

    assert (done.kept, done.revoked) == (2, 2)
    assert newest(waiting) == ("backup.reconciled", {"kept": "2", "revoked": "2", "note": "all looked at"})
    assert waiting.check(lost.secrets["kept"], (), UNKNOWN_CALLER).valid
    assert not waiting.check(lost.secrets["leaked"], (), UNKNOWN_CALLER).valid
    assert [one.name for one in waiting.operators() if one.revoked_at is None] == ["ada"]
    assert waiting.verify_audit().broken_at is None
    waiting.create(KeyDraft("new", "production"), "new")
    LocalFeed.open(lost.profile, clock).close()


@pytest.mark.parametrize("rest", [KEEP, REVOKE])
def test_the_rest_at_once(waiting: LocalVault, lost: Lost, rest: Decision) -> None:
    waiting.decide(REVOKE, ["leaked"], "")

    done = waiting.reconcile(rest, "")

    assert (done.kept, done.revoked) == ((3, 1) if rest is KEEP else (0, 4))
    assert waiting.check(lost.secrets["kept"], (), UNKNOWN_CALLER).valid is (rest is KEEP)
    assert not waiting.check(lost.secrets["leaked"], (), UNKNOWN_CALLER).valid
    with pytest.raises(Refused, match="waits for no decision"):
        waiting.reconcile(KEEP, "")


def test_decisions_outlive_the_process(waiting: LocalVault, lost: Lost, clock: StoppedClock) -> None:
    waiting.decide(KEEP, ["kept", "kept"], "")
    waiting.decide(REVOKE, ["token:eve"], "")
    again = LocalVault.open(lost.profile, clock)
    assert names(again) == ["leaked", "ada"]
    assert again.reconcile(KEEP, "").kept == 3
    again.close()


def test_a_key_that_is_kept_may_still_be_revoked(waiting: LocalVault) -> None:
    waiting.decide(KEEP, ["leaked"], "")
    waiting.decide(REVOKE, ["leaked"], "on second thoughts")
    assert names(waiting) == ["kept", "ada", "eve"]
    assert waiting.reconcile(REVOKE, "").kept == 0


@pytest.mark.parametrize(
    ("decision", "reference", "error"),
    [
        (KEEP, "nothing", NotFound),
        (REVOKE, "nothing", NotFound),
        (KEEP, "over", Invalid),
        (REVOKE, "over", Refused),
        (KEEP, "token:bob", NotFound),
        (REVOKE, "token:bob", NotFound),
    ],
)
def test_what_lets_nobody_in_is_no_decision(
    waiting: LocalVault, decision: Decision, reference: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        waiting.decide(decision, [reference], "")
    assert len(names(waiting)) == 4


def test_a_vault_that_came_from_no_backup_waits_for_nothing(vault: LocalVault) -> None:
    vault.create(KeyDraft("one", "production"), "one")
    for act in (vault.undecided, lambda: vault.decide(KEEP, ["one"], ""), lambda: vault.decide(REVOKE, ["one"], "")):
        with pytest.raises(Refused, match="waits for no decision"):
            act()


def test_a_read_only_profile_is_armed_first(lost: Lost, clock: StoppedClock) -> None:
    load_backup(lost.profile, lost.backup, (), silent, clock)
    vault = LocalVault.open(replace(lost.profile, read_only=True), clock)
    for act in (lambda: vault.decide(KEEP, ["kept"], ""), lambda: vault.reconcile(REVOKE, "")):
        with pytest.raises(ReadOnly):
            act()
    with pytest.raises(Unreconciled):
        vault.arm(lost.profile.name)
    vault.reconcile(KEEP, "")
    vault.close()


def test_nobody_else_than_the_owner_of_the_files_decides(waiting: LocalVault) -> None:
    admin = waiting.acting_as(Principal(Actor("eve"), Role.SUPER_ADMIN))
    with pytest.raises(Forbidden):
        admin.decide(KEEP, ["kept"], "")
    with pytest.raises(Forbidden):
        admin.reconcile(KEEP, "")


def test_both_versions_of_an_open_rotation_are_shown(
    vault: LocalVault, clock: StoppedClock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    key = vault.create(KeyDraft("one", "production"), "one").key
    rotation = vault.plan(key.id, Plan(), "plan")
    vault.prove(rotation.id, vault.issue(rotation.id).secret)
    backup = tmp_path_factory.mktemp("out") / "backup"
    vault.back_up(backup, silent)
    vault.close()
    profile = vault._ground.profile
    (profile.directory / "vault.db").unlink()
    load_backup(profile, backup, (), silent, clock)
    again = LocalVault.open(profile, clock)

    (one,) = again.undecided().keys

    assert ([version.number for version in one.versions], one.rotation_id) == ([2, 1], rotation.id)
    again.close()


def test_a_second_operators_word_from_before_the_backup_is_over(
    vault: LocalVault, clock: StoppedClock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    key = vault.create(KeyDraft("vip", "production", sensitive=True), "vip").key
    eve = vault.acting_as(Principal(Actor("eve"), Role.SUPER_ADMIN))
    with pytest.raises(ApprovalNeeded) as needed:
        eve.revoke(key.id, None, Reason.LEAVER, "")
    vault.approve(needed.value.approval_id, "")
    backup = tmp_path_factory.mktemp("out") / "backup"
    vault.back_up(backup, silent)
    vault.close()
    profile = vault._ground.profile
    (profile.directory / "vault.db").unlink()
    clock.advance(timedelta(minutes=1))
    load_backup(profile, backup, (), silent, clock)
    again = LocalVault.open(profile, clock)
    again.reconcile(KEEP, "")

    with pytest.raises(ApprovalNeeded):
        again.acting_as(Principal(Actor("eve"), Role.SUPER_ADMIN)).revoke(key.id, None, Reason.LEAVER, "")
    again.close()


def test_the_first_of_many_with_the_number_of_all(waiting: LocalVault) -> None:
    assert [(len(left.keys), left.key_count, left.count) for left in map(waiting.undecided, (0, 1, None))] == [
        (0, 2, 4),
        (1, 2, 4),
        (2, 2, 4),
    ]


def test_what_has_expired_lets_nobody_in(lost: Lost, clock: StoppedClock) -> None:
    with closing(sqlite3.connect(lost.backup)) as backup:
        backup.execute("UPDATE keys SET expires_at = created_at + 1 WHERE name = 'leaked'")
        backup.execute("UPDATE keys SET disabled_at = created_at WHERE name = 'kept'")
        backup.commit()
    load_backup(lost.profile, lost.backup, (), silent, clock)
    vault = LocalVault.open(lost.profile, clock)
    assert names(vault) == ["ada", "eve"]
    vault.close()
