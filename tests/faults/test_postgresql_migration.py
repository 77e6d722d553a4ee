"""PostgreSQL refuses a statement of `keytui migrate`, or ends its line there: undone, told, and whole the next time.

At every statement of the newest step, and at some of the many from nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from keytui.domain.audit import Actor
from keytui.domain.errors import Unreachable
from keytui.vault.local.database.opening import migrate
from keytui.vault.local.database.postgresql import url_of
from keytui.vault.local.database.postgresql_schema import migrate as migrate_to
from keytui.vault.local.schema import SCHEMA, Schema
from keytui.vault.profile import Profile
from tests.faults.test_postgresql import WAYS, Line, spread
from tests.faults.upkeep import EARLIER
from tests.postgresql import connected, new_database, reference

_MADE: Final = """
    SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT table_name, column_name, data_type || coalesce(collation_name, '') || is_nullable
    FROM information_schema.columns WHERE table_schema = 'public'
    ORDER BY 1, 2, 3
    """


def an_old_one(directory: Path, url: str, revision: str) -> Profile:
    profile = Profile("test", directory, Actor("ada", "bastion-2"), database=reference(directory, url))
    if revision:
        migrate_to(url_of(profile.database), directory, Schema(revision, SCHEMA.scripts))
    return profile


def statements_of(directory: Path, revision: str) -> tuple[int, list[tuple[object, ...]]]:
    """How many a migration takes where none fails, and what it makes."""
    with new_database("migrated") as url:
        profile = an_old_one(directory, url, revision)
        with connected(profile) as own:
            line = Line(own)
            with line.watched():
                migrate(profile)
            return line.asked, own.execute(_MADE).fetchall()


@pytest.mark.parametrize("revision", ["", EARLIER[-1]], ids=["nothing", EARLIER[-1]])
def test_it_is_undone_and_whole_the_next_time(tmp_path: Path, revision: str) -> None:
    statements, made = statements_of(tmp_path / "clean", revision)
    with new_database("migrating") as url:
        profile = an_old_one(tmp_path / "vault", url, revision)
        with connected(profile) as own:
            line, stood = Line(own), own.execute(_MADE).fetchall()
            before = line.rows()
            undone = 0
            for at in range(1, statements + 1) if revision else spread(statements, 3):
                error = failed(line, profile, at)
                if own.execute(_MADE).fetchall() != stood:
                    break  # the tables are made, and what failed is an index for searches: the next time makes it
                assert line.rows() == before, f"statement {at}"
                assert error is not None, f"statement {at} failed, and it ended well"
                assert ("migrating" in error.message, bool(error.hint)) == (True, True), f"statement {at}"
                undone += 1
            assert undone > 1
            migrate(profile)
            assert own.execute(_MADE).fetchall() == made


def failed(line: Line, profile: Profile, at: int) -> Unreachable | None:
    """What is said where the server fails at that statement; the way goes round with its number."""
    with line.watched():
        line.asked, line.fails_at, line.way = 0, at, WAYS[at % len(WAYS)]
        try:
            migrate(profile)
        except Unreachable as error:
            return error
    return None
