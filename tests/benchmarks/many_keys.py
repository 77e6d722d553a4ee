"""Keys imported and made in number, beside the same rows put in by bare `sqlite3`, and beside somebody who waits.

`python -m tests.benchmarks.many_keys [KEYS]` writes a file of that many keys, has `keytui import` and `keytui
create-many` take it, each a process of its own over a new vault, and then puts the very rows that the import wrote into
another new vault's file by `executemany` and no more. Processor time bears a busy machine better than the time does.
"""

from __future__ import annotations

import os
import resource
import secrets
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Final

from keytui.domain.audit import Actor
from keytui.domain.keys import KeyDraft, KeyEdit
from keytui.domain.secrets import FORMATS
from keytui.vault.local.files import DATABASE
from keytui.vault.local.vault import LocalVault
from keytui.vault.many_keys import MOST_AT_ONCE
from keytui.vault.profile import Profile

KEYS: Final = 100_000
_NOUNS: Final = ("orders", "invoices", "catalogue", "mail", "media", "stock", "users", "reports", "events", "maps")
_TABLES: Final = ("keys", "versions", "audit")
_PAUSE: Final = 0.05


def main() -> None:
    keys = int(sys.argv[1]) if len(sys.argv) > 1 else KEYS
    with TemporaryDirectory(prefix="keytui-many-") as directory:
        home = Path(directory)
        values, drafts = _files(home, keys)
        print(f"{keys:,} keys, load {os.getloadavg()[0]:.1f}")  # noqa: T201
        imported = _profile(home, "imported")
        with _somebody_waits(imported):
            _run("keytui import", keys, home / "imported", "import", str(values), "--json")
        _run("the same again", keys, home / "imported", "import", str(values), "--json")
        secrets_file = str(home / "secrets.jsonl")
        _run("keytui create-many", keys, home / "made", "create-many", str(drafts), "--to", secrets_file, "--json")
        _bare(imported, _profile(home, "bare"), keys)


def _files(home: Path, keys: int) -> tuple[Path, Path]:
    values, drafts = home / "values.csv", home / "drafts.csv"
    with values.open("w") as one, drafts.open("w") as other:
        one.write("name,environment,owner,scopes,secret\n")
        other.write("name,environment,owner,scopes\n")
        for number in range(keys):
            line = f"{_NOUNS[number % 10]}-worker-{number},production,payments,{_NOUNS[number % 7]}:read"
            one.write(f"{line},{FORMATS['tk'].mint(secrets.token_bytes).reveal()}\n")
            other.write(f"{line}\n")
    return values, drafts


def _profile(home: Path, name: str) -> Profile:
    return Profile("default", home / name / "default", Actor("ada", "bastion-2"))


def _run(what: str, keys: int, home: Path, *words: str) -> None:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(  # our own command
        [sys.executable, "-m", "keytui", *words],
        check=True,
        env={**os.environ, "KEYTUI_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    took, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    _say(what, keys, took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    print(f"    {after.ru_maxrss // 1024} MiB at most of any process so far")  # noqa: T201


def _bare(written: Profile, empty: Profile, keys: int) -> None:
    """The import's own rows, in its own batches, without a look at one of them."""
    LocalVault.open(empty).close()
    with closing(sqlite3.connect(written.directory / DATABASE)) as source:
        parts = {table: list(_rows(source, table)) for table in _TABLES}
    with closing(sqlite3.connect(empty.directory / DATABASE, isolation_level=None)) as database:
        for pragma in ("foreign_keys = ON", "secure_delete = ON"):
            database.execute(f"PRAGMA {pragma}")
        database.execute("DELETE FROM audit")
        began, busy = time.monotonic(), time.process_time()
        for at in range(0, keys, MOST_AT_ONCE):
            database.execute("BEGIN IMMEDIATE")
            for table, rows in parts.items():
                part = rows[at : at + MOST_AT_ONCE]
                marks = ", ".join("?" * len(part[0]))
                database.executemany(f"INSERT INTO {table} VALUES ({marks})", part)  # noqa: S608  # our own names
            database.execute("COMMIT")
        _say("bare executemany of the same rows", keys, time.monotonic() - began, time.process_time() - busy)


def _rows(source: sqlite3.Connection, table: str) -> Iterator[tuple[object, ...]]:
    imported = " WHERE type = 'key.imported'" if table == "audit" else ""
    yield from source.execute(f"SELECT * FROM {table}{imported} ORDER BY rowid")  # noqa: S608  # our own names


@contextmanager
def _somebody_waits(profile: Profile) -> Iterator[None]:
    """Another operator edits a key of the same vault, twenty times a second if it is let."""
    vault = LocalVault.open(profile)
    key = vault.create(KeyDraft("edited", "production"), secrets.token_hex(16)).key
    over, waits = Event(), list[float]()

    def edit() -> None:
        while not over.wait(_PAUSE):
            began = time.monotonic()
            vault.edit(key.id, KeyEdit(description=str(len(waits))))
            waits.append(time.monotonic() - began)

    editing = Thread(target=edit)
    editing.start()
    try:
        yield
    finally:
        over.set()
        editing.join()
        vault.close()
    print(f"    meanwhile an edit waited {sum(waits) / len(waits):.2f} s, at most {max(waits):.2f} s")  # noqa: T201


def _say(what: str, keys: int, took: float, busy: float) -> None:
    print(  # noqa: T201
        f"{what}: {took:.1f} s, {keys / took:,.0f} a second; processor {busy / keys * 1e6:.0f} µs a key", flush=True
    )


if __name__ == "__main__":
    main()
