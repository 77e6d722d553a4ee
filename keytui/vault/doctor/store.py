"""Whether the vault's file is whole, of our schema, and has its key files beside it. It is not opened as a vault."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keytui.domain.errors import KeytuiError, Unreachable
from keytui.domain.text import harmless
from keytui.plain_file import kind_of, read_plain
from keytui.vault.doctor.damage import damaged_table, fault_of_words
from keytui.vault.doctor.finding import Finding, fine, of_error, wants_an_eye, wrong
from keytui.vault.local.backup.copying import fault_in, reading
from keytui.vault.local.backup.state import LOADED, RECONCILED
from keytui.vault.local.files import DATABASE
from keytui.vault.local.key_files import PEPPER_FILE, check_of
from keytui.vault.local.ledger import KEY_FILE
from keytui.vault.local.log_head import HEAD_FILE, Head, has_signed, kept_head
from keytui.vault.local.modes import denied, shut_out, unreadable_way
from keytui.vault.local.schema import SCHEMA
from keytui.vault.profile import Profile

SUBJECT: Final = "vault"
_KEY_BYTES: Final = 32
_DRAFT: Final = re.compile(rf"\.({'|'.join(map(re.escape, (PEPPER_FILE, KEY_FILE, HEAD_FILE)))})\.[0-9a-f]{{16}}")
_RECOVERY: Final = "docs/guide/recovery.md says what to do"
_REBUILD: Final = "its tables can be read: `keytui rebuild` makes the rest anew"
_BRING: Final = "copy it from where you keep it, at 0600"


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a vault's file says without being opened as one."""

    schema: str
    newest: datetime | None
    entries: int
    waits: bool
    """Whether it came from a backup that nobody has reconciled."""
    beyond: bool
    """Whether its log does not hold the head that was kept of it."""


def look_at_vault(profile: Profile) -> Iterator[Finding]:
    """The profile's vault: a file of ours, a database, or somebody's server."""
    if profile.server is not None:
        yield fine(SUBJECT, f"profile {profile.name} is at {profile.server.host}; its host has the files")
    elif closed := shut_out(profile.directory):
        yield of_error(SUBJECT, closed)
    elif not profile.directory.exists():
        yield fine(SUBJECT, f"profile {profile.name} has none yet: it is made in {profile.directory} on first use")
    elif profile.database:
        yield from _look_at_database(profile)
        yield from _look_at_key_files(profile.directory)
        yield from _look_at_drafts(profile.directory)
    else:
        yield from _look_at_file(profile.directory / DATABASE)
        yield from _look_at_key_files(profile.directory)
        yield from _look_at_drafts(profile.directory)


def newest_entry(profile: Profile) -> datetime | None:
    """When the vault's newest entry was made; None where that cannot be read."""
    path = profile.directory / DATABASE
    if profile.server is not None or profile.database or not os.access(path, os.R_OK):
        return None
    try:
        return _facts(path).newest
    except (sqlite3.Error, TypeError, ValueError):
        return None


def _look_at_file(path: Path) -> Iterator[Finding]:
    if not path.exists():
        if path.with_name(HEAD_FILE).exists():
            yield wrong(SUBJECT, f"{path} is missing, and the files beside it are there", _RECOVERY)
        else:
            yield fine(SUBJECT, f"no {path} yet: it is made on first use")
        return
    if unread := _wrong_unread(path):
        yield unread
        return
    try:
        fault = fault_in(path) or fault_of_words(path)
    except Unreachable as error:
        yield of_error(SUBJECT, error)
        return
    if fault:
        todo = _RECOVERY if damaged_table(path) else f"{_REBUILD}; or else {_RECOVERY}"
        yield wrong(SUBJECT, f"{path} is damaged or cannot be read: {harmless(fault)}", todo)
        return
    kept = _kept(path.with_name(HEAD_FILE))  # before the log is asked: others write meanwhile
    try:
        facts = _facts(path, kept)
    except (sqlite3.Error, TypeError, ValueError):
        yield wrong(SUBJECT, f"{path} is a database, but not a vault of keytui's", "move it away, or name another one")
        return
    if kept is None and facts.entries:
        yield _without_head(path.with_name(HEAD_FILE))
    if kept is not None and facts.beyond:
        yield wrong(
            SUBJECT,
            f"{path} is an older copy of itself, or its log was cut: it has {facts.entries} entries, and not entry "
            f"{kept.sequence}, which was kept of it; it lets nobody in",
            "put the newer one back; or decide what of it may live again: keytui backup reconcile",
        )
    yield from _look_at_facts(path, facts)


def _wrong_unread(path: Path) -> Finding | None:
    """What is wrong with a vault's file before a word of it is read."""
    if kind := kind_of(path):
        return wrong(SUBJECT, f"{path} is {kind}, and not the vault's file", _RECOVERY)
    if not path.stat().st_size and path.with_name(HEAD_FILE).exists():
        return wrong(SUBJECT, f"{path} is empty, and the files beside it are there", _RECOVERY)
    closed = denied(path)
    return of_error(SUBJECT, closed) if closed else None


