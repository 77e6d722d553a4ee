"""One JSON object a line, as nginx (with a log_format of its own), Caddy and most others write it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from keytui.probes.access_log.fields import Field, Place, places
from keytui.probes.access_log.line import Line, Names
from keytui.probes.access_log.times import Times

_DECODE: Final = json.JSONDecoder().raw_decode
"""Without what `json.loads` does around it for every line."""
_BEFORE: Final = "\0\ufeff \t"
"""What may stand before a record: a truncated file is filled up with zeros."""


class JsonLines:
    """Reads JSON lines. Where a field stands may change from line to line: the place found last is asked first."""

    def __init__(self, mapping: Mapping[Field, str], names: Names, times: Times) -> None:
        self._names = names
        self._times = times
        self._places = {field: list(several) for field, several in places(mapping).items()}

    def read(self, text: str) -> Line | None:
        """What a line says; None when it is no object, or says neither a time nor a status."""
        if not text.startswith("{"):
            text = text.lstrip(_BEFORE)
        try:
            record, end = _DECODE(text)
        except (ValueError, StopIteration, RecursionError):
            return None
        if type(record) is not dict or (end != len(text) and text[end:].strip()):
            return None
        at = self._times.read(self._value(record, Field.TIME))
        status = _status(self._value(record, Field.STATUS))
        if at is None and not status:
            return None
        return Line(
            at,
            self._text(record, Field.ADDRESS),
            self._text(record, Field.AGENT),
            status,
            self._text(record, Field.PATH),
            self._text(record, Field.KEY),
            self._text(record, Field.VERSION),
            self._text(record, Field.CALLER),
            self._times.zoneless,
        )

    def record(self, text: str) -> bool:
        """A line without a brace is a remark of somebody else's, and no request that was cut in two."""
        return "{" in text

    def _value(self, record: dict[str, object], field: Field) -> object:
        several = self._places[field]
        for place in several:
            value = record.get(place[0]) if len(place) == 1 else _within(record, place)
            if value is not None and value not in ("", "-"):
                if place is not several[0]:
                    several.remove(place)
                    several.insert(0, place)
                return value
        return None

    def _text(self, record: dict[str, object], field: Field) -> str:
        value = self._value(record, field)
        if type(value) is str:
            return value
        if isinstance(value, list) and value:  # Caddy writes every header as a list
            value = value[0]
        return str(value) if isinstance(value, str | int) else ""


def _within(record: object, place: Place) -> object:
    for name in place:
        if not isinstance(record, dict):
            return None
        record = record.get(name)
    return record


def _status(value: object) -> int:
    if type(value) is int:
        return value if 0 < value < 1000 else 0
    if isinstance(value, str) and len(value) == 3 and value.isdecimal():
        return int(value)
    return 0
