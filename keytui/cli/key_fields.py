"""What a line of a file of many keys says, as a key that is to be: columns that it leaves out take what all have."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from keytui.cli.key_file import Line
from keytui.cli.times import expiry
from keytui.domain.errors import Invalid
from keytui.domain.keys import KeyDraft
from keytui.domain.near import meant
from keytui.domain.secrets import Secret, parse_format
from keytui.vault.many_keys import NewKey, new_key

DRAFT_COLUMNS: Final = (
    *("name", "environment", "tenant", "owner", "description", "scopes", "apps", "targets", "expires", "format"),
    *("sensitive", "label"),
)
VALUE_COLUMNS: Final = ("secret", "digest", "prefix")
_ALIASES: Final = {"env": "environment", "expires_at": "expires", "scope": "scopes", "app": "apps", "target": "targets"}
_SEVERAL: Final = frozenset({"scopes", "apps", "targets"})
_YES_AND_NO: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_MOST_KEPT: Final = 1_000
_LONGEST_SECRET: Final = 8192
_LONGEST_COLUMN: Final = 20


class Fields:
    """How lines are read: `common` is what keys have where their line says nothing; its name begins theirs."""

    def __init__(self, common: KeyDraft, now: datetime, *, with_values: bool) -> None:
        self._common = common
        self._now = now
        self._with_values = with_values
        self._apart = frozenset({"name", *(VALUE_COLUMNS if with_values else ())})
        self._columns = DRAFT_COLUMNS + (VALUE_COLUMNS if with_values else ())
        self._read: dict[tuple[tuple[str, object], ...], KeyDraft] = {}

    def named(self, line: Line) -> tuple[str, KeyDraft]:
        """The key's name, and what it is beside it. Invalid names the column at fault, and never what stands in
        `secret`.
        """
        if line.fault:
            raise Invalid(line.fault, "mend the line")
        name = _text("name", line.said.get("name"))
        if not name:
            raise Invalid("it names no key", "fill the column `name`")
        asked = tuple((column, value) for column, value in line.said.items() if column not in self._apart)
        return self._common.name + name, self._beside(asked)

    def check(self, line: Line) -> None:
        """Invalid unless the line can be read; whether the vault takes its key is not asked."""
        self.named(line)
        if self._with_values:
            _value(line)

    def new_key(self, line: Line, variable: str) -> NewKey:
        """The key with its value, which the line gives itself or by its digest."""
        name, draft = self.named(line)
        secret, digest, prefix = _value(line)
        if digest:
            return NewKey(name, draft, digest, prefix, variable=variable)
        return new_key(name, draft, secret, variable)

    def _beside(self, asked: tuple[tuple[str, object], ...]) -> KeyDraft:
        """What a line says beside name and value: many lines say the same."""
        try:
            known = self._read.get(asked)
        except TypeError:  # lists, as JSON has them
            return self._drafted(asked)
        if known is None:
            if len(self._read) >= _MOST_KEPT:
                self._read.clear()
            known = self._read[asked] = self._drafted(asked)
        return known

    def _drafted(self, asked: tuple[tuple[str, object], ...]) -> KeyDraft:
        given: dict[str, object] = {}
        for named, value in asked:
            column = _ALIASES.get(named, named)
            if column not in self._columns:
                raise _no_column(named, self._columns)
            if value not in ("", None, []):
                given |= self._field(column, value)
        draft = replace(self._common, **given)  # type: ignore[arg-type]  # each of its field's type, by `_field`
        if not draft.environment:
            raise Invalid("it names no environment", "fill the column `environment`, or say --env for all lines")
        return draft

    def _field(self, column: str, value: object) -> dict[str, object]:
        if column == "expires":
            return {"expires_at": expiry(_text(column, value), self._now)}
        if column == "sensitive":
            return {column: _yes_or_no(value)}
        if column == "format":
            return {column: parse_format(_text(column, value)).name}
        return {column: _words(column, value) if column in _SEVERAL else _text(column, value)}


def _value(line: Line) -> tuple[Secret, str, str]:
    """The value, its digest and how it begins, as far as the line says them."""
    secret, digest, prefix = (_text(column, line.said.get(column)) for column in VALUE_COLUMNS)
    if bool(secret) == bool(digest):
        raise Invalid("it gives no value" if not secret else "it gives its value twice", "fill `secret` or `digest`")
    if len(secret) > _LONGEST_SECRET:
        raise Invalid(f"its value is longer than {_LONGEST_SECRET} characters", "an API key is shorter")
    return Secret(secret), digest.removeprefix("sha256:").lower(), prefix


def _text(column: str, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Invalid(f"the column {column} holds no text", "write it between quotes")
    return value.strip()


def _words(column: str, value: object) -> tuple[str, ...]:
    """A list as JSON has it, or words with blanks or commas between."""
    if isinstance(value, str):
        return tuple(value.replace(",", " ").split())
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return tuple(value)
    raise Invalid(f"the column {column} holds no words", "write them in one text, or as a list of texts")


def _yes_or_no(value: object) -> bool:
    known = _YES_AND_NO.get(str(value).lower())
    if known is None:
        raise Invalid("the column sensitive says neither yes nor no", "write true or false")
    return known


def _no_column(named: str, columns: tuple[str, ...]) -> Invalid:
    """Where a file has no first line of columns, a secret may stand there: only what reads like a word is repeated."""
    shown = named if len(named) <= _LONGEST_COLUMN and named.replace("_", "").isalpha() else "…"
    return Invalid(f"there is no column {shown!r}", f"{meant(shown, columns)}the columns are {', '.join(columns)}")
