"""A vault of every schema that ever landed becomes one of today's, with all that was in it, or stays what it was."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Timer

import pytest
from sqlalchemy import Connection, Engine, MetaData, create_engine, event, insert, select

from keytui.domain.access import Role
from keytui.domain.audit import Actor
from keytui.domain.keys import KeyDraft, Kind
from keytui.domain.operators import OperatorDraft
from keytui.domain.query import Sort, parse
from keytui.domain.rotation import Plan, Reason, RotationState
from keytui.domain.secrets import Secret
from keytui.domain.usage import UNKNOWN_CALLER
from keytui.domain.verification import Outcome
from keytui.vault.local.database import sqlite_schema
from keytui.vault.local.database.opening import migrate
from keytui.vault.local.database.postgresql import url_of
from keytui.vault.local.database.postgresql_schema import migrate as migrate_to
from keytui.vault.local.database.sqlite import SqliteDatabase
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.schema import SCHEMA, Schema
from keytui.vault.local.sealing.keyring import Cost
from keytui.vault.local.tables import METADATA
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.verify.verifier import Verifier
from tests.postgresql import new_database, reference
from tests.world import StoppedClock, repeatable_randomness

EARLIER = sorted(path.name[:4] for path in (SCHEMA.scripts / "versions").glob("0*.py") if path.name[:4] < SCHEMA.head)
HANGS = 60.0
"""Seconds after which a process that should be over never will be."""
PASSPHRASE = Secret("correct horse battery staple")
OTHERWISE_THEN = {"0001": {"usage", "callers", "gaps"}}
"""Tables that were made of other columns; `test_migration_0002` tells what became of their rows."""
GONE: Mapping[str, Mapping[str, object]] = {"recorders": {"unknown_refused": 0}, "notifications": {"gone": False}}
"""Columns that a table once had and that could not be empty."""

Rows = dict[str, list[dict[str, object]]]


@dataclass(frozen=True)
class Lived:
    """A vault of today's with something of everything in it."""

    profile: Profile
    secrets: Mapping[str, Secret]
    rows: Rows


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    profile = Profile("test", tmp_path_factory.mktemp("lived") / "vault", Actor("ada", "bastion-2"))
    clock = StoppedClock()
    vault = LocalVault.open(profile, clock, repeatable_randomness(), cost=Cost(64, 1, 1))
    secrets = {}
    for name, tenant in (("steady", ""), ("rotating", ""), ("done", "acme"), ("off", "acme"), ("over", "")):
        secrets[name] = vault.create(KeyDraft(name, "production", tenant=tenant, owner="Zürich"), name).secret
    rotation = vault.plan(vault.find("rotating").id, Plan(), "plan")
    secrets["new"] = vault.issue(rotation.id).secret
    vault.prove(rotation.id, secrets["new"])
    done = vault.plan(vault.find("done").id, Plan(), "plan-done")
    vault.prove(done.id, vault.issue(done.id).secret)
    vault.retire(done.id, "because")
    vault.complete(done.id, "because")
    vault.disable(vault.find("off").id, "")
    vault.revoke(vault.find("over").id, None, Reason.COMPROMISE, "")
    vault.set_passphrase(PASSPHRASE)
    vault.unlock(PASSPHRASE)
    vault.seal(KeyDraft("kept", "production", kind=Kind.TOKEN), Secret("a third party's token"))
    vault.add_operator(OperatorDraft("eve", Role.SUPER_ADMIN))
    feed = LocalFeed.open(profile, clock)
    with Verifier(feed, feed, name="api-1", clock=clock) as verifier:
        assert verifier.check(secrets["steady"], caller="web-1").valid
    vault.close()
    with engine_of(profile.directory) as engine:
        return Lived(profile, secrets, rows_of(engine))


