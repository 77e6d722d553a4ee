"""The first keys of a vault, read before anything of its store is imported: by SQLite alone, in a few milliseconds.

What it shows is what the vault itself shows a moment later, the use of the last day apart; a test holds them together.
Whatever is not plain sight is left to the vault, which says in words what is wrong with its file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Final

from keytui.domain.errors import KeytuiError
from keytui.domain.flags import flags
from keytui.domain.keys import Key, KeyFacts, KeySummary, Version, VersionState
from keytui.domain.policy import Policies
from keytui.vault.local.keys.read_only import read_only
from keytui.vault.local.migrations import HEAD
from keytui.vault.model import Page
from keytui.vault.policies import load_policies
from keytui.vault.profile import Profile, configuration_path

SEEN: Final = 100
"""Keys that are read: as many as a table asks for at once."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = """
    SELECT keys.*, versions.state AS version_state
    FROM keys JOIN versions ON versions.key_id = keys.id AND versions.number = keys.version
    WHERE keys.revoked_at IS NULL ORDER BY keys.name, keys.id LIMIT ?
    """


def glimpse(profile: Profile, now: datetime) -> Page | None:
    """The first keys by name; None where there is no such file here, of this schema and with keys in it."""
    try:
        opened = read_only(profile)
        if opened is None:
            return None
        with closing(opened) as database:
            return _page(database, load_policies(configuration_path()), now)
    except (sqlite3.Error, KeytuiError, OSError, ValueError, OverflowError):
        return None


def _page(database: sqlite3.Connection, policies: Policies, now: datetime) -> Page | None:
    database.row_factory = sqlite3.Row
    ((revision,),) = database.execute("SELECT version_num FROM alembic_version")
    if revision != HEAD:
        return None
    ((total,),) = database.execute("SELECT coalesce(sum(living), 0) FROM key_counts")
    rows = database.execute(_FIRST, (SEEN,)).fetchall()
    return Page(tuple(_summary(dict(row), policies, now) for row in rows), 0, total) if rows else None


def _summary(row: Mapping[str, str | int | None], policies: Policies, now: datetime) -> KeySummary:
    environment, last_used_at = str(row["environment"]), _time(row["last_used_at"])
    key = Key(
        id=str(row["id"]),
        name=str(row["name"]),
        environment=environment,
        created_at=_set(row["created_at"]),
        owner=str(row["owner"]),
        tenant=str(row["tenant"]),
        issuer=str(row["issuer"]),
        scopes=tuple(scope for scope in str(row["scopes"]).split("\n") if scope),
        leaked=bool(row["leaked"]),
        expires_at=_time(row["expires_at"]),
        disabled_at=_time(row["disabled_at"]),
    )
    version = Version(
        number=int(row["version"] or 0),
        state=VersionState(str(row["version_state"])),
        created_at=_set(row["version_created_at"]),
        prefix=None if row["prefix"] is None else str(row["prefix"]),
    )
    facts = KeyFacts(
        key=key,
        version_created_at=version.created_at,
        last_used_at=last_used_at,
        rotating=row["rotation_id"] is not None,
        weak=bool(row["weak"]),
        shared=bool(row["shared"]),
        drifted=bool(row["drifted"]),
    )
    return KeySummary(key, version, last_used_at, flags(facts, policies.of(environment), now))


def _set(microseconds: str | int | None) -> datetime:
    return _EPOCH + timedelta(microseconds=int(microseconds or 0))


def _time(microseconds: str | int | None) -> datetime | None:
    return None if microseconds is None else _set(microseconds)
