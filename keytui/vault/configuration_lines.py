"""On which line of a `config.toml` a table or a field stands, for errors about it: TOML's reader tells none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

from keytui.domain.errors import Invalid

_Given = ParamSpec("_Given")
_Loaded = TypeVar("_Loaded")
_HEADER: Final = re.compile(r"\s*\[([^\[\]]+)\]\s*(?:#.*)?")
_ABOUT: Final = re.compile(
    r"\[(?P<table>[^\]]+)\](?: has no field '(?P<unknown>[^']+)'| (?P<field>[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*))?"
)


def line_of(lines: Sequence[str], table: str, field: str = "") -> int | None:
    """The number, from 1, of the first line that sets a field in a table; the header's where there is none of it.

    Of a table within another's line (`list = {…}`) that line. None where the table is not found: good enough for a
    person who looks there.
    """
    headers = {_header(line): at for at, line in reversed(list(enumerate(lines)))}
    further, _, last = field.rpartition(".")
    if further and f"{table}.{further}" in headers:
        return line_of(lines, f"{table}.{further}", last)
    header = headers.get(table)
    if header is None:
        within = next((at for at, line in enumerate(lines) if _header(line).startswith(f"{table}.")), None)
        outer, _, inner = table.rpartition(".")
        return (
            within + 1 if within is not None else line_of(lines, outer, inner) if outer and outer in headers else None
        )
    sets = re.compile(rf"\s*[\"']?{re.escape(field)}[\"']?\s*[=.]")
    for at in range(header + 1, len(lines)) if field else ():
        if _HEADER.fullmatch(lines[at]):
            break
        if sets.match(lines[at]):
            return at + 1
    return header + 1


def line_of_setting(lines: Sequence[str], name: str) -> int | None:
    """The number, from 1, of the line that sets a name above all tables; None where none does."""
    sets = re.compile(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=")
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("["):
            break
        if sets.match(line):
            return number
    return None


def where_set(path: Path, name: str) -> str:
    """`FILE:LINE` of a name that is set above all tables; the file alone where the line is not found."""
    try:
        number = line_of_setting(path.read_text(encoding="utf-8").splitlines(), name)
    except (OSError, UnicodeDecodeError):
        number = None
    return str(path) if number is None else f"{path}:{number}"


@contextmanager
def naming_lines(path: Path) -> Iterator[None]:
    """Errors that begin as `FILE: [TABLE] FIELD` begin as `FILE:LINE: [TABLE] FIELD` from here on."""
    try:
        yield
    except Invalid as error:
        told = _with_line(path, error.message)
        if told is None:
            raise
        raise Invalid(told, error.hint) from None


def names_lines(
    load: Callable[Concatenate[Path, _Given], _Loaded],
) -> Callable[Concatenate[Path, _Given], _Loaded]:
    """The same around whatever loads a part of the file that is its first argument."""

    @wraps(load)
    def loading(path: Path, /, *args: _Given.args, **kwargs: _Given.kwargs) -> _Loaded:
        with naming_lines(path):
            return load(path, *args, **kwargs)

    return loading


def _with_line(path: Path, message: str) -> str | None:
    rest = message.removeprefix(f"{path}: ")
    about = _ABOUT.match(rest) if rest != message else None
    if about is None:
        return None
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    number = line_of(lines, about["table"], about["unknown"] or about["field"] or "")
    return None if number is None else f"{path}:{number}: {rest}"


def _header(line: str) -> str:
    """The table that a line begins; "" where it begins none."""
    header = _HEADER.fullmatch(line)
    if header is None:
        return ""
    return re.sub(r"\s*\.\s*", ".", header[1].strip()).replace('"', "").replace("'", "")
