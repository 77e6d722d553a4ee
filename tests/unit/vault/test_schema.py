"""The schema: made from nothing, raised after a backup, and never lowered."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from keytui.domain.errors import Unreachable
from keytui.domain.keys import KeyDraft
from keytui.vault.local.database.sqlite import SqliteDatabase
from keytui.vault.local.schema import SCHEMA, Schema
from keytui.vault.local.tables import METADATA
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile

NEXT = '''
"""One more column."""
import sqlalchemy as sa
from alembic import op
revision = "{next}"
down_revision = "{head}"
def upgrade():
    op.add_column("keys", sa.Column("added", sa.String(), nullable=True))
    {then}
'''


def next_schema(tmp_path: Path, then: str = "") -> Schema:
    """A later schema than today's."""
    number = f"{int(SCHEMA.head) + 1:04}"
    scripts = tmp_path / "migrations"
    shutil.copytree(SCHEMA.scripts, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / f"{number}.py").write_text(NEXT.format(next=number, head=SCHEMA.head, then=then))
    return Schema(number, scripts)


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Whether it is no table that SQLite keeps the index of words in."""
    return kind != "table" or not (name or "").startswith("key_word")


def test_the_migrations_make_exactly_the_tables(profile: Profile) -> None:
    LocalVault.open(profile).close()

    engine = create_engine(f"sqlite:///{profile.directory / 'vault.db'}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": _is_ours})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_every_constraint_of_the_tables_is_in_the_database(profile: Profile) -> None:
    LocalVault.open(profile).close()

    with closing(sqlite3.connect(profile.directory / "vault.db")) as database:
        stored = "\n".join(sql for (sql,) in database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"))

    names = {constraint.name for table in METADATA.tables.values() for constraint in table.constraints}
    indexes = {index.name for table in METADATA.tables.values() for index in table.indexes}
    assert [name for name in (names | indexes) - {None} if str(name) not in stored] == []
    assert stored.count("WHERE closed_at IS NULL") == 1
    assert stored.count("WHERE sealed IS NULL") == 1


def test_the_head_is_the_newest_script() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCHEMA.scripts))

    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA.head


def test_an_older_vault_is_raised_after_a_backup(profile: Profile, tmp_path: Path) -> None:
    vault = LocalVault.open(profile)
    key_id = vault.create(KeyDraft("checkout-api", "production"), "request").key.id
    vault.close()

    SqliteDatabase.open(profile.directory, next_schema(tmp_path)).close()

    backup = profile.directory / f"vault.before-{SCHEMA.head}.backup"
    with closing(sqlite3.connect(profile.directory / "vault.db")) as raised:
        assert raised.execute("SELECT id, added FROM keys").fetchall() == [(key_id, None)]
    with closing(sqlite3.connect(backup)) as kept:
        assert kept.execute("SELECT id FROM keys").fetchall() == [(key_id,)]
        assert "added" not in [column[1] for column in kept.execute("PRAGMA table_info(keys)")]
    assert backup.stat().st_mode & 0o777 == 0o600


def test_a_migration_that_fails_leaves_the_vault_as_it_was(profile: Profile, tmp_path: Path) -> None:
    LocalVault.open(profile).close()

    with pytest.raises(Unreachable):
        SqliteDatabase.open(
            profile.directory, next_schema(tmp_path, then='op.execute("INSERT INTO nowhere VALUES (1)")')
        )

    vault = LocalVault.open(profile)
    assert vault.create(KeyDraft("checkout-api", "production"), "request").version.number == 1
    vault.close()


def test_a_newer_vault_is_refused_and_not_touched(profile: Profile, tmp_path: Path) -> None:
    SqliteDatabase.open(profile.directory, next_schema(tmp_path)).close()
    before = (profile.directory / "vault.db").read_bytes()

    with pytest.raises(Unreachable, match="newer keytui") as refused:
        LocalVault.open(profile)

    assert "upgrade keytui" in refused.value.hint
    assert (profile.directory / "vault.db").read_bytes() == before


def test_another_programs_database_is_refused(profile: Profile) -> None:
    profile.directory.mkdir(mode=0o700)
    with closing(sqlite3.connect(profile.directory / "vault.db")) as other:
        other.execute("CREATE TABLE notes (text)")

    with pytest.raises(Unreachable, match="not a vault"):
        LocalVault.open(profile)


@pytest.mark.parametrize("content", [b"this is not a database, it is a text" * 100, b"\x00" * 4096])
def test_a_file_that_is_no_database_is_named(profile: Profile, content: bytes) -> None:
    profile.directory.mkdir(mode=0o700)
    path = profile.directory / "vault.db"
    path.write_bytes(content)

    with pytest.raises(Unreachable) as refused:
        LocalVault.open(profile)

    assert str(path) in refused.value.message
    assert "backup" in refused.value.hint


def test_a_torn_database_is_named(profile: Profile) -> None:
    vault = LocalVault.open(profile)
    for number in range(20):
        vault.create(KeyDraft(f"key-{number}", "production"), f"request-{number}")
    vault.close()
    path = profile.directory / "vault.db"
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))

    with pytest.raises(Unreachable) as refused:
        LocalVault.open(profile).verify_audit()

    assert (str(path) in refused.value.message, "backup" in refused.value.hint) == (True, True)


def test_opening_a_current_vault_needs_no_alembic(profile: Profile) -> None:
    LocalVault.open(profile).close()
    script = (
        "import sys; from pathlib import Path\n"
        "from keytui.vault.local.database.sqlite import SqliteDatabase\n"
        "SqliteDatabase.open(Path(sys.argv[1])).close()\n"
        "sys.exit('alembic' in sys.modules)"
    )

    opened = subprocess.run([sys.executable, "-c", script, str(profile.directory)], check=False, timeout=60)

    assert opened.returncode == 0
