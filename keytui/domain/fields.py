"""The fields of one table of a configuration, each read as what it has to be; errors name table and field."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from keytui.domain.durations import parse_duration
from keytui.domain.errors import Invalid
from keytui.domain.near import meant
from keytui.domain.references import Reference, parse_reference
from keytui.domain.text import quoted
from keytui.domain.web_addresses import checked_web_address

_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_WORD: Final = 40
"""Of a word that is none, so many characters are repeated."""


class Fields:
    """One table. `where` names the file and the table, as an error quotes it; `beside` the fields that others read."""

    def __init__(self, where: str, entry: Mapping[str, object], beside: Sequence[str] = ()) -> None:
        self._where = where
        self._entry = entry
        self._beside = beside

    def wrong(self, name: str, what: str, hint: str) -> Invalid:
        """What to raise for a field that is not what it has to be."""
        return Invalid(f"{self._where} {name} {what}", hint)

    def over(self, defaults: Mapping[str, object]) -> Fields:
        """These fields laid over others, tables field by field: what a site writes over what is given to it."""
        return Fields(self._where, _laid_over(self._entry, defaults), self._beside)

    def table(self, name: str) -> Fields:
        """The fields of a table within this one; none of them when it is not there."""
        value = self._entry.get(name, {})
        if not isinstance(value, dict):
            raise self.wrong(name, "is a table", f"as in [… .{name}]")
        return Fields(f"{self._where.removesuffix(']')}.{name}]", value)

    def document(self, name: str) -> Mapping[str, object]:
        """A table of whatever JSON can say; empty when it is not there."""
        value = self._entry.get(name, {})
        try:
            if isinstance(value, dict) and json.dumps(value, allow_nan=False):
                return value
        except (TypeError, ValueError):
            pass  # a date and a number without end are TOML's alone
        raise self.wrong(name, "is a table of what JSON can say", "write a time as a text in quotes")

    def count(self, name: str, default: int) -> int:
        """A whole number from one."""
        value = self._entry.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self.wrong(name, "is a whole number from 1", f"as in {name} = {default}")
        return value

    def has(self, name: str) -> bool:
        """Whether the table has the field at all."""
        return name in self._entry

    def that_holds(self, part: str) -> str:
        """The first field with a text that holds this part, alone or in a list; "" where none has."""
        return next((name for name, value in self._entry.items() if any(part in text for text in _texts(value))), "")

    def only(self, known: Sequence[str], whose: str) -> None:
        """Refuse every field that is not known: a misspelt one would be a setting that is silently not there."""
        for name in self._entry:
            if name not in known:
                every = (*known, *self._beside)
                raise Invalid(
                    f"{self._where} has no field {quoted(name)}",
                    f"{meant(name, every)}the fields of {whose} are {', '.join(every)}",
                )

    def one_of(self, name: str, known: Sequence[str]) -> str:
        """A word from a list."""
        given = self._entry.get(name)
        if not isinstance(given, str) or given not in known:
            word = given if isinstance(given, str) else ""
            named = f": {quoted(word[:_WORD])}" if word else ""
            every = f"a {name} is one of {', '.join(known)}"
            raise self.wrong(name, f"is missing or none that there is{named}", meant(word, known) + every)
        return given

    def text(self, name: str) -> str:
        """A text; "" when it is not there."""
        value = self._entry.get(name, "")
        if not isinstance(value, str):
            raise self.wrong(name, "is a text in quotes", f'as in {name} = "…"')
        return value

    def scalar(self, name: str) -> str | int | bool:
        """A text, a whole number, or true or false; "" when it is not there."""
        value = self._entry.get(name, "")
        if not isinstance(value, str | int):
            raise self.wrong(
                name, "is a text, a whole number, or true or false", f'as in {name} = "paused" or {name} = false'
            )
        return value

    def needed(self, name: str) -> str:
        """A text that has to be there."""
        value = self.text(name)
        if not value.strip():
            raise self.wrong(name, "is missing", f'add {name} = "…"')
        return value

    def texts(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of texts, none of them empty."""
        values = self._entry.get(name, list(default))
        if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
            raise self.wrong(name, "is a list of texts", f'as in {name} = ["…", "…"]')
        return tuple(values)

    def mapping(self, name: str) -> Mapping[str, str]:
        """A table of texts."""
        values = self._entry.get(name, {})
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            raise self.wrong(name, "is a table of texts", f'as in {name} = {{ "what stands there" = "checkout:2" }}')
        return values

    def flag(self, name: str) -> bool:
        """True or false; false when it is not there."""
        value = self._entry.get(name, False)
        if not isinstance(value, bool):
            raise self.wrong(name, "is true or false", "without quotes")
        return value

    def reference(self, name: str) -> Reference:
        """Where a secret stands; it has to be there. What is no reference is not repeated."""
        value = self.needed(name)
        try:
            return parse_reference(value)
        except Invalid as error:
            raise self.wrong(f"{name}:", error.message, error.hint) from None

    def url(self, name: str) -> str:
        """An address of the web; https, but for loopback."""
        value = self.needed(name)
        try:
            return checked_web_address(value)
        except Invalid as error:
            raise self.wrong(name, error.message, error.hint) from None

    def header(self, name: str) -> str:
        """The name of an HTTP header; "" when it is not there."""
        value = self.text(name)
        if value and not _HEADER.fullmatch(value):
            raise self.wrong(name, "is the name of a header", 'as in "X-Api-Key"; its value is a credential')
        return value

    def pointer(self, name: str) -> str:
        """A JSON pointer (RFC 6901), which has to be there; "" is the whole document."""
        if not self.has(name):
            raise self.wrong(name, "is missing", f'add {name} = "/…", a JSON pointer')
        value = self.text(name)
        if value and not value.startswith("/"):
            raise self.wrong(name, "is a JSON pointer", f'as in {name} = "/items"; "" is the whole answer')
        return value

    def path(self, name: str, example: str) -> Path:
        """A path from the root or from the home, which has to be there; a hint gives the example."""
        return self.absolute(name, self.needed(name), example)

    def absolute(self, name: str, text: str, example: str) -> Path:
        """A text of the field as a path from the root."""
        path = Path(text).expanduser()
        if not path.is_absolute():
            raise self.wrong(name, "does not say from where", f'begin at the root, as in "{example}"')
        return path

    def duration(self, name: str, default: str) -> timedelta:
        """A duration, as `24h`."""
        value = self._entry.get(name, default)
        if not isinstance(value, str):
            raise self.wrong(name, "is a duration in quotes", f'as in {name} = "{default}"')
        try:
            return parse_duration(value)
        except Invalid as error:
            raise self.wrong(f"{name}:", error.message, error.hint) from error


def _texts(value: object) -> Sequence[str]:
    each = value if isinstance(value, list) else [value]
    return [text for text in each if isinstance(text, str)]


def _laid_over(entry: Mapping[str, object], defaults: Mapping[str, object]) -> Mapping[str, object]:
    merged = dict(defaults)
    for name, value in entry.items():
        below = merged.get(name)
        merged[name] = _laid_over(value, below) if isinstance(value, dict) and isinstance(below, dict) else value
    return merged
