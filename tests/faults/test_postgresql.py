"""A server that hangs up before any statement of an operation: before or after, told, and again it goes well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Connection, Engine, event

from keytui.domain.errors import Unreachable
from keytui.domain.secrets import Secret
from keytui.vault.local.answers import Repeated
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.faults.operations import CALLS
from tests.postgresql import connected, vault_database
from tests.unit.vault.access.two_tenants import TeamVault, Tenant

METHODS: Final = ("create", "issue", "prove", "revoke")
OTHERS: Final = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


class Line:
    """Counts statements and commits; before the one numbered `ends_at` the server ends all connections of the vault."""

    def __init__(self, own: psycopg.Connection) -> None:
        self._own = own
        self.asked = 0
        self.ends_at = 0

    def ask(self, *_: Any) -> None:
        self.asked += 1
        if self.asked == self.ends_at:
            self._own.execute(OTHERS)

    def commit(self, connection: Connection) -> None:
        if connection.get_execution_options().get("writing"):
            self.ask()

    @contextmanager
    def watched(self) -> Iterator[None]:
        listening = ((Engine, "before_cursor_execute", self.ask), (Engine, "commit", self.commit))
        for each in listening:
            event.listen(*each)
        yield
        for each in listening:
            event.remove(*each)

    def rows(self) -> dict[str, list[tuple[object, ...]]]:
        """All that is in the database."""
        names = self._own.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        every = sql.SQL("SELECT * FROM {} AS one ORDER BY one::text")
        return {name: self._own.execute(every.format(sql.Identifier(name))).fetchall() for (name,) in names}


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TeamVault, Profile]]:
    directory = tmp_path_factory.mktemp("team") / "vault"
    with vault_database(directory) as database:
        made = TeamVault(directory, "acme", database=database)
        yield made, made.owner._ground.profile
        made.close()


@pytest.mark.parametrize("method", METHODS)
def test_any_statement_meets_a_server_that_hangs_up(team: tuple[TeamVault, Profile], method: str) -> None:
    vault, own = team[0].owner, team[0].tenants["acme"]
    own = CALLS[method][0](vault, own)
    with connected(team[1]) as connection:
        line = Line(connection)
        before = line.rows()
        with line.watched():
            while error := _failed(line, vault, method, own):
                assert error.hint
                assert line.rows() == before, f"statement {line.ends_at}"
        assert line.ends_at > 5
        assert line.rows() != before
    with pytest.raises(Repeated):
        vault.repeatable(_key(method), b"request", lambda _: b"answer")
    assert vault.verify_audit().broken_at is None


def _key(method: str) -> Secret:
    return Secret(method.ljust(43, "k"))


def _failed(line: Line, vault: LocalVault, method: str, own: Tenant) -> Unreachable | None:
    """At the next statement; None where there are no more."""
    asked = vault.repeatable(_key(method), b"request", lambda _: b"answer")
    line.asked, line.ends_at = 0, line.ends_at + 1
    try:
        CALLS[method][1](asked, own)
    except Unreachable as error:
        return error
    assert line.asked < line.ends_at, f"statement {line.ends_at} failed, and it ended well"
    return None
