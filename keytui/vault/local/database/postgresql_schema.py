"""The schema of a vault in PostgreSQL: raised by `keytui migrate` only, because several servers stand on it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError

from keytui.vault.local.database.postgresql import engine_of, place_of, refuse_to_begin_anew, take_writers_lock
from keytui.vault.local.database.postgresql_words import in_words
from keytui.vault.local.dialects import FOLDING
from keytui.vault.local.files import private_directory
from keytui.vault.local.schema import SCHEMA, Raised, Schema, revision_in, upgrade

_FUNCTIONS: Final = (
    """
    CREATE OR REPLACE FUNCTION json_each(listed text) RETURNS TABLE (key bigint, value jsonb)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 100 AS $$
        SELECT place - 1, item FROM jsonb_array_elements(listed::jsonb) WITH ORDINALITY AS items (item, place)
    $$
    """,
    """
    CREATE OR REPLACE FUNCTION json_extract(item jsonb, path text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT jsonb_path_query_first(item, path::jsonpath) #>> '{}'
    $$
    """,
)
"""SQLite's, as far as our statements need them."""
_FOLDINGS: Final = ("und-x-icu", "pg_unicode_fast", "pg_c_utf8", "C.utf8")
"""Collations that fold every alphabet, the one most like Python's first; which there are depends on the server."""
_HAS_NEVER_USED_FIRST: Final = """
    SELECT 1 FROM pg_indexes
    WHERE schemaname = current_schema() AND indexname = 'ix_keys_last_used_at' AND indexdef LIKE '%% NULLS FIRST%%'
    """
_NEVER_USED_FIRST: Final = (
    "DROP INDEX IF EXISTS ix_keys_last_used_at",
    "CREATE INDEX ix_keys_last_used_at ON keys (last_used_at NULLS FIRST, name, id, revoked_at)",
)
"""As SQLite's index has it; without, a page by last use sorts every key."""
_TEXTS: Final = """
    SELECT quote_ident(table_name), quote_ident(column_name) FROM information_schema.columns
    WHERE table_schema = current_schema() AND data_type IN ('character varying', 'text')
      AND collation_name IS DISTINCT FROM 'C' AND table_name <> 'alembic_version'
    """
_NUMBERS: Final = """
    SELECT quote_ident(table_name), quote_ident(column_name) FROM information_schema.columns
    WHERE table_schema = current_schema() AND data_type = 'integer'
    """
_TRIGRAMS: Final = {
    "ix_keys_name_trigrams": "name",
    "ix_keys_owner_trigrams": "owner",
    "ix_keys_prefix_trigrams": "coalesce(prefix, '')",
}
_SLOW_SEARCH: Final = (
    "search reads every key: pg_trgm is not there; where keys are many, install it, then `keytui migrate` once more"
)


def migrate(url: URL, directory: Path, schema: Schema = SCHEMA) -> Raised:
    """Raise the database to `schema`, or make it. Two may try at once: the second finds it done."""
    private_directory(directory)
    where, engine = place_of(url), engine_of(url)
    try:
        with in_words(where):
            with engine.begin() as connection:
                before = _raise(connection, where, directory, schema)
            return Raised(where, before, schema.head, "" if _make_trigrams(engine) else _SLOW_SEARCH)
    finally:
        engine.dispose()


def _raise(connection: Connection, where: str, directory: Path, schema: Schema) -> str | None:
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    take_writers_lock(connection)
    before = revision_in(connection, where, schema)
    if before is None:
        refuse_to_begin_anew(where, directory)
    if before != schema.head:
        upgrade(connection, schema)
    _make_like_sqlite(connection)
    return before


def _make_like_sqlite(connection: Connection) -> None:
    """Texts compare by their bytes, so that pages and their bounds are the same on both; numbers have 64 bits."""
    for statement in _FUNCTIONS:
        connection.exec_driver_sql(statement)
    _make_folding(connection)
    for table, column in connection.exec_driver_sql(_TEXTS).all():
        connection.exec_driver_sql(f'ALTER TABLE {table} ALTER COLUMN {column} TYPE text COLLATE "C"')
    if not connection.exec_driver_sql(_HAS_NEVER_USED_FIRST).first():
        for statement in _NEVER_USED_FIRST:
            connection.exec_driver_sql(statement)
    for table, column in connection.exec_driver_sql(_NUMBERS).all():
        connection.exec_driver_sql(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE bigint")


def _make_folding(connection: Connection) -> None:
    there = set(
        connection.exec_driver_sql(
            "SELECT collname FROM pg_collation WHERE collencoding IN (-1, pg_char_to_encoding(getdatabaseencoding()))"
        ).scalars()
    )
    if FOLDING not in there:
        best = next((name for name in _FOLDINGS if name in there), "default")
        connection.exec_driver_sql(f'CREATE COLLATION {FOLDING} FROM "{best}"')


def _make_trigrams(engine: Engine) -> bool:
    """Indexes that a search for a part of a name is answered by; whether the server has what they need."""
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DBAPIError:
        return False
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        take_writers_lock(connection)
        for name, text in _TRIGRAMS.items():
            connection.exec_driver_sql(
                f"CREATE INDEX IF NOT EXISTS {name} ON keys USING gin (lower({text} COLLATE {FOLDING}) gin_trgm_ops)"
            )
    return True
