"""The audit log against someone who can write the database: every change to the past shows."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from keytui.domain.audit import Actor, AuditFilter, Event, link
from keytui.domain.errors import Refused, Unreachable, Unreconciled
from keytui.domain.keys import KeyDraft
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Checkpoint
from keytui.vault.profile import Profile
from keytui.vault.reconciling import Decision
from tests.world import NOON

ENTRIES = 150


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a vault with 150 entries: two checkpoints inside and one at its end, as after a clean end."""
    directory = tmp_path_factory.mktemp("log") / "vault"
    vault = LocalVault.open(Profile("test", directory, Actor("ada", "bastion-2")))
    key_id = vault.create(KeyDraft("checkout-api", "production"), "request").key.id
    for _ in range((ENTRIES - 2) // 2):
        vault.disable(key_id, "")
        vault.enable(key_id, "")
    vault.close()
    return directory


@pytest.fixture
def log(written: Path, profile: Profile) -> Iterator[LocalVault]:
    """A copy of it that a test may spoil."""
    shutil.copytree(written, profile.directory)
    vault = LocalVault.open(profile)
    yield vault
    vault.close()


def tamper(profile: Profile, *statements: str) -> None:
    with closing(sqlite3.connect(profile.directory / "vault.db")) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


CUT_OFF = ("DELETE FROM checkpoints WHERE sequence > 130", "DELETE FROM audit WHERE sequence > 130")


def test_a_restore_is_accepted_once_it_was_reconciled_on_another_server(log: LocalVault, profile: Profile) -> None:
    """Of several servers on one database each keeps the newest head for itself, and one of them has reconciled it."""
    newest, head = log.checkpoint(), profile.directory / "audit.head"
    ours = head.read_bytes()
    tamper(profile, *CUT_OFF)
    with pytest.raises(Unreconciled):
        log.accept_restore("nobody has looked yet")
    log.reconcile(Decision.KEEP, "")
    assert log.verify_audit().broken_at is None
    head.write_bytes(ours)  # the other server's
    with pytest.raises(Unreconciled):
        log.create(KeyDraft("one", "production"), "one")

    assert log.accept_restore("the backup of Friday") == ENTRIES

    assert log.verify_audit().broken_at is None
    entry = log.audit(AuditFilter(), 0, 1).entries[0]
    assert (entry.event.type, entry.event.details["reached"]) == ("audit.restored", str(ENTRIES))
    assert (entry.event.details["hash"], entry.event.details["restored"]) == (newest.hash, "132")
    assert log.verify_audit([newest]).broken_at is not None, "who kept a checkpoint elsewhere still sees it"
    log.create(KeyDraft("one", "production"), "one")
    with pytest.raises(Refused):
        log.accept_restore("again")


@pytest.mark.parametrize(
    "statements",
    [(), ("UPDATE audit SET actor = 'eve' WHERE sequence = 7",), ("DELETE FROM checkpoints WHERE sequence = 64",)],
    ids=["whole", "changed", "a checkpoint less"],
)
def test_nothing_but_a_cut_is_accepted(log: LocalVault, profile: Profile, statements: tuple[str, ...]) -> None:
    if statements:
        tamper(profile, *CUT_OFF, *statements)
    before = log.verify_audit()
    with pytest.raises(Refused, match="not as a restore leaves it"):
        log.accept_restore("nothing to see here")
    assert log.verify_audit() == before


def test_an_untouched_log_holds(log: LocalVault) -> None:
    check = log.verify_audit()

    assert (check.entries, check.checkpoints, check.broken_at) == (ENTRIES, 3, None)


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        ("UPDATE audit SET actor = 'mallory' WHERE sequence = 70", 70),
        ("UPDATE audit SET at = at + 1 WHERE sequence = 70", 70),
        ("UPDATE audit SET type = 'key.edited' WHERE sequence = 70", 70),
        ('UPDATE audit SET details = \'{"note": "fine"}\' WHERE sequence = 70', 70),
        ("UPDATE audit SET details = 'no json' WHERE sequence = 70", 70),
        ("UPDATE audit SET details = '[1]' WHERE sequence = 70", 70),
        ("UPDATE audit SET details = replace(hex(zeroblob(60000)), '0', '[') WHERE sequence = 70", 70),
        ("UPDATE audit SET at = 'noon' WHERE sequence = 70", 70),
        ("UPDATE audit SET at = 9000000000000000000 WHERE sequence = 70", 70),
        ("UPDATE audit SET actor = x'ff00' WHERE sequence = 70", 70),
        ("UPDATE audit SET actor = cast(x'ff' AS text) WHERE sequence = 70", 70),
        ("UPDATE audit SET refused = 1 WHERE sequence = 70", 70),
        ("UPDATE audit SET version = 2 WHERE sequence = 150", 150),
        ("UPDATE audit SET hash = previous WHERE sequence = 150", 150),
        ("DELETE FROM audit WHERE sequence = 70", 70),
        ("DELETE FROM audit WHERE sequence = 1", 1),
        ("DELETE FROM audit WHERE sequence = 150", 150),
        ("DELETE FROM audit WHERE sequence > 100", 128),
        ("DELETE FROM audit", 64),
        ("UPDATE checkpoints SET signature = zeroblob(64) WHERE sequence = 64", 64),
        ("UPDATE checkpoints SET signature = 'ours' WHERE sequence = 64", 64),
        ("UPDATE checkpoints SET hash = (SELECT hash FROM audit WHERE sequence = 1) WHERE sequence = 64", 64),
    ],
)
def test_what_was_changed_is_named(log: LocalVault, profile: Profile, statement: str, broken_at: int) -> None:
    tamper(profile, statement)

    check = log.verify_audit()

    assert check.broken_at == broken_at
    assert check.detail