@contextmanager
def engine_of(directory: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{directory / 'vault.db'}")
    yield engine
    engine.dispose()


def rows_of(engine: Engine) -> Rows:
    """Of every table of ours that is there, in any order."""
    there = MetaData()
    there.reflect(engine, only=lambda name, _: name in METADATA.tables)
    with engine.connect() as connection:
        return {
            name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for name, table in there.tables.items()
        }


def fill(engine: Engine, revision: str, rows: Rows) -> None:
    """The rows, as far as an older schema had places for them."""
    there = MetaData()
    there.reflect(engine, only=lambda name, _: name in rows and name not in OTHERWISE_THEN.get(revision, ()))
    with engine.begin() as connection:
        for table in there.sorted_tables:
            known = set(table.columns.keys())
            gone = {name: value for name, value in GONE.get(table.name, {}).items() if name in known}
            connection.execute(table.delete())
            for row in rows[table.name]:
                kept = {name: value for name, value in row.items() if name in known}
                connection.execute(insert(table).values(**kept, **gone))


def in_order(rows: list[dict[str, object]]) -> list[str]:
    return sorted(repr(sorted(row.items())) for row in rows)


def old_vault(lived: Lived, directory: Path, revision: str) -> Profile:
    """The same vault as an older keytui left it: nobody has it open."""
    SqliteDatabase.open(directory, Schema(revision, SCHEMA.scripts)).close()
    with engine_of(directory) as engine:
        fill(engine, revision, lived.rows)
    for name in ("pepper", "signing.key", "audit.head"):
        shutil.copy(lived.profile.directory / name, directory / name)
    return Profile("test", directory, lived.profile.actor)


def require_all_there(profile: Profile, lived: Lived, clock: StoppedClock) -> None:
    """Keys, secrets, log and open rotation: not only stored, but of use."""
    vault = LocalVault.open(profile, clock, repeatable_randomness(2), cost=Cost(64, 1, 1))
    try:
        assert vault.verify_audit().broken_at is None
        said = {name: vault.check(secret, (), UNKNOWN_CALLER).reason for name, secret in lived.secrets.items()}
        assert said == {
            "steady": Outcome.ACCEPTED,
            "rotating": Outcome.ACCEPTED,
            "new": Outcome.ACCEPTED,
            "done": Outcome.REVOKED,
            "off": Outcome.DISABLED,
            "over": Outcome.REVOKED,
        }
        assert vault.page(parse("zürich"), Sort(), 0, 9).total == 4  # a revoked one is not looked for
        (rotation,) = vault.rotations(True, 0, 9)
        assert (rotation.key_name, rotation.state) == ("rotating", RotationState.OVERLAPPING)
        assert vault.retire(rotation.id, "it is a test").state is RotationState.SUSPENDED
        vault.unlock(PASSPHRASE)
        assert vault.reveal(vault.find("kept").id).reveal() == "a third party's token"
        clock.advance(timedelta(minutes=1))
        vault.create(KeyDraft("another", "production"), "another")
        assert vault.verify_audit().broken_at is None
    finally:
        vault.close()


def require_same_rows(found: Rows, lived: Lived, revision: str) -> None:
    for name, rows in found.items():
        then = lived.rows[name]
        if name in OTHERWISE_THEN.get(revision, ()) or (rows == [] and then):
            assert not (name in {"keys", "versions", "audit", "checkpoints", "rotations", "key_counts"} and then), name
            continue  # a table that the older schema had not
        assert in_order(rows) == in_order(then), name


@pytest.mark.parametrize("revision", EARLIER)
def test_everything_is_there_and_of_use(lived: Lived, tmp_path: Path, clock: StoppedClock, revision: str) -> None:
    profile = old_vault(lived, tmp_path / "vault", revision)

    assert migrate(profile).before == revision

    with engine_of(profile.directory) as engine:
        require_same_rows(rows_of(engine), lived, revision)
    require_all_there(profile, lived, clock)


@pytest.mark.parametrize("revision", EARLIER[:1])
def test_in_postgresql_too(lived: Lived, tmp_path: Path, clock: StoppedClock, revision: str) -> None:
    """Makes a database: some seconds."""
    directory = tmp_path / "vault"
    with new_database() as url:
        profile = Profile("test", directory, lived.profile.actor, database=reference(directory, url))
        address = url_of(profile.database)
        migrate_to(address, directory, Schema(revision, SCHEMA.scripts))
        for name in ("pepper", "signing.key", "audit.head"):
            shutil.copy(lived.profile.directory / name, directory / name)
        engine = create_engine(address)
        fill(engine, revision, lived.rows)
        with engine.begin() as connection:
            _count_on(connection)

        migrate(profile)

        require_same_rows(rows_of(engine), lived, revision)
        engine.dispose()
        require_all_there(profile, lived, clock)


def _count_on(connection: Connection) -> None:
    """Rows with numbers of their own were put in: the sequences have to be told."""
    wanted = "SELECT table_name FROM information_schema.columns WHERE column_default LIKE 'nextval%%'"
    for (table,) in connection.exec_driver_sql(wanted).all():
        connection.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 0) + 1) FROM {table}"  # noqa: S608
        )


def statements_of(profile: Profile) -> int:
    """How many statements opening this vault takes."""
    count = 0

    def counted(*_: object) -> None:
        nonlocal count
        count += 1

    event.listen(Engine, "before_cursor_execute", counted)
    try:
        SqliteDatabase.open(profile.directory).close()
    finally:
        event.remove(Engine, "before_cursor_execute", counted)
    return count


