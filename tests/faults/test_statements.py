"""A vault whose database fails at any statement of any method: before or after, told clearly, and again it goes well.

Every statement of every method fails, COMMIT too. The way goes round with its number, and half of them stay: so do the
next. A method that changes something is asked as a request that may come again.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from keytui.domain.audit import Actor
from keytui.domain.errors import Unreachable
from keytui.domain.query import Sort, parse
from keytui.domain.secrets import Secret
from keytui.domain.usage import Flush
from keytui.vault.local.answers import Repeated
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.vault.protocol import Vault
from tests.contract.acts import created, use
from tests.faults.operations import BESIDE, BESIDE_READ, CALLS, EACH_TIME, ELSEWHERE, changes_something
from tests.faults.statements import WAYS, Statements
from tests.unit.vault.access.two_tenants import CHEAP, PASSPHRASE, Tenant
from tests.world import NOON, StoppedClock, repeatable_randomness

KEY: Final = Secret("k" * 43)
"""Of the request, the same each time."""
Rows = dict[str, list[tuple[object, ...]]]


def rows(vault: Path) -> Rows:
    """All that is in its database."""
    with closing(sqlite3.connect(f"file:{vault}/vault.db?mode=ro", uri=True)) as database:
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0 ORDER BY name"
        names = [name for (name,) in database.execute(tables)]
        return {name: database.execute(f"SELECT * FROM {name}").fetchall() for name in names}  # noqa: S608


def fails(statements: Statements, at: int, vault: LocalVault, method: str, own: Tenant) -> Unreachable | None:
    """The method, asked as a request that may come again; what it says where it has so many statements."""
    asked = vault.repeatable(KEY, b"request", lambda _: b"answer")
    with statements.counted(at, WAYS[at % 4], stays=at % 8 > 3):
        try:
            CALLS[method][1](asked, own)
        except Unreachable as error:
            assert statements.asked >= at
            return error
    assert statements.asked < at, f"statement {at} failed, and it ended well"
    return None


def test_every_method_is_asked() -> None:
    """A new one has no case yet."""
    methods = {name for name in dir(Vault) if not name.startswith("_") and callable(getattr(Vault, name))}
    assert methods == (CALLS.keys() - BESIDE.keys() - BESIDE_READ.keys()) | ELSEWHERE.keys()


@pytest.mark.parametrize("method", [method for method in CALLS if method not in ELSEWHERE])
def test_any_statement_fails(method: str, used: tuple[Path, Tenant], statements: Statements, in_memory: Path) -> None:
    template, own = used
    directory = in_memory / "vault"
    shutil.copytree(template, directory)
    profile = Profile("team", directory, Actor("root", "server"))
    vault = LocalVault.open(profile, StoppedClock(), repeatable_randomness(2), cost=CHEAP)
    own = CALLS[method][0](vault, own)
    before, at = rows(directory), 1

    while error := fails(statements, at, vault, method, own):
        assert error.hint
        assert str(directory) in error.message
        assert rows(directory) == before, f"statement {at}"
        at += 1

    after = rows(directory)
    assert at > 1
    assert (after != before) is changes_something(method)
    if after != before and method not in EACH_TIME:
        with pytest.raises(Repeated):
            fails(statements, 0, vault, method, own)
        assert rows(directory) == after
    assert vault.verify_audit().broken_at is None
    vault.close()


def test_a_look_for_alerts_that_failed_is_taken_again(
    used: tuple[Path, Tenant], statements: Statements, in_memory: Path
) -> None:
    """It takes over a hundred statements: every tenth fails."""
    directory, clock = in_memory / "vault", StoppedClock()
    clock.advance(timedelta(days=100))

    def tended(at: int) -> set[str]:
        """The alerts that are open after a look failed there, and the next went well."""
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(used[0], directory)
        vault = LocalVault.open(Profile("team", directory, Actor("root")), clock)
        with statements.counted(at, WAYS[at % 4]), suppress(Unreachable):
            vault.tend()
        asked = statements.asked
        vault.tend()
        found = {f"{alert.signal.kind} {alert.signal.subject}" for alert in vault.alerts()}
        vault.close()
        statements.asked = asked
        return found

    due, asked = tended(0), statements.asked
    assert len(due) > 1
    for at in range(1, asked + 1, 10):
        assert tended(at) == due, f"statement {at}"


def test_the_first_passphrase_is_set_or_not(statements: Statements, in_memory: Path) -> None:
    directory, at = in_memory / "vault", 0
    vault = LocalVault.open(Profile("test", directory, Actor("ada")), cost=CHEAP)
    before = rows(directory)
    failed = True
    while failed:
        at += 1
        with statements.counted(at, WAYS[at % 4]):
            try:
                vault.set_passphrase(PASSPHRASE)
                failed = False
            except Unreachable:
                assert rows(directory) == before
    assert at > 5
    vault.lock()
    vault.unlock(PASSPHRASE)
    vault.close()


def test_what_a_recorder_tells_counts_once(used: tuple[Path, Tenant], statements: Statements, in_memory: Path) -> None:
    """It tells the same again until it is heard, and what is not heard is not counted."""
    directory, own, at = in_memory / "vault", used[1], 0
    shutil.copytree(used[0], directory)
    feed = LocalFeed.open(Profile("team", directory, Actor("root")), StoppedClock())
    feed.register("r9", "api-9", "host", 9)
    told = Flush("r9", 1, NOON, (use(own.key_id, 2, NOON, accepted=5), use(own.key_id, 1, NOON, refused=3)))
    before, heard = requests_in(directory), False
    while not heard:
        at += 1
        with statements.counted(at, WAYS[at % 4], stays=at % 8 > 3):
            try:
                feed.record(told)
                heard = True
            except Unreachable:
                assert requests_in(directory) == before, f"statement {at}"
    assert at > 10
    assert requests_in(directory) == before + 9
    feed.close()


def requests_in(vault: Path) -> int:
    """That were told of, accepted or refused, as another program reads it: no fault of ours is its own."""
    with closing(sqlite3.connect(f"file:{vault}/vault.db?mode=ro", uri=True, factory=sqlite3.Connection)) as database:
        (told,) = database.execute("SELECT sum(accepted + refused) FROM usage").fetchone()
    return int(told)


def test_what_was_done_is_done_though_the_end_fails(statements: Statements, in_memory: Path) -> None:
    """Signing the log's head at a clean end is all that is lost."""
    profile = Profile("test", in_memory / "vault", Actor("ada"))
    at, asked = 0, 1
    while at < asked:
        at += 1
        vault = LocalVault.open(profile)
        key = created(vault, f"key-{at}").key
        with statements.counted(at, WAYS[at % 4]):
            vault.close()
        asked = statements.asked
    again = LocalVault.open(profile)
    assert again.find(key.id).id == key.id
    assert again.verify_audit().broken_at is None
    again.close()


@pytest.mark.parametrize("room", range(8))
def test_a_database_that_has_no_room_left(statements: Statements, in_memory: Path, room: int) -> None:
    """As SQLite itself says it: so many pages more, and then it is full."""
    vault = LocalVault.open(Profile("test", in_memory / "vault", Actor("ada")))
    first = created(vault, "first")
    asked(vault, f"PRAGMA max_page_count = {int(asked(vault, 'PRAGMA page_count')) + room}")
    made = 0

    def fill() -> None:
        nonlocal made
        while True:
            created(vault, f"key-{made}")
            made += 1

    with pytest.raises(Unreachable, match="full") as refused:
        fill()
    assert "make room" in refused.value.hint
    asked(vault, "PRAGMA max_page_count = 1000000")
    assert vault.page(parse(""), Sort(), 0, 1).total == 1 + made
    created(vault, f"key-{made}")
    assert vault.find("first").id == first.key.id
    assert vault.verify_audit().broken_at is None
    vault.close()


def asked(vault: LocalVault, pragma: str) -> str:
    """Of the one connection that the vault has: what it says there holds for it alone."""
    with closing(vault._ground.database._writer.raw_connection()) as connection:
        return str(connection.cursor().execute(pragma).fetchone()[0])
