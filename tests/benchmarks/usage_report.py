"""The usage report of one key among ten thousand, over thirty days, beside the same rows from a bare `sqlite3`."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from keytui.domain.ranges import range_of
from keytui.vault.local.files import DATABASE
from keytui.vault.local.vault import LocalVault
from tests.benchmarks.fleet import NOW, filled
from tests.benchmarks.ratio import Ratio, medians

ROUNDS: Final = 9
KEYS: Final = 10_000
_SPAN: Final = timedelta(days=30)
_ROWS: Final = """
    SELECT u.at, u.accepted, u.refused FROM series AS s CROSS JOIN usage AS u
    WHERE s.key_id = ? AND u.series = s.id AND u.grain IN (1, 60, 1440) AND u.at >= ?
"""


def ratios() -> Iterator[Ratio]:
    """What `vault.usage` answers, and what `keytui usage KEY` shows, for a key that has requests in every minute."""
    with TemporaryDirectory() as home:
        profile = filled(Path(home), KEYS, busy=1_000)
        vault, bare = LocalVault.open(profile, clock=lambda: NOW), sqlite3.connect(profile.directory / DATABASE)
        key, since, over = vault.find("key-7").id, NOW - _SPAN, range_of(_SPAN)
        reports: tuple[tuple[str, Callable[[], object]], ...] = (
            ("30 days of one key of 10,000: vault.usage", lambda: vault.usage(key, since, 1)),
            ("30 days of one key of 10,000: vault.monitor", lambda: vault.monitor(over, 1, key)),
        )
        for what, report in reports:
            ours, theirs = medians(
                [(_seconds(report), _seconds(lambda: _read(bare, key, since))) for _ in range(ROUNDS)]
            )
            yield Ratio(what, ours, "its rows from bare sqlite3", theirs)
        bare.close()
        vault.close()


def _read(bare: sqlite3.Connection, key: str, since: datetime) -> list[tuple[int, int, int]]:
    return bare.execute(_ROWS, (key, int(since.timestamp()) * 1_000_000)).fetchall()


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
