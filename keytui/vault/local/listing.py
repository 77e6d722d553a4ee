"""Many rows as one parameter, joined like a table: one statement asks for thousands, each found by its index.

SQLite reads them by its `json_each` and `json_extract`; a vault on PostgreSQL brings functions of the same names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from sqlalchemy import BigInteger, Boolean, ColumnElement, Select, TableValuedAlias, Text, select, true
from sqlalchemy import cast as as_type
from sqlalchemy.types import TypeEngine
from sqlmodel import func

_T = TypeVar("_T", str, int, bool)
_TYPES: Final[Mapping[type, TypeEngine[Any]]] = {str: Text(), int: BigInteger(), bool: Boolean()}


def listed(rows: Sequence[tuple[str | int | None, ...]]) -> TableValuedAlias:
    """The rows as a table: `key` is a row's place among them, counted from 0; `part` reads its fields."""
    return func.json_each(json.dumps(rows)).table_valued("key", "value", name="listed")


def selected(rows: Sequence[tuple[int, ...]]) -> Select[*tuple[Any, ...]]:
    """All rows with all their fields, to be inserted. Without a WHERE, SQLite takes ON CONFLICT for a join's ON."""
    given = listed(rows)
    return select(*(part(given, number, int) for number in range(len(rows[0])))).where(true())


def part(of: TableValuedAlias, number: int, kind: type[_T]) -> ColumnElement[_T]:
    """A listed row's field, counted from 0, and what it is."""
    return cast(ColumnElement[_T], as_type(func.json_extract(of.c.value, f"$[{number}]"), _TYPES[kind]))
