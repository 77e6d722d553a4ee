"""The demo's crowd: keys without a story, as many as are asked for, put into the vault before the console opens.

A process of its own puts them in, so that the console does not keep the memory that it takes.
"""

from __future__ import annotations

import random
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import FrameType
from typing import Final

from keytui.clock import utc_now
from keytui.domain.errors import Unreachable
from keytui.vault.local.columns import microseconds
from keytui.vault.local.files import DATABASE
from keytui.vault.local.keys.for_show import ForShow, put_for_show
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile

_OWNERS: Final = ("payments", "platform", "data", "search", "apps", "sre", "growth", "web", "")
_NOUNS: Final = ("orders", "invoices", "catalogue", "mail", "media", "stock", "users", "reports", "events", "maps")
_ROLES: Final = ("api", "worker", "sync", "export", "import", "cron", "bff", "proxy")
_ENVIRONMENTS: Final = ("production", "production", "staging", "development")
_OLDEST: Final = timedelta(days=240)
_FIRST: Final = 10_001
"""Number of the first, beyond those of keys with a story."""
_SECOND: Final = 1_000_000
_BASE36: Final = bytes.maketrans(bytes(range(256)), (b"abcdefghijklmnopqrstuvwxyz0123456789" * 8)[:256])


def gather_crowd(profile: Profile, keys: int, seed: int) -> None:
    """Make a vault of that many keys in the profile's empty directory, and say on standard error how far it is.

    ctrl+c ends it within a moment, and nothing of it stays but files in that directory. Unreachable when it fails.
    """
    spawning = get_context("spawn")
    ours, theirs = spawning.Pipe(duplex=False)
    process = spawning.Process(target=_gather, args=(profile, keys, seed, theirs), daemon=True)
    with _ended_by_signals():
        process.start()
        theirs.close()
        try:
            _tell(ours, keys)
            process.join()
        finally:
            process.kill()
            process.join()
    if process.exitcode:
        raise Unreachable("the demo's keys could not be made", "see whether the disk has room for 1 kB a key")


def crowd(keys: int, seed: int) -> Iterator[ForShow]:
    """That many keys, by id. Names and owners repeat with the seed; ids and digests never do."""
    dice = random.Random(seed)  # noqa: S311  # keys to look at
    now, oldest = microseconds(utc_now()), _OLDEST // timedelta(seconds=1)
    letters = secrets.token_bytes(25 * keys).translate(_BASE36).decode()
    ids = sorted(letters[at : at + 16] for at in range(0, 16 * keys, 16))
    for number, key_id in enumerate(ids):
        drawn = dice.getrandbits(48)
        age = drawn % oldest
        used, at = drawn >> 28 & 7, 16 * keys + 9 * number
        created_at = now - age * _SECOND
        yield ForShow(
            key_id,
            f"{_NOUNS[(drawn >> 8) % 10]}-{_ROLES[drawn >> 16 & 7]}-{_FIRST + number}",
            _ENVIRONMENTS[drawn >> 20 & 3],
            _OWNERS[(drawn >> 22) % 9],
            f"\n{_NOUNS[(drawn >> 24) % 10]}:read\n",
            created_at,
            f"tk_{letters[at : at + 9]}",
            secrets.token_hex(32),
            None if not used else now - age * _SECOND * used // 40,
            now + (drawn >> 32) % oldest * _SECOND if drawn & 7 == 0 else None,
        )


def _gather(profile: Profile, keys: int, seed: int, told: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ctrl+c reaches both processes; the other one speaks
    LocalVault.open(profile).close()
    put_for_show(profile.directory / DATABASE, crowd(keys, seed), told.send)


def _tell(told: Connection, keys: int) -> None:
    """One line that is written anew, and taken away at the end."""
    began = time.monotonic()
    while True:
        try:
            done = told.recv()
        except EOFError:
            break
        seconds = time.monotonic() - began
        what = f"making {keys:,} keys: {done:,}, {done / seconds:,.0f} a second"
        sys.stderr.write(f"\r{what if done < keys else f'making the indexes of {keys:,} keys'}   ctrl+c stops\x1b[K")
        sys.stderr.flush()
    sys.stderr.write("\r\x1b[K")


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end it as ctrl+c does: in order."""
    before = {number: signal.signal(number, _leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
