"""What must never be, the database itself refuses: a fault in the code above it cannot bring it about."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import psycopg
import pytest

from keytui.domain.keys import KeyDraft
from keytui.domain.rotation import Plan
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.postgresql import connected


@pytest.fixture
def rotating(on_either: Profile) -> Profile:
    """The profile of a vault with one key under rotation and one beside it."""
    profile = on_either
    vault = LocalVault.open(profile)
    key = vault.create(KeyDraft("checkout-api", "production"), "first").key
    vault.create(KeyDraft("other", "production"), "second")
    vault.issue(vault.plan(key.id, Plan(), "plan").id)
    vault.close()
    return profile


@pytest.mark.parametrize(
    "statement",
    [
        # two open rotations of one key
        "INSERT INTO rotations (key_id, strategy, reason, reason_text, label, state, old_version, started_at, holder,"
        " note) SELECT key_id, strategy, reason, '', '', 'planned', old_version, started_at, holder, '' FROM rotations",
        # a rotation that ended and is open, or is under way and closed
        "UPDATE rotations SET state = 'completed'",
        "UPDATE rotations SET closed_at = 1",
        # one name twice
        "UPDATE keys SET name = 'checkout-api'",
        # one version number twice, one accepted value under two versions
        "UPDATE versions SET number = 1",
        "UPDATE versions SET digest = 'same'",
        # a state that does not exist, a revocation without its time, a time without its revocation
        "UPDATE versions SET state = 'lost'",
        "UPDATE versions SET state = 'revoked'",
        "UPDATE versions SET revoked_at = 1",
        # a weak value that shows its beginning, a sealed one that cannot be opened
        "UPDATE versions SET weak = true",
        "UPDATE versions SET sealed = ''",
        # versions and steps of nothing
        "UPDATE versions SET key_id = 'nobody'",
        "UPDATE steps SET rotation_id = 4711",
        "DELETE FROM keys",
        # a second keyring
        "INSERT INTO keyring (id, salt, memory_kib, iterations, lanes, nonce, wrapped, set_at, failures, epoch)"
        " VALUES (2, '', 1, 1, 1, '', '', 1, 0, 0)",
    ],
)
def test_it_is_refused(rotating: Profile, statement: str) -> None:
    if rotating.database:
        with connected(rotating) as connection, pytest.raises(psycopg.IntegrityError):
            connection.execute(statement)
        return
    with closing(sqlite3.connect(rotating.directory / "vault.db")) as database:
        database.execute("PRAGMA foreign_keys = ON")
        with pytest.raises(sqlite3.IntegrityError):
            database.execute(statement)
