"""`keytui audit verify` of a log of 1,000,000 entries, beside SHA-256 over the same bytes read from the same table.

Run by itself, because the log takes minutes to write: `python -m tests.benchmarks.audit_verify [--rotated]`.
"""

from __future__ import annotations

import argparse
import hashlib
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from keytui.vault.local.files import DATABASE
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.benchmarks.long_log import filled
from tests.benchmarks.ratio import Ratio, medians

ENTRIES: Final = 1_000_000
_ROUNDS: Final = 3
_BYTES: Final = (
    "SELECT sequence || at || actor || type || key_id || key_name || coalesce(version, '') || coalesce(rotation_id, '')"
    " || details || refused || previous FROM audit ORDER BY sequence"
)


def ratio(profile: Profile) -> Ratio:
    """Processor time of a whole check: entries, tenants and checkpoints."""
    vault = LocalVault.open(profile)
    check = vault.verify_audit()
    if check.broken_at is not None:
        raise AssertionError(check.detail)
    with closing(sqlite3.connect(profile.directory / DATABASE)) as bare:
        pairs = [(_seconds(vault.verify_audit), _seconds(lambda: _hash_all(bare))) for _ in range(_ROUNDS)]
    vault.close()
    ours, theirs = medians(pairs)
    what = f"audit verify, {check.entries:,} entries, {check.checkpoints:,} checkpoints"
    return Ratio(what, ours, "SHA-256 over the same bytes from the same table", theirs)


def _hash_all(bare: sqlite3.Connection) -> None:
    for (text,) in bare.execute(_BYTES):
        hashlib.sha256(text.encode()).hexdigest()


def _seconds(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started


def main() -> None:
    """Print one row of docs/performance.md's table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=ENTRIES)
    parser.add_argument("--rotated", action="store_true", help="each key is rotated ten times, and each end signed")
    given = parser.parse_args()
    with TemporaryDirectory() as home:
        one = ratio(filled(Path(home), given.entries, rotated=given.rotated))
    print(f"| {one.what} | {one.measured} | {one.baseline}, {one.compared} | {one.value:.2f} |")  # noqa: T201  # its output


if __name__ == "__main__":
    main()
