"""The first keys before the store is there: they are what the vault shows, and where that is not sure, none are."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from textual.content import Content

from keytui.domain.keys import KeyDraft
from keytui.domain.query import Query, Sort
from keytui.domain.references import parse_reference
from keytui.domain.rotation import Plan, Reason
from keytui.domain.secrets import Secret
from keytui.tui.widgets.key_columns import key_columns
from keytui.vault.local.files import DATABASE
from keytui.vault.local.keys.glimpse import SEEN, glimpse
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Found, Page
from keytui.vault.policies import load_policies
from keytui.vault.profile import Profile
from keytui.vault.team_server import TeamServer
from tests.unit.test_import_hygiene import HEAVY
from tests.world import NOON, StoppedClock


def drawn(page: Page, clock: StoppedClock) -> list[list[Content]]:
    """Its rows as the table has them, the use of the last day apart."""
    columns = [column for column in key_columns(clock) if column.title != "24 H"]
    return [[column.cell(row) for column in columns] for row in page.rows]


@pytest.fixture
def filled(
    profile: Profile, clock: StoppedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LocalVault]:
    """Keys of every kind, and more than are looked at."""
    monkeypatch.setenv("KEYTUI_HOME", str(tmp_path))
    configuration = tmp_path / "config.toml"
    configuration.write_text('[policy.development]\nrotation_interval = "2h"\n')
    configuration.chmod(0o600)
    vault = LocalVault.open(profile, clock, policies=load_policies(configuration))

    def key(draft: KeyDraft) -> str:
        return vault.create(draft, draft.name).key.id

    vault.disable(key(KeyDraft("disabled", "production", owner="ops")), "a test")
    vault.revoke(key(KeyDraft("a-revoked-one", "production")), None, Reason.COMPROMISE, "a test")
    key(KeyDraft("expired", "production", expires_at=NOON + timedelta(hours=1)))
    key(KeyDraft("expiring", "production", owner="ops", expires_at=NOON + timedelta(days=2)))
    key(KeyDraft("due", "development", owner="ops"))
    key(KeyDraft("broad", "production", owner="ops", scopes=("keys:read", "admin")))
    key(KeyDraft("[red]not a colour[/red]", "production", owner="ops"))
    vault.adopt([Found("weak", "WEAK", Secret("short"))], KeyDraft("", "production"))
    vault.plan(key(KeyDraft("rotating", "production", owner="ops")), Plan(), "plan")
    clock.advance(timedelta(hours=3))
    yield vault
    vault.close()


def test_it_shows_what_the_vault_shows(filled: LocalVault, profile: Profile, clock: StoppedClock) -> None:
    for number in range(SEEN):
        filled.create(KeyDraft(f"z-{number}", "production", owner="ops"), f"{number}")
    seen = glimpse(profile, clock())
    page = filled.page(Query(), Sort(), 0, SEEN)
    assert seen is not None
    assert drawn(seen, clock) == drawn(page, clock)
    assert (seen.total, len(seen.rows)) == (page.total, SEEN)
    flagged = {flag for row in seen.rows for flag in row.flags}
    assert flagged >= {"expired", "expiring", "due", "rotating", "weak", "broad", "unowned"}


def test_nothing_of_the_store_is_imported_for_it(filled: LocalVault, profile: Profile) -> None:
    program = f"""
import sys
from datetime import UTC, datetime
from pathlib import Path
from keytui.domain.audit import Actor
from keytui.open import glimpse
from keytui.vault.profile import Profile
page = glimpse(Profile("test", Path({str(profile.directory)!r}), Actor("ada")), datetime.now(UTC))
print(page.rows[0].key.name, [name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[red]not a colour[/red] []\n"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.unlink(),
        lambda file: file.write_bytes(b"no database at all " * 1000),
        lambda file: _run(file, "UPDATE alembic_version SET version_num = '0001'"),
        lambda file: _run(file, "UPDATE keys SET created_at = 9000000000000000000"),
        lambda file: _run(file, "DELETE FROM keys"),
    ],
    ids=["gone", "no database", "an old schema", "times that cannot be", "no keys"],
)
def test_what_is_not_sure_is_left_to_the_vault(
    filled: LocalVault, profile: Profile, clock: StoppedClock, spoil: Callable[[Path], object]
) -> None:
    filled.close()
    spoil(profile.directory / DATABASE)
    assert glimpse(profile, clock()) is None


def test_a_locked_file_is_not_waited_for(filled: LocalVault, profile: Profile, clock: StoppedClock) -> None:
    filled.close()
    with closing(sqlite3.connect(profile.directory / DATABASE)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")
        assert glimpse(profile, clock()) is None


def test_a_vault_elsewhere_has_no_file_here(profile: Profile, clock: StoppedClock) -> None:
    assert glimpse(replace(profile, database="env:URL"), clock()) is None
    server = TeamServer("https://keys.example.com", parse_reference("env:TOKEN"))
    assert glimpse(replace(profile, server=server), clock()) is None


def _run(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(statement)
