"""Many rows as one parameter, joined like a table: one statement asks for thousands, each found by its index."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, TableValuedAlias, select, true
from sqlmodel import func


def listed(rows: Sequence[tuple[str | int | None, ...]]) -> TableValuedAlias:
    """The rows as a table: `key` is a row's place among them, counted from 0; `part` reads its fields."""
    return func.json_each(json.dumps(rows)).table_valued("key", "value", name="listed")


def selected(rows: Sequence[tuple[str | int | None, ...]]) -> Select[tuple[Any, ...]]:
    """All rows with all their fields, to be inserted. Without a WHERE, SQLite takes ON CONFLICT for a join's ON."""
    given = listed(rows)
    return select(*(part(given, number) for number in range(len(rows[0])))).where(true())


def part(of: TableValuedAlias, number: int) -> ColumnElement[Any]:
    """A listed row's field, counted from 0."""
    return func.json_extract(of.c.value, f"$[{number}]")
