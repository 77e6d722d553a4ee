"""A database that fails, and a process that dies, at a statement of opening, raising, backups, rebuilding and feeds.

Every statement fails where there are at most 15 of them; of more, the first and last five and five that are spread
between. The process dies at three that are spread over all. Of a schema that is raised, nine fail, and it dies at one:
`test_migrations` lets it die at more. The way goes round with the number, and half of them stay.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from keytui.domain.errors import Forbidden, KeytuiError
from keytui.vault.local.vault import LocalVault
from tests.faults.statements import DEAD, WAYS, Statements
from tests.faults.upkeep import LATER, WORKS
from tests.faults.works import Act, Work, a_profile, opened

FEW: Final = 15
DEATHS: Final = 3
LONG: Final = "raised from"
"""What takes hundreds of statements."""
_GROWS: Final = ("audit", "checkpoints", "sqlite_sequence", "answers", "idempotency", "acknowledgements", "looks")
"""What a second try adds to, or what a try that failed has begun."""


class Stage:
    """The world of one work, again and again as it was."""

    def __init__(self, work: Work, directory: Path) -> None:
        self.here, self._kept = directory / "here", directory / "kept"
        self.here.mkdir(mode=0o700)
        self.act: Act = work.prepare(self.here)
        shutil.copytree(self.here, self._kept)

    def again(self) -> None:
        shutil.rmtree(self.here)
        shutil.copytree(self._kept, self.here)

    def standing(self) -> object:
        """Which files there are, and how many rows each table has."""
        files = {str(path.relative_to(self.here)) for path in self.here.rglob("*")}
        files = {name for name in files if not name.endswith(("-wal", "-shm", "vault.lock"))}
        return sorted(files), rows_in(self.here / "vault")


def rows_in(vault: Path) -> Counter[str]:
    with closing(sqlite3.connect(f"file:{vault}/vault.db?mode=ro", uri=True)) as database:
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE 'key_word%'"
        names = [name for (name,) in database.execute(tables) if name not in _GROWS]
        counts = {name: database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}  # noqa: S608
        states = database.execute("SELECT state, count(*) FROM versions GROUP BY 1").fetchall()
    return Counter(counts | dict(states))


def spread(statements: int, most: int) -> list[int]:
    """Of so many statements, some from the first to the last."""
    return sorted({1 + (statements - 1) * number // max(most - 1, 1) for number in range(most)})


def failing(statements: int, most: int) -> list[int]:
    if statements <= most:
        return list(range(1, statements + 1))
    third = most // 3
    ends = {*range(1, third + 1), *range(statements - third + 1, statements + 1)}
    return sorted(ends | set(spread(statements, third)))


def failed(stage: Stage, statements: Statements, at: int) -> tuple[str, str] | None:
    """What is said of it, and the way out. The error itself would keep what it failed in open."""
    with statements.counted(at, WAYS[at % 4], stays=at % 8 > 3):
        try:
            stage.act()
        except KeytuiError as error:
            return error.message, error.hint
    return None


def died(stage: Stage, statements: Statements, at: int) -> bool:
    """Whether a process of its own ended there."""
    child = os.fork()
    if child == 0:
        statements.die_at(at)
        try:
            stage.act()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == DEAD


@pytest.mark.parametrize("work", WORKS, ids=str)
def test_done_or_not_and_again_it_goes_well(work: Work, statements: Statements, in_memory: Path) -> None:
    stage = Stage(work, in_memory)
    stage.act()  # the first in a process asks SQLite about itself
    stage.again()
    with statements.counted():
        stage.act()
    asked, after = statements.asked, stage.standing()
    assert asked > 1
    few, deaths = (9, 1) if LONG in work.name else (FEW, DEATHS)
    for at in failing(asked, few):
        stage.again()
        told = failed(stage, statements, at)
        if told is not None:
            assert str(stage.here) in told[0], f"statement {at}: {told}"
            assert told[1], f"statement {at}: {told}"
        if told is not None or work.name in LATER:
            stage.act()
        assert stage.standing() == after, f"statement {at}: {told}"
    for at in spread(asked, deaths):
        stage.again()
        assert died(stage, statements, at), f"statement {at}"
        stage.act()
        assert stage.standing() == after, f"died at statement {at}"
    require_whole(stage)


def require_whole(stage: Stage) -> None:
    vault = opened(stage.here)
    assert vault.verify_audit().broken_at is None
    vault.close()


def test_a_refusal_that_could_not_be_written_is_written_at_the_end(statements: Statements, in_memory: Path) -> None:
    at, failing = 0, True
    while failing:
        at += 1
        vault = LocalVault.open(a_profile(in_memory / str(at)))
        with statements.counted(at, WAYS[at % 4]):
            try:
                vault.note_refusal(vault.principal(), "revoke", Forbidden("you may not", "ask somebody"))
                failing = False
            except KeytuiError:
                assert refusals_in(in_memory / str(at)) == 0, f"statement {at}"
        vault.close()
        assert refusals_in(in_memory / str(at)) == 1, f"statement {at}"
    assert at > 3


def refusals_in(here: Path) -> int:
    with closing(
        sqlite3.connect(f"file:{here}/vault/vault.db?mode=ro", uri=True, factory=sqlite3.Connection)
    ) as database:
        (count,) = database.execute("SELECT count(*) FROM audit WHERE refused").fetchone()
    return int(count)
