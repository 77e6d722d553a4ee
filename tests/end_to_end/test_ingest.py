"""`keytui ingest` as an operator leaves it running: it follows a log through its rotations, and ends when told to."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from keytui.clock import utc_now
from keytui.domain.query import Query, Sort
from keytui.domain.reports import SourceStanding
from tests.end_to_end.display import PATIENCE
from tests.end_to_end.home import KEYTUI, Home
from tests.world import eventually

PREFIX = 12


def append(path: Path, key: str, count: int = 1, ago: timedelta = timedelta()) -> None:
    """Lines as nginx writes them, of this moment or of one that was."""
    record = {"t": (utc_now() - ago).isoformat(), "ip": "10.0.0.1", "u": "/", "s": 200, "key_prefix": key, "ua": "curl"}
    with path.open("a") as file:
        file.writelines(json.dumps(record) + "\n" for _ in range(count))


def accepted(home: Home) -> int:
    with home.vault() as vault:
        return sum(use.accepted for use in vault.callers(vault.find("checkout").id))


def _used(home: Home) -> list[str]:
    with home.vault() as vault:
        return [row.key.name for row in vault.page(Query(), Sort(), 0, 100).rows if row.last_used_at is not None]


def standing(home: Home) -> SourceStanding:
    with home.vault() as vault:
        return next(source for source in vault.sources() if source.name == "log edge")


@contextmanager
def following(home: Home, *words: str) -> Iterator[subprocess.Popen[str]]:
    """The command, until the block ends or it does."""
    process = subprocess.Popen(
        [KEYTUI, "ingest", "--follow", "--json", "--source", "edge", *words],
        env=home.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_log_is_followed_through_its_rotations_until_a_signal_comes(home: Home, number: signal.Signals) -> None:
    key = home.create("checkout")[:PREFIX]
    log = home.directory / "edge.log"
    append(log, key, 3)
    with following(home, str(log)) as process:
        eventually(lambda: accepted(home) == 3, PATIENCE)
        append(log, key, 2)
        eventually(lambda: accepted(home) == 5, PATIENCE)
        late = home.create("late")[:PREFIX]
        append(log, late)
        eventually(lambda: "late" in _used(home), PATIENCE)
        log.rename(log.with_name("edge.log.1"))
        append(log.with_name("edge.log.1"), key)
        append(log, key)
        eventually(lambda: accepted(home) == 7, PATIENCE)
        shutil.copy(log, log.with_name("edge.log.2"))
        os.truncate(log, 0)
        append(log, key, 4)
        eventually(lambda: accepted(home) == 11, PATIENCE)
        append(log, key)
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert json.loads(out)["accepted"] == 13
    assert accepted(home) == 12
    assert standing(home).gaps == ()
    assert home.answer("ingest", str(log), "--source", "edge")["lines"] == 0


def test_a_quiet_log_that_is_followed_vouches_for_its_silence(home: Home) -> None:
    key = home.create("checkout")[:PREFIX]
    log = home.directory / "edge.log"
    append(log, key, ago=timedelta(minutes=5))
    with following(home, str(log)):
        eventually(lambda: accepted(home) == 1, PATIENCE)
        eventually(lambda: utc_now() - standing(home).as_of < timedelta(minutes=1), PATIENCE)


def test_a_pipe_is_followed_until_it_ends(home: Home) -> None:
    key = home.create("checkout")[:PREFIX]
    log = home.directory / "lines"
    append(log, key, 5)
    with following(home, "-") as process:
        assert process.stdin is not None
        process.stdin.write(log.read_text())
        process.stdin.flush()
        eventually(lambda: accepted(home) == 5, PATIENCE)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert json.loads(out)["accepted"] == 5


def test_a_second_follower_of_the_same_source_counts_nothing_twice(home: Home) -> None:
    key = home.create("checkout")[:PREFIX]
    log = home.directory / "edge.log"
    append(log, key)
    with following(home, str(log)) as first:
        eventually(lambda: accepted(home) == 1, PATIENCE)
        with following(home, str(log)) as second:
            for number in range(2, 12):
                append(log, key)
                eventually(partial(_counted, home, number), PATIENCE)
            assert (first.poll(), second.poll()) == (None, None)
    home.keytui("ingest", str(log), "--source", "edge")
    assert accepted(home) == len(log.read_text().splitlines())


def _counted(home: Home, number: int) -> bool:
    return accepted(home) == number