def test_two_entries_that_changed_places_show(log: LocalVault, profile: Profile) -> None:
    tamper(
        profile,
        "UPDATE audit SET sequence = 9999 WHERE sequence = 70",
        "UPDATE audit SET sequence = 70 WHERE sequence = 71",
        "UPDATE audit SET sequence = 71 WHERE sequence = 9999",
    )

    assert log.verify_audit().broken_at == 70


def test_a_log_cut_off_with_its_checkpoints_shows_by_the_kept_head(log: LocalVault, profile: Profile) -> None:
    tamper(profile, "DELETE FROM audit WHERE sequence > 100", "DELETE FROM checkpoints WHERE sequence > 100")

    check = log.verify_audit()

    assert check.broken_at == 101
    assert str(ENTRIES) in check.detail


def test_a_cut_log_does_not_go_on_unseen(log: LocalVault, profile: Profile) -> None:
    tamper(profile, "DELETE FROM audit WHERE sequence > 140", "DELETE FROM checkpoints WHERE sequence > 140")

    with pytest.raises(Unreconciled, match=f"it once reached entry {ENTRIES}"):
        log.create(KeyDraft("another", "production"), "another")
    for _ in range(12):  # beyond the head that was kept before the cut: what is still written is no change
        log.note_failed_logins({"203.0.113.9": 1})

    with pytest.raises(Unreconciled):
        log.create(KeyDraft("another", "production"), "another")
    assert log.verify_audit().broken_at is not None


def test_a_log_begun_anew_shows(log: LocalVault, profile: Profile) -> None:
    tamper(profile, "DELETE FROM audit", "DELETE FROM checkpoints")

    vault = LocalVault.open(profile)
    assert vault.verify_audit().broken_at is not None
    vault.close()


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"sequence": 1, "hash": "x", "signature": "00"}'])
def test_a_kept_head_that_is_gone_or_forged_shows(log: LocalVault, profile: Profile, content: bytes | None) -> None:
    head = profile.directory / "audit.head"
    head.unlink() if content is None else head.write_bytes(content)

    assert log.verify_audit().broken_at is not None


def test_a_log_is_not_gone_on_with_under_another_key(log: LocalVault, profile: Profile) -> None:
    (profile.directory / "signing.key").unlink()

    with pytest.raises(Unreachable):
        LocalVault.open(profile)


def test_checkpoints_that_were_removed_show(log: LocalVault, profile: Profile) -> None:
    tamper(profile, "DELETE FROM checkpoints WHERE sequence = 64")

    assert log.verify_audit().broken_at == 64


