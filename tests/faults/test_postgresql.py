"""A PostgreSQL server that refuses, ends the connection or loses the answer at a statement of any method.

Each method that changes something meets a refusal or an end at its first and its third statement, the way going round
with the methods, and an end at its COMMIT; at last that is carried out and the answer lost. Each question meets three
of them, spread over its statements. `create`, `issue`, `prove` and `revoke` meet an end at every statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Connection, Engine, event

from keytui.domain.access import Role
from keytui.domain.audit import Actor
from keytui.domain.errors import Unreachable
from keytui.domain.operators import OperatorDraft
from keytui.domain.secrets import Secret
from keytui.vault.local.answers import Repeated
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.faults.operations import CALLS, EACH_TIME, ELSEWHERE, changes_something
from tests.postgresql import connected, new_database, reference, vault_database
from tests.unit.vault.access.two_tenants import CHEAP, TeamVault, Tenant
from tests.world import StoppedClock

EVERY: Final = frozenset({"create", "issue", "prove", "revoke"})
OTHERS: Final = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
ENDS: Final = ""
WAYS: Final = (ENDS, "53100", "40001", "40P01")
"""The server ends all connections of the vault, or refuses with that SQLSTATE: a full disk, crossed transactions."""
REFUSES: Final = "DO $$ BEGIN RAISE EXCEPTION 'refused by a test' USING ERRCODE = '{}'; END $$"
COMMIT: Final = -1
_NOT_HERE: Final = {
    "accept_restore": "what is restored there is not our files' affair",
    "verify_audit": "psycopg complains of a cursor on the server that its dead connection cannot close",
    "audit_extract": "as above",
}
METHODS: Final = [method for method in CALLS if method not in {*ELSEWHERE, *_NOT_HERE}]


CHANGES: Final = [method for method in METHODS if changes_something(method)]


class Line:
    """Counts statements and commits; at the one numbered `fails_at` the server does as `way` says."""

    def __init__(self, own: psycopg.Connection) -> None:
        self._own = own
        self.asked = 0
        self.fails_at = 0
        self.way = ENDS

    def ask(self, connection: Connection, _cursor: Any, statement: str, given: Any, *_: Any) -> tuple[str, Any]:
        self.asked += 1
        if self.asked != self.fails_at:
            return statement, given
        if self.way != ENDS:
            return REFUSES.format(self.way), given
        self._own.execute(OTHERS)
        return statement, given

    def commit(self, connection: Connection) -> None:
        if not connection.get_execution_options().get("writing"):
            return
        self.asked += 1
        if self.fails_at in {self.asked, COMMIT}:
            self._own.execute(OTHERS)

    @contextmanager
    def watched(self) -> Iterator[None]:
        event.listen(Engine, "before_cursor_execute", self.ask, retval=True)
        event.listen(Engine, "commit", self.commit)
        yield
        event.remove(Engine, "before_cursor_execute", self.ask)
        event.remove(Engine, "commit", self.commit)

    def rows(self) -> dict[str, list[tuple[object, ...]]]:
        """All that is in the database."""
        names = self._own.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        every = sql.SQL("SELECT * FROM {} AS one ORDER BY one::text")
        return {name: self._own.execute(every.format(sql.Identifier(name))).fetchall() for (name,) in names}


@dataclass
class Site:
    """A team's vault, and databases that are copies of its own."""

    directory: Path
    template: str
    own: Tenant

    @contextmanager
    def copied(self) -> Iterator[tuple[LocalVault, Line]]:
        (self.directory / "audit.head").unlink(missing_ok=True)
        with new_database("fault", self.template) as url:
            profile = Profile("team", self.directory, Actor("root"), database=reference(self.directory, url))
            vault = LocalVault.open(profile, StoppedClock(), cost=CHEAP)
            with connected(profile) as connection:
                line = Line(connection)
                with line.watched():
                    yield vault, line
            vault.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("team") / "vault"
    with vault_database(directory) as database:
        team = TeamVault(directory, "acme", database=database)
        with connected(team.owner._ground.profile) as connection:
            template = connection.info.dbname
        team.close()
        yield Site(directory, template, team.tenants["acme"])


@pytest.fixture(scope="module")
def asked(site: Site) -> Iterator[tuple[LocalVault, Line]]:
    """For all questions: they leave it as it is."""
    with site.copied() as copied:
        yield copied


@pytest.mark.parametrize(("turn", "method"), enumerate(CHANGES), ids=CHANGES)
def test_a_change_is_made_or_not_and_never_twice(
    site: Site, turn: int, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = every_end(site, method) if method in EVERY else [(1, WAYS[turn % 4]), (3, WAYS[(turn + 1) % 4])]
    with site.copied() as (vault, line):
        own = CALLS[method][0](vault, site.own)
        before = line.rows()
        for fault in (*faults, (COMMIT, ENDS)):
            told = failed(line, vault, method, own, fault)
            assert told is not None, f"{fault}, and it ended well"
            assert told.hint, fault
        assert line.rows() == before
        with monkeypatch.context() as patched:
            patched.setattr(psycopg.Connection, "commit", committed_unheard(psycopg.Connection.commit))
            told = failed(line, vault, method, own)
        assert told is not None
        assert ("nobody knows" in told.message, "keytui audit" in told.hint) == (True, True)
        after = line.rows()
        assert after != before
        if method not in EACH_TIME:
            with pytest.raises(Repeated):
                failed(line, vault, method, own)
            assert line.rows() == after
        vault.add_operator(OperatorDraft("later", Role.STAFF))  # whose head is kept
        assert vault.verify_audit().broken_at is None


@pytest.mark.parametrize("method", [method for method in METHODS if not changes_something(method)])
def test_a_question_is_told(site: Site, asked: tuple[LocalVault, Line], method: str) -> None:
    vault, line = asked
    own = CALLS[method][0](vault, site.own)
    assert [failed(line, vault, method, own) for _ in range(2)] == [None, None]
    for number, at in enumerate(spread(line.asked, 3)):
        told = failed(line, vault, method, own, (at, WAYS[(number + at) % 4]))
        assert told is not None, f"statement {at} failed, and it ended well"
        assert told.hint
    assert failed(line, vault, method, own) is None


def every_end(site: Site, method: str) -> list[tuple[int, str]]:
    """At each statement. How many there are is seen on a copy of its own."""
    with site.copied() as (vault, line):
        assert failed(line, vault, method, CALLS[method][0](vault, site.own)) is None
        return [(at, ENDS) for at in range(1, line.asked)]


def spread(every: int, most: int) -> list[int]:
    return sorted({1 + (every - 1) * number // (most - 1) for number in range(most)})


def failed(
    line: Line, vault: LocalVault, method: str, own: Tenant, fault: tuple[int, str] = (0, ENDS)
) -> Unreachable | None:
    """What is said where the server fails at a statement, in its way; None where it ends well."""
    line.fails_at = 0
    repeatable = vault.repeatable(Secret(method[:43].ljust(43, "k")), b"request", lambda _: b"answer")
    line.asked, (line.fails_at, line.way) = 0, fault
    try:
        CALLS[method][1](repeatable, own)
    except Unreachable as error:
        return error
    finally:
        line.fails_at = 0
    return None


def committed_unheard(commit: Callable[[psycopg.Connection], None]) -> Callable[[psycopg.Connection], None]:
    """It is carried out, and the line is gone before the answer."""

    def committed(connection: psycopg.Connection) -> None:
        commit(connection)
        connection.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    return committed
