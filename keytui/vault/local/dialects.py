"""What SQLite and PostgreSQL say in different words, said once for both."""

from __future__ import annotations

from typing import Any, Final, TypeVar, cast

from sqlalchemy import ColumnElement, SQLColumnExpression, Table, collate, func
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Integer, Text
from sqlmodel import Session

from keytui.vault.local.tables import Row

POSTGRESQL: Final = "postgresql"
FOLDING: Final = "keytui_folding"
"""The collation by whose letters PostgreSQL folds; the columns themselves compare by bytes and know ASCII only."""
_T = TypeVar("_T")


def insert(session: Session, into: type[Row] | Table) -> sqlite.Insert:
    """An INSERT that may say what happens on a conflict. PostgreSQL's has the same methods, but no type in common."""
    if session.get_bind().dialect.name != POSTGRESQL:
        return sqlite.insert(into)
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415  # most vaults are SQLite

    return cast(sqlite.Insert, postgresql.insert(into))


class _Bound(FunctionElement[_T]):
    """The least or the greatest of some values, in the type of the first."""

    def __init__(self, one: ColumnElement[_T], *others: ColumnElement[Any]) -> None:
        super().__init__(one, *others)
        self.type = one.type


class _Least(_Bound[_T]):
    name = "least"
    inherit_cache = True


class _Greatest(_Bound[_T]):
    name = "greatest"
    inherit_cache = True


class _Folded(FunctionElement[str]):
    name = "folded"
    type = Text()
    inherit_cache = True


class _FoldedByLike(_Folded):
    inherit_cache = True


class _Place(FunctionElement[int]):
    name = "strpos"
    type = Integer()
    inherit_cache = True


def least(one: ColumnElement[_T], *others: ColumnElement[Any]) -> ColumnElement[_T]:
    """The least of several values, none of which is NULL: the databases do not agree on what it were then."""
    return _Least(one, *others)


def greatest(one: ColumnElement[_T], *others: ColumnElement[Any]) -> ColumnElement[_T]:
    """The greatest of several values, none of which is NULL."""
    return _Greatest(one, *others)


def folded(text: SQLColumnExpression[str]) -> ColumnElement[str]:
    """The text in lower case, in every alphabet."""
    return _Folded(text)


def folded_for_like(text: SQLColumnExpression[str], value: str) -> ColumnElement[str]:
    """The text as LIKE compares it with a value in lower case: SQLite's folds ASCII by itself, and much faster."""
    return _FoldedByLike(text) if value.isascii() else _Folded(text)


def holds(text: ColumnElement[str], part: str) -> ColumnElement[bool]:
    """Whether the part stands in the text; case counts."""
    return _Place(text, part) > 0


@compiles(_Least)
@compiles(_Greatest)
@compiles(_Place)
def _as_named(element: FunctionElement[object], compiler: SQLCompiler, **options: object) -> str:
    return f"{element.name}{compiler.process(element.clause_expr, **options)}"


@compiles(_Least, "sqlite")
def _least_on_sqlite(element: _Least[object], compiler: SQLCompiler, **options: object) -> str:
    return f"min{compiler.process(element.clause_expr, **options)}"


@compiles(_Greatest, "sqlite")
def _greatest_on_sqlite(element: _Greatest[object], compiler: SQLCompiler, **options: object) -> str:
    return f"max{compiler.process(element.clause_expr, **options)}"


@compiles(_Place, "sqlite")
def _place_on_sqlite(element: _Place, compiler: SQLCompiler, **options: object) -> str:
    return f"instr{compiler.process(element.clause_expr, **options)}"


@compiles(_Folded)
def _folded_on_sqlite(element: _Folded, compiler: SQLCompiler, **options: object) -> str:
    return f"lower{compiler.process(element.clause_expr, **options)}"


@compiles(_FoldedByLike, "sqlite")
def _as_it_is(element: _FoldedByLike, compiler: SQLCompiler, **options: object) -> str:
    (text,) = element.clauses
    return compiler.process(text, **options)


@compiles(_Folded, POSTGRESQL)
@compiles(_FoldedByLike, POSTGRESQL)
def _folded_on_postgresql(element: _Folded, compiler: SQLCompiler, **options: object) -> str:
    (text,) = element.clauses
    return compiler.process(func.lower(collate(text, FOLDING)), **options)