def _without_head(head: Path) -> Finding:
    if way := unreadable_way(head):
        return wrong(SUBJECT, f"{head} cannot be read: an older copy would not be told from it", way)
    return wrong(
        SUBJECT,
        f"{head} is missing, cannot be read or is not of this vault: an older copy would not be told from it",
        f"`keytui audit verify --checkpoint FILE` with one that you kept; the next change writes it: {_RECOVERY}",
    )


def _look_at_facts(path: Path, facts: _Facts) -> Iterator[Finding]:
    if int(facts.schema) > int(SCHEMA.head):
        yield wrong(
            SUBJECT,
            f"{path} has schema {facts.schema}, of a newer keytui; this one knows {SCHEMA.head}",
            "upgrade keytui on this machine",
        )
    elif facts.schema != SCHEMA.head:
        yield wants_an_eye(
            SUBJECT,
            f"{path} has schema {facts.schema}, and the next command raises it to {SCHEMA.head}",
            "keytui backup create FILE before, and end what an older keytui has open on it",
        )
    else:
        yield fine(SUBJECT, f"{path} is whole, with schema {facts.schema}; `keytui audit verify` recomputes its log")
    if facts.waits:
        yield wrong(
            SUBJECT, "it came from a backup, and lets nobody in", "decide what may live again: keytui backup reconcile"
        )
    aside = sorted(each.name for each in path.parent.glob(f"{path.stem}.before-*.backup"))
    if aside:
        yield wants_an_eye(
            SUBJECT,
            f"{', '.join(aside)} in {path.parent}: copies of before, with what was revoked since",
            "remove them once the new version has proven itself",
        )


def _look_at_drafts(directory: Path) -> Iterator[Finding]:
    """Of files that are put in place at once, and whose writer was killed before; one may be a copy of the pepper."""
    left = sorted(each.name for each in directory.glob(".*.*") if _DRAFT.fullmatch(each.name))
    if left:
        yield wants_an_eye(SUBJECT, f"{', '.join(left)} in {directory}: of a process that was killed", "remove them")


def _facts(path: Path, kept: Head | None = None) -> _Facts:
    with closing(reading(path)) as database:
        (schema,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
        (newest, entries) = database.execute("SELECT max(at), max(sequence) FROM audit").fetchone()
        newest_of = "SELECT coalesce(max(sequence), 0) FROM audit WHERE type = ?"
        ((loaded,), (reconciled,)) = (database.execute(newest_of, (what,)).fetchone() for what in (LOADED, RECONCILED))
        held = kept and database.execute("SELECT hash FROM audit WHERE sequence = ?", (kept.sequence,)).fetchone()
    at = None if newest is None else datetime.fromtimestamp(newest / 1e6, UTC)
    beyond = kept is not None and held != (kept.hash,)
    return _Facts(str(int(schema)).zfill(len(SCHEMA.head)), at, entries or 0, loaded > reconciled, beyond)


def _kept(file: Path) -> Head | None:
    """The head that was kept, and that the vault's key has signed, where the vault still says which that is."""
    public = _made_with(file.with_name(DATABASE)).get(KEY_FILE)
    return kept_head(file, lambda head, signature: public is None or has_signed(bytes.fromhex(public), head, signature))


def _look_at_database(profile: Profile) -> Iterator[Finding]:
    from keytui.vault.local.database.opening import open_database  # noqa: PLC0415  # most are SQLite

    try:
        database = open_database(profile)
    except KeytuiError as error:
        yield of_error(SUBJECT, error)
    else:
        yield fine(SUBJECT, f"{database.where} answers, with schema {SCHEMA.head}")
        database.close()


def _look_at_key_files(directory: Path) -> Iterator[Finding]:
    missing = [name for name in (PEPPER_FILE, KEY_FILE) if not (directory / name).exists()]
    if missing and (directory / HEAD_FILE).exists():
        yield wrong(SUBJECT, f"{' and '.join(missing)} missing in {directory}", _BRING)
        return
    made_with = _made_with(directory / DATABASE)
    for name, mark in ((PEPPER_FILE, check_of), (KEY_FILE, _public_part)):
        path = directory / name
        try:
            key = read_plain(path) if path.exists() else None
        except OSError as error:
            yield wrong(
                SUBJECT,
                f"{path} cannot be read: {error.strerror}",
                "look what it is and whose, and be that user",
            )
            continue
        if key is not None and len(key) != _KEY_BYTES:
            yield wrong(SUBJECT, f"{path} does not hold a whole key", _BRING)
        elif key is not None and made_with.get(name, mark(key)) != mark(key):
            yield wrong(SUBJECT, f"{path} is not the one that the vault was made with", _BRING)


def _made_with(path: Path) -> Mapping[str, str]:
    """What tells the key files of the vault from others; nothing where that cannot be read."""
    try:
        with closing(reading(path)) as database:
            pepper, signing_key = database.execute("SELECT pepper, signing_key FROM key_files").fetchone()
    except (sqlite3.Error, TypeError):
        return {}
    return {PEPPER_FILE: str(pepper), KEY_FILE: str(signing_key)}


def _public_part(key: bytes) -> str:
    public = Ed25519PrivateKey.from_private_bytes(key).public_key()
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