def begun(work: Callable[[], object]) -> int:
    """A process that does this, and ends with 1 where it fails. No vault may be open."""
    child = os.fork()
    if child == 0:
        end = 1
        try:
            work()
            end = 0
        finally:
            os._exit(end)
    return child


def end_of(child: int) -> int:
    """Its exit code, or less than zero for a signal. One that hangs is ended: it must not hold up all other tests."""
    too_late = Timer(HANGS, os.kill, (child, signal.SIGTERM))
    too_late.start()
    try:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        too_late.cancel()


def killed(work: Callable[[], object]) -> bool:
    """Whether a process that did this was killed. No vault may be open."""
    return end_of(begun(work)) == -signal.SIGKILL


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("revision", [*EARLIER, "nothing"])
def test_killed_at_a_statement_it_is_undone_and_the_next_start_does_it(
    lived: Lived, tmp_path: Path, clock: StoppedClock, revision: str
) -> None:
    """At every third statement of the newest step, and at some of the many of older ones."""
    first, trial = tmp_path / "first", tmp_path / "trial"
    if revision == "nothing":
        first.mkdir(mode=0o700)
    else:
        old_vault(lived, first, revision)
    shutil.copytree(first, trial)
    total = statements_of(Profile("test", trial, lived.profile.actor))
    step = 3 if revision == EARLIER[-1] else max(total // 2, 1)
    for at in (*range(1, total, step), total):
        profile = Profile("test", tmp_path / f"at-{at}", lived.profile.actor)
        shutil.copytree(first, profile.directory)

        def dying(profile: Profile = profile, left: int = at) -> None:
            def statement(*_: object) -> None:
                nonlocal left
                left -= 1
                if left == 0:
                    die()

            event.listen(Engine, "before_cursor_execute", statement)
            SqliteDatabase.open(profile.directory)

        assert killed(dying)
        if revision == "nothing":
            LocalVault.open(profile, clock).close()
            continue
        with engine_of(profile.directory) as engine, engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == revision
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        if at in {1, total}:
            migrate(profile)
            with engine_of(profile.directory) as engine:
                require_same_rows(rows_of(engine), lived, revision)


@pytest.mark.parametrize("moment", ["copied", "checked", "committed"])
def test_the_copy_of_before_is_whole_or_not_there(
    lived: Lived, tmp_path: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = old_vault(lived, tmp_path / "vault", EARLIER[-1])
    copy = profile.directory / f"vault.before-{EARLIER[-1]}.backup"

    def dying() -> None:
        if moment == "committed":
            event.listen(Engine, "commit", die)
        else:
            monkeypatch.setattr(sqlite_schema, {"copied": "fault_in", "checked": "upgrade"}[moment], die)
        SqliteDatabase.open(profile.directory)

    assert killed(dying)

    assert copy.exists() is (moment != "copied")
    SqliteDatabase.open(profile.directory).close()
    assert [each.name for each in profile.directory.iterdir() if each.name.startswith(".")] == [], "nothing piles up"
    with engine_of(profile.directory) as engine:
        require_same_rows(rows_of(engine), lived, EARLIER[-1])
    whole = tmp_path / "whole"
    whole.mkdir(mode=0o700)
    shutil.copy(copy, whole / "vault.db")
    with engine_of(whole) as engine:
        assert in_order(rows_of(engine)["audit"]) == in_order(lived.rows["audit"])


def test_several_processes_may_open_an_old_vault_at_once(lived: Lived, tmp_path: Path, clock: StoppedClock) -> None:
    """One of them is killed as it raises the vault: the others find it undone, and one does it."""
    profile = old_vault(lived, tmp_path / "vault", EARLIER[-1])

    def dying() -> None:
        event.listen(Engine, "commit", die)
        SqliteDatabase.open(profile.directory)

    works = [dying, *[lambda: SqliteDatabase.open(profile.directory).close()] * 3]
    children = [begun(work) for work in works]

    ends = sorted(map(end_of, children))
    assert ends[1:] == [0, 0, 0]
    assert ends[0] in {0, -signal.SIGKILL}, "it may have found the vault raised"
    with engine_of(profile.directory) as engine:
        require_same_rows(rows_of(engine), lived, EARLIER[-1])
    require_all_there(profile, lived, clock)


def test_a_damaged_vault_is_not_raised(lived: Lived, tmp_path: Path) -> None:
    from keytui.domain.errors import Unreachable

    profile = old_vault(lived, tmp_path / "vault", EARLIER[-1])
    path = profile.directory / "vault.db"
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2 : len(whole) // 2 + 20_000] = bytes(20_000)
    path.write_bytes(whole)

    with pytest.raises(Unreachable, match="damaged"):
        SqliteDatabase.open(profile.directory)

    assert path.read_bytes() == whole
