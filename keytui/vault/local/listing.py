"""Many rows as one parameter, joined like a table: one statement asks for thousands, each found by its index."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, TableValuedAlias
from sqlmodel import func


def listed(rows: Sequence[tuple[str | int | bool, ...]]) -> TableValuedAlias:
    """The rows as a table: `key` is a row's place among them, counted from 0; `part` reads its fields."""
    return func.json_each(json.dumps(rows)).table_valued("key", "value", name="listed")


def part(of: TableValuedAlias, number: int) -> ColumnElement[Any]:
    """A listed row's field, counted from 0."""
    return func.json_extract(of.c.value, f"$[{number}]")
