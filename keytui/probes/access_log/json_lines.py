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
_MOST_PLANS: Final = 256
_Plan = str | tuple[Place, ...]
"""The name that a field has in a record, or the places to look at one after the other."""
_BEFORE: Final = "\0\ufeff \t"
"""What may stand before a record: a truncated file is filled up with zeros."""


class JsonLines:
    """Reads JSON lines. Which of a field's places there are is found once for all records of the same names."""

    def __init__(self, mapping: Mapping[Field, str], names: Names, times: Times) -> None:
        self._names = names
        self._times = times
        self._places = places(mapping)
        self._plans: dict[tuple[str, ...], tuple[_Plan, ...]] = {}
        self.key_place = False

    def read(self, text: str) -> Line | None:
        """What a line says; None when it is no object, or says neither a time nor a status."""
        if not text.startswith("{"):
            text = text.lstrip(_BEFORE)
        try:
            record, end = _DECODE(text)
        except (ValueError, RecursionError):
            return None
        if type(record) is not dict or (end != len(text) and text[end:].strip()):
            return None
        plans = self._plans.get(tuple(record)) or self._plan(record)
        time, address, agent, status, path, key, version, caller = [
            record[plan] if isinstance(plan, str) else _first(record, plan) if plan else "" for plan in plans
        ]
        at = self._times.read(time)
        answer = status if type(status) is int else _status(status)
        if at is None and not answer:
            return None
        return Line(
            at,
            address if type(address) is str else _text(address),
            agent if type(agent) is str else _text(agent),
            answer,
            path if type(path) is str else _text(path),
            key if type(key) is str and key != "-" else _text(key),
            version if type(version) is str and version != "-" else _text(version),
            caller if type(caller) is str and caller != "-" else _text(caller),
            self._times.zoneless,
        )

    def record(self, text: str) -> bool:
        """A line without a brace is a remark of somebody else's, and no request that was cut in two."""
        return "{" in text

    def _plan(self, record: dict[str, object]) -> tuple[_Plan, ...]:
        if len(self._plans) >= _MOST_PLANS:
            self._plans.clear()
        plans = self._plans[tuple(record)] = tuple(_plan(record, self._places[field]) for field in Field)
        self.key_place = self.key_place or any(_holds(record, place) for place in self._places[Field.KEY])
        return plans


def _holds(record: dict[str, object], place: Place) -> bool:
    """Whether the place exists; what leads inwards is there or not by the names of each record."""
    return place[0] in record and (len(place) == 1 or _within(record, place) is not None)


def _plan(record: dict[str, object], several: tuple[Place, ...]) -> _Plan:
    there = tuple(place for place in several if place[0] in record)
    return there[0][0] if len(there) == 1 and len(there[0]) == 1 else there


def _first(record: dict[str, object], several: tuple[Place, ...]) -> object:
    """The first value of several places that says something."""
    values = (_within(record, place) for place in several)
    return next((value for value in values if value is not None and value not in ("", "-", [])), None)


def _plain(text: str) -> str:
    return "" if text == "-" else text


def _text(value: object) -> str:
    if isinstance(value, list) and value:  # Caddy writes every header as a list
        value = value[0]
    return _plain(str(value)) if isinstance(value, str | int) else ""


def _within(record: object, place: Place) -> object:
    for name in place:
        if not isinstance(record, dict):
            return None
        record = record.get(name)
    return record


def _status(value: object) -> int:
    return int(value) if isinstance(value, str) and len(value) == 3 and value.isdecimal() else 0