class TestAKeptCheckpoint:
    """Against somebody who has every file of the vault but the signing key, and time to write the log anew."""

    @pytest.fixture
    def kept(self, log: LocalVault) -> Checkpoint:
        return log.checkpoint()

    def test_holds_while_the_log_goes_on(self, log: LocalVault, kept: Checkpoint) -> None:
        log.create(KeyDraft("another", "production"), "another")
        assert log.verify_audit([kept]).broken_at is None

    def test_shows_a_log_that_was_cut_off_with_everything_beside_it(
        self, log: LocalVault, profile: Profile, kept: Checkpoint
    ) -> None:
        self.set_back(profile, 128)
        assert log.verify_audit().broken_at is None, "without the kept one nothing would show"

        check = log.verify_audit([kept])

        assert check.broken_at == 129
        assert str(kept.sequence) in check.detail

    def test_shows_a_log_that_was_written_anew_before_it(
        self, log: LocalVault, profile: Profile, kept: Checkpoint
    ) -> None:
        self.set_back(profile, 128)
        self.write_anew(profile, 129, ENTRIES + 5)

        assert log.verify_audit([kept]).broken_at == kept.sequence

    def test_what_was_written_anew_after_it_agrees_with_no_checkpoint(
        self, log: LocalVault, profile: Profile, kept: Checkpoint
    ) -> None:
        for number in range(60):
            log.create(KeyDraft(f"more-{number}", "production"), f"more-{number}")
        self.cut(profile, "audit", kept.sequence)
        self.write_anew(profile, kept.sequence + 1, ENTRIES + 60)
        assert log.verify_audit([kept]).broken_at is not None
        self.cut(profile, "checkpoints", kept.sequence)

        assert log.verify_audit([kept]).broken_at is not None

    def test_a_few_entries_that_were_written_anew_are_said_to_be_unsigned(
        self, log: LocalVault, profile: Profile
    ) -> None:
        self.set_back(profile, 128)
        self.write_anew(profile, 129, 140)

        assert "newest 12 are signed by nobody" in log.verify_audit().detail

    def test_of_another_vault_is_not_believed(self, log: LocalVault, kept: Checkpoint, tmp_path: Path) -> None:
        other = LocalVault.open(Profile("test", tmp_path / "other", Actor("ada", "bastion-2")))
        check = log.verify_audit([other.checkpoint()])
        other.close()
        assert check.broken_at is not None
        assert "another key" in check.detail

    def test_is_not_made_of_a_log_that_was_cut_off(self, log: LocalVault, profile: Profile) -> None:
        tamper(profile, "DELETE FROM audit WHERE sequence > 100")
        with pytest.raises(Refused):
            log.checkpoint()

    @staticmethod
    def cut(profile: Profile, table: str, sequence: int) -> None:
        tamper(profile, f"DELETE FROM {table} WHERE sequence > {sequence}")  # noqa: S608  # both are the test's own

    @staticmethod
    def set_back(profile: Profile, sequence: int) -> None:
        """Cut everything back to a checkpoint, whose signature makes a good head file, too."""
        TestAKeptCheckpoint.cut(profile, "audit", sequence)
        TestAKeptCheckpoint.cut(profile, "checkpoints", sequence)
        with closing(sqlite3.connect(profile.directory / "vault.db")) as database:
            found = "SELECT hash, signature FROM checkpoints WHERE sequence = ?"
            digest, signature = database.execute(found, (sequence,)).fetchone()
        head = {"sequence": sequence, "hash": digest, "signature": signature.hex()}
        (profile.directory / "audit.head").write_text(json.dumps(head), encoding="utf-8")

    @staticmethod
    def write_anew(profile: Profile, first: int, last: int) -> None:
        """Entries that follow on each other as they should."""
        with closing(sqlite3.connect(profile.directory / "vault.db")) as database:
            (previous,) = database.execute("SELECT hash FROM audit WHERE sequence = ?", (first - 1,)).fetchone()
            for sequence in range(first, last + 1):
                entry = link(sequence, NOON, "mallory", Event("key.edited"), previous)
                previous = entry.hash
                database.execute(
                    "INSERT INTO audit (sequence, at, actor, type, key_id, key_name, details, refused, previous, hash)"
                    " VALUES (?, ?, 'mallory', 'key.edited', '', '', '{}', 0, ?, ?)",
                    (sequence, int(NOON.timestamp() * 1_000_000), entry.previous, entry.hash),
                )
            database.commit()


def test_a_broken_entry_can_still_be_read(log: LocalVault, profile: Profile) -> None:
    tamper(profile, "UPDATE audit SET details = 'no json' WHERE sequence = 150")

    assert log.audit(AuditFilter(), 0, 1).entries[0].sequence == 150


@pytest.mark.parametrize(
    ("change", "named"),
    [("at = 'noon'", "an entry"), ("actor = x'ff00'", "entry 150"), ("details = x'7b7d'", "entry 150")],
)
def test_an_entry_that_cannot_be_read_is_no_fault_of_ours(
    log: LocalVault, profile: Profile, change: str, named: str
) -> None:
    tamper(profile, f"UPDATE audit SET {change} WHERE sequence = 150")  # noqa: S608  # both are the test's own

    with pytest.raises(Refused, match=f"^{named} of the audit log was changed") as refused:
        log.audit(AuditFilter(), 0, 1)
    assert "keytui audit verify" in refused.value.hint
