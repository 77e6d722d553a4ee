"""Which database a profile's vault is kept in."""

from __future__ import annotations

from keytui.vault.local.database import Database
from keytui.vault.local.database.sqlite import SqliteDatabase
from keytui.vault.local.schema import Raised
from keytui.vault.profile import Profile


def open_database(profile: Profile) -> Database:
    """The profile's database. SQLite is made and raised as it is opened, PostgreSQL only by `migrate`."""
    if not profile.database:
        return SqliteDatabase.open(profile.directory)
    from keytui.vault.local.database.postgresql import PostgresqlDatabase, url_of  # noqa: PLC0415  # most are SQLite

    return PostgresqlDatabase.open(url_of(profile.database), profile.directory)


def migrate(profile: Profile) -> Raised:
    """Raise the profile's database to this keytui's schema, or make it; what was done."""
    if not profile.database:
        database = SqliteDatabase.open(profile.directory)
        database.close()
        return database.raised
    from keytui.vault.local.database.postgresql import url_of  # noqa: PLC0415  # most are SQLite
    from keytui.vault.local.database.postgresql_schema import migrate as migrate_postgresql  # noqa: PLC0415

    return migrate_postgresql(url_of(profile.database), profile.directory)
