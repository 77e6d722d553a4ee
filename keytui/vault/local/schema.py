"""The schema's version: read with one plain SELECT, raised by Alembic only when it is old."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect

from keytui.domain.errors import Unreachable
from keytui.vault.local.migrations import HEAD


@dataclass(frozen=True, slots=True)
class Schema:
    """A revision, and the scripts that lead to it. Revisions are numbers that rise: `0001`, `0002`, …"""

    head: str
    scripts: Path


@dataclass(frozen=True, slots=True)
class Raised:
    """What became of a database's schema."""

    where: str
    before: str | None
    """None when there was nothing."""
    now: str
    remark: str = ""
    """What else whoever keeps the database should know."""


SCHEMA: Final = Schema(HEAD, Path(__file__).parent / "migrations")


def revision_in(connection: Connection, where: str, schema: Schema) -> str | None:
    """The revision in the database; None when it is empty.

    Unreachable when it was written by a newer keytui, or is some other program's database.
    """
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    found = (
        "alembic_version" in tables and connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    )
    if not isinstance(found, str) or not found.isdecimal():
        raise Unreachable(f"{where} is a database, but not a vault of keytui's", "move it away, or name another one")
    if int(found) > int(schema.head):
        raise Unreachable(
            f"{where} was written by a newer keytui (its schema is {found}, this one knows {schema.head})",
            "upgrade keytui on this machine; the vault was not touched",
        )
    return found


def upgrade(connection: Connection, schema: Schema) -> None:
    """Raise the database to `schema`, in the connection's transaction."""
    from alembic import command  # noqa: PLC0415  # most starts find the schema current and never need it
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(schema.scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, schema.head)
