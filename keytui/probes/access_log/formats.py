"""The formats of access logs: which one a file is in, and what reads its lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from keytui.domain.errors import Invalid
from keytui.probes.access_log.fields import Field
from keytui.probes.access_log.json_lines import JsonLines
from keytui.probes.access_log.line import Line, Names
from keytui.probes.access_log.text_lines import COMBINED, UVICORN, TextLines
from keytui.probes.access_log.times import Times

MOST_LOOKED_AT: Final = 200
"""Lines by which a format is found."""


class Format(StrEnum):
    """How a file's lines are written."""

    AUTO = "auto"
    COMBINED = "combined"
    JSON = "json"
    UVICORN = "uvicorn"


class Reader(Protocol):
    """Reads the lines of one format."""

    key_place: bool
    """Whether some line had a field that could be the key, be it empty."""

    def read(self, text: str) -> Line | None:
        """What a line says; None when it is none of this format."""
        ...

    def record(self, text: str) -> bool:
        """Whether a line that could not be read looks like what is left of a request's record."""
        ...


class Found(NamedTuple):
    """A file's format, and what reads it."""

    format: Format
    reader: Reader


def find_format(
    wanted: Format, lines: Sequence[str], mapping: Mapping[Field, str], names: Names, times: Times
) -> Found | None:
    """The format that was asked for; else the one that most of the first lines are in, and None when none fits."""
    if wanted is not Format.AUTO:
        return Found(wanted, _READERS[wanted](mapping, names, times))
    best, most = None, 0
    for format_, make in _READERS.items():
        try:
            reader = make(mapping, names, times)
        except Invalid:  # a place that this format cannot have
            continue
        fitting = sum(reader.read(line) is not None for line in lines[:MOST_LOOKED_AT])
        if fitting > most:
            best, most = Found(format_, reader), fitting
    return best


def _combined(mapping: Mapping[Field, str], names: Names, times: Times) -> Reader:
    return TextLines(COMBINED, mapping, names, times)


def _uvicorn(mapping: Mapping[Field, str], names: Names, times: Times) -> Reader:
    return TextLines(UVICORN, mapping, names, times)


_READERS: Final[Mapping[Format, Callable[[Mapping[Field, str], Names, Times], Reader]]] = {
    Format.JSON: JsonLines,
    Format.COMBINED: _combined,
    Format.UVICORN: _uvicorn,
}
