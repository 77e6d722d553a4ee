"""An older copy in the vault's place is taken for what it is: it lets nobody in until somebody has decided."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.domain.audit import AuditFilter
from keytui.domain.errors import Refused, Unreconciled
from keytui.domain.keys import KeyDraft
from keytui.domain.rotation import Reason
from keytui.domain.secrets import Secret
from keytui.domain.usage import UNKNOWN_CALLER
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.vault.reconciling import Decision
from tests.world import StoppedClock, repeatable_randomness


@dataclass(frozen=True)
class Swapped:
    """A vault with an older copy in its place: the key `leaked` was revoked after the copy was made."""

    profile: Profile
    secrets: dict[str, Secret]
    newer: Path
    """What was there before."""
    entries: int
    """Of its log."""

    @property
    def database(self) -> Path:
        return self.profile.directory / "vault.db"


@pytest.fixture
def swapped(profile: Profile, clock: StoppedClock, tmp_path: Path) -> Swapped:
    vault = LocalVault.open(profile, clock, repeatable_randomness())
    secrets = {name: vault.create(KeyDraft(name, "production"), name).secret for name in ("kept", "leaked")}
    vault.close()
    database, older, newer = profile.directory / "vault.db", tmp_path / "older", tmp_path / "newer"
    shutil.copy(database, older)
    clock.advance(timedelta(hours=1))
    vault = LocalVault.open(profile, clock, repeatable_randomness(2))
    vault.revoke(vault.find("leaked").id, None, Reason.COMPROMISE, "")
    entries = vault.checkpoint().sequence
    vault.close()
    database.replace(newer)
    shutil.copy(older, database)
    return Swapped(profile, secrets, newer, entries)


def test_it_lets_nobody_in_and_takes_no_change(swapped: Swapped, clock: StoppedClock) -> None:
    vault = LocalVault.open(swapped.profile, clock)
    assert vault.find("leaked").revoked_at is None, "it is read as it is"
    for act in (
        lambda: vault.create(KeyDraft("new", "production"), "new"),
        lambda: vault.check(swapped.secrets["leaked"], (), UNKNOWN_CALLER),
        lambda: vault.accept_restore("it is fine"),
        vault.require_reconciled,
        lambda: LocalFeed.open(swapped.profile),
        lambda: vault.arm(swapped.profile.name),
        vault.tokens,
    ):
        with pytest.raises(Unreconciled, match=f"it once reached entry {swapped.entries}") as refused:
            act()
        assert "keytui backup reconcile" in refused.value.hint
    assert (vault.standing().read_only, vault.standing().armed_until) == (True, None)
    vault.close()


def test_nothing_stands_in_the_way_of_putting_the_newer_one_back(swapped: Swapped, clock: StoppedClock) -> None:
    vault = LocalVault.open(swapped.profile, clock)
    assert [one.key.name for one in vault.undecided().keys] == ["kept", "leaked"]
    with pytest.raises(Unreconciled):
        vault.arm(swapped.profile.name)
    assert vault.audit(AuditFilter(type="profile.armed"), 0, 1).entries == (), "nothing is written in the meantime"
    vault.close()

    swapped.newer.replace(swapped.database)

    vault = LocalVault.open(swapped.profile, clock)
    assert vault.verify_audit().broken_at is None
    assert not vault.check(swapped.secrets["leaked"], (), UNKNOWN_CALLER).valid
    with pytest.raises(Refused, match="waits for no decision"):
        vault.undecided()
    vault.close()
    LocalFeed.open(swapped.profile, clock).close()


@pytest.mark.parametrize("in_one_go", [True, False])
def test_it_is_decided_as_a_backup_is(swapped: Swapped, clock: StoppedClock, in_one_go: bool) -> None:
    vault = LocalVault.open(swapped.profile, clock)
    found = vault.undecided().loaded
    assert (found.in_place, found.file, found.reached) == (True, str(swapped.profile.directory), swapped.entries)
    vault.decide(Decision.REVOKE, ["leaked"], "revoked on Friday")
    if not in_one_go:
        vault.close()
        vault = LocalVault.open(swapped.profile, clock)
    left = vault.undecided()
    assert ([one.key.name for one in left.keys], left.loaded.in_place, left.loaded.ends) == (["kept"], True, found.ends)

    assert vault.reconcile(Decision.KEEP, "").revoked == 1

    assert vault.verify_audit().broken_at is None
    entry = next(one for one in vault.audit(AuditFilter(), 0, 9).entries if one.event.type == "backup.loaded")
    assert (entry.event.details["in_place"], entry.event.details["head"]) == ("yes", str(swapped.entries))
    vault.create(KeyDraft("new", "production"), "new")
    assert vault.check(swapped.secrets["kept"], (), UNKNOWN_CALLER).valid
    assert not vault.check(swapped.secrets["leaked"], (), UNKNOWN_CALLER).valid
    vault.close()
    LocalFeed.open(swapped.profile, clock).close()


def test_another_vaults_log_of_the_same_length_is_told_too(profile: Profile, clock: StoppedClock) -> None:
    """With the same key files: as a copy that went on, and was put back over the one that it came from."""
    LocalVault.open(profile, clock).close()
    database = profile.directory / "vault.db"
    shutil.copy(database, database.with_name("older"))
    for name in ("one", "two"):
        if name == "two":
            kept = (profile.directory / "audit.head").read_bytes()
            database.with_name("older").replace(database)
            (profile.directory / "audit.head").unlink()
        vault = LocalVault.open(profile, clock)
        vault.create(KeyDraft(name, "production"), name)
        vault.close()
    (profile.directory / "audit.head").write_bytes(kept)

    with pytest.raises(Unreconciled):
        LocalFeed.open(profile)


@pytest.mark.parametrize("head", [None, b"", b"{}", b'{"sequence": 99, "hash": "x", "signature": "00"}'])
def test_a_head_that_nobody_signed_locks_nobody_out(
    vault: LocalVault, profile: Profile, clock: StoppedClock, head: bytes | None
) -> None:
    vault.create(KeyDraft("one", "production"), "one")
    path = profile.directory / "audit.head"
    path.unlink() if head is None else path.write_bytes(head)

    vault.create(KeyDraft("two", "production"), "two")

    LocalFeed.open(profile, clock).close()


def test_a_head_that_is_older_than_the_log_locks_nobody_out(vault: LocalVault, profile: Profile) -> None:
    """As a crash leaves it between the commit and the file, or a disk on which there was no room for the file."""
    vault.create(KeyDraft("one", "production"), "one")
    head = profile.directory / "audit.head"
    older = head.read_bytes()
    vault.create(KeyDraft("two", "production"), "two")
    head.write_bytes(older)

    vault.create(KeyDraft("three", "production"), "three")

    assert vault.verify_audit().broken_at is None
    LocalFeed.open(profile).close()
