"""A question that nobody waits for any more ends at once, and nothing of that reaches whoever asks next."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Final

import pytest
from sqlalchemy import text

from keytui.domain.audit import Actor
from keytui.vault.local.database import Database
from keytui.vault.local.database.opening import migrate, open_database
from keytui.vault.local.database.sqlite import SqliteDatabase
from keytui.vault.profile import Profile
from keytui.vault.wanted import Unwanted, Wanted
from tests.postgresql import new_database, reference
from tests.world import eventually

FOREVER: Final = {
    "sqlite": "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(600)",
}
ASLEEP: Final = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(600)'"
PATIENCE: Final = 30.0


@pytest.fixture(scope="module", params=list(FOREVER))
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    directory = tmp_path_factory.mktemp("broken") / "vault"
    if request.param == "sqlite":
        opened = open_database(Profile("test", directory, Actor("ada")))
        yield opened
        opened.close()
        return
    with new_database() as url:
        profile = Profile("test", directory, Actor("ada"), database=reference(directory, url))
        migrate(profile)
        opened = open_database(profile)
        yield opened
        opened.close()


def test_a_question_that_takes_forever_ends_when_nobody_waits(database: Database) -> None:
    wanted, runs = Wanted(), Event()

    def ask() -> None:
        with database.reading(wanted) as session:
            connection = session.connection()
            driver = connection.connection.driver_connection
            if isinstance(driver, sqlite3.Connection):
                driver.set_progress_handler(runs.set, 1000)
            connection.execute(text(FOREVER[connection.dialect.name]))

    def sleeps() -> bool:
        with database.reading() as session:
            return bool(session.connection().execute(text(ASLEEP)).scalar_one())

    with ThreadPoolExecutor() as pool:
        asked = pool.submit(ask)
        eventually(runs.is_set if isinstance(database, SqliteDatabase) else sleeps)
        wanted.drop()
        with pytest.raises(Unwanted):
            asked.result(PATIENCE)


def test_what_is_not_wanted_any_more_is_not_even_begun(database: Database) -> None:
    wanted = Wanted()
    with database.reading(wanted) as session:
        connection = session.connection()
        wanted.drop()
        with pytest.raises(Unwanted):
            connection.execute(text(FOREVER[connection.dialect.name]))
    with pytest.raises(Unwanted), database.reading(wanted):
        pass


def test_whoever_comes_next_on_the_same_connection_is_left_alone(database: Database) -> None:
    wanted = Wanted()
    with database.reading(wanted) as session:
        assert session.connection().execute(text("SELECT 1")).scalar_one() == 1
    with database.writing() as session:
        wanted.drop()
        session.connection().execute(text("CREATE TABLE kept (one INTEGER)"))
        wanted.drop()
    with database.reading() as session:
        assert session.connection().execute(text("SELECT count(*) FROM kept")).scalar_one() == 0
