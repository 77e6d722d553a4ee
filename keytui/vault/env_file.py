"""A .env file, read and sorted out: which variables are API keys, which are something else, and what to do then."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final

from dotenv.parser import parse_stream

from keytui.domain.errors import Invalid, NotFound
from keytui.domain.secrets import THIRD_PARTY, Secret, looks_issued
from keytui.domain.text import harmless
from keytui.plain_file import open_plain
from keytui.vault.many_keys import ENDINGS
from keytui.vault.model import Found

_MOST_BYTES: Final = 1024 * 1024
_API_KEY: Final = re.compile(r"(^|_)API_?KEYS?(_|$)", re.IGNORECASE)
_SECRET: Final = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|PRIVATE_KEY|ACCESS_KEY|CREDENTIAL", re.IGNORECASE)
_KEY: Final = re.compile(r"(^|_)KEYS?$", re.IGNORECASE)
_CONNECTION: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s]*@", re.IGNORECASE)
_REFERENCE: Final = re.compile(r"\$\{?\w+\}?")


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of the file, with the line on which it was last set."""

    name: str
    value: Secret
    line: int


@dataclass(frozen=True, slots=True)
class EnvFile:
    """What a file says. `remarks` are about lines that could not be read and variables that are set twice."""

    variables: tuple[Variable, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A variable that is not imported: what it is, and the command or option that takes it, if there is one."""

    variable: str
    why: str
    how: str


@dataclass(frozen=True, slots=True)
class SortedOut:
    """What to import, what not, and what was noticed on the way."""

    found: tuple[Found, ...]
    left_out: tuple[LeftOut, ...]
    remarks: tuple[str, ...]


def read_env_file(path: Path) -> EnvFile:
    """The file's variables, as they stand: nothing in a value is expanded. NotFound or Invalid say why not."""
    if path.suffix.lower() in ENDINGS:
        raise Invalid(
            f"{harmless(path.name)} is a file of many keys, and no .env file",
            f"in a terminal: keytui import {harmless(shlex.quote(str(path)))}",
        )
    variables: dict[str, Variable] = {}
    remarks: list[str] = []
    for binding in parse_stream(StringIO(_text(path))):
        line = binding.original.line + _blank_lines_before(binding.original.string)
        if binding.error:
            remarks.append(f"line {line} cannot be read and is left out")
        elif binding.key is not None and (binding.value is None or _is_a_secret(binding.key)):
            remarks.append(f"line {line} holds no NAME=value and is left out")
        elif binding.key is not None:
            if binding.key in variables:
                remarks.append(
                    f"{binding.key} is set twice: line {line} counts, line {variables[binding.key].line} does not"
                )
            variables[binding.key] = Variable(binding.key, Secret(binding.value or ""), line)
    return EnvFile(tuple(variables.values()), tuple(remarks))


def sort_out(file: EnvFile, wanted: Iterable[str], prefix: str) -> SortedOut:
    """Take the `wanted` variables, or without any, those that are API keys by name and look.

    A comma list is one key an item. A value that stands there twice is taken once. `prefix` begins every key's name.
    """
    chosen = frozenset(wanted)
    missing = chosen - {variable.name for variable in file.variables}
    if missing:
        there = ", ".join(variable.name for variable in file.variables) or "nothing"
        hint = "; ".join((f"it sets {there}", *file.remarks))
        raise NotFound(f"the file sets no {', '.join(sorted(missing))}", hint)
    found: dict[str, Found] = {}
    left_out: list[LeftOut] = []
    remarks = list(file.remarks)
    for variable in file.variables:
        unfit = _unfit(variable) or (None if variable.name in chosen else _not_asked_for(variable, bool(chosen)))
        if unfit is not None:
            left_out.append(unfit)
            continue
        for one in _items(variable, prefix, remarks):
            first = found.setdefault(one.secret.digest(), one)
            if first is not one:
                remarks.append(f"{one.name} holds the same value as {first.name} and is taken once")
    return SortedOut(tuple(found.values()), tuple(left_out), tuple(remarks))


def _text(path: Path) -> str:
    try:
        with open_plain(path) as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}", "check its name and where you are") from None
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}", "name a file that you may read") from None
    if len(content) > _MOST_BYTES:
        raise Invalid(
            f"{path} is larger than {_MOST_BYTES // 1024} KiB", "split it, or import the part that holds keys"
        )
    if b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise Invalid(f"{path} is not text: line {line} holds a null byte", "save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Invalid(f"{path} is not UTF-8 text: line {line} has other bytes", "save it as UTF-8") from None


def _is_a_secret(name: str) -> bool:
    """A secret on a line of its own reads like a name, the `=` at the end of base64 included: it is not repeated."""
    return looks_issued(Secret(name)) or looks_issued(Secret(f"{name}="))


def _blank_lines_before(original: str) -> int:
    """The parser counts white space before a binding to it."""
    return len(original[: len(original) - len(original.lstrip())].splitlines())


def _unfit(variable: Variable) -> LeftOut | None:
    """What cannot be imported by any name."""
    if harmless(variable.name) != variable.name:
        return LeftOut(variable.name, "its name holds characters that do not print", "")
    value = variable.value.reveal().strip()
    if not value.strip(", "):
        return LeftOut(variable.name, "it is empty", "")
    if _REFERENCE.fullmatch(value):
        return LeftOut(variable.name, "it refers to another variable", "import that one")
    return None


def _not_asked_for(variable: Variable, others_are: bool) -> LeftOut | None:
    """Why a variable is not taken without being named; None when it is an API key."""
    name, value = variable.name, variable.value.reveal().strip()
    take = f"--variable {name}"
    if _CONNECTION.match(value):
        return LeftOut(name, "it is a connection string", f"{_pipe(name)} --kind connection-string")
    if THIRD_PARTY.match(value) or (_SECRET.search(name) and not _API_KEY.search(name)):
        return LeftOut(name, "it is a token or secret of something else", _pipe(name))
    if others_are:
        return LeftOut(name, "it was not named", take)
    if _API_KEY.search(name):
        return None
    if _KEY.search(name):
        return LeftOut(name, "it may be an API key or not", take)
    return LeftOut(name, "its name is not that of an API key", take)


def _pipe(variable: str) -> str:
    """The command that seals it. A name that a shell would not take for one is not put where it would be run."""
    if not variable.isidentifier():
        return "keytui seal NAME, with the value on standard input"
    return f'printf %s "${variable}" | keytui seal {_words(variable)}'


def _items(variable: Variable, prefix: str, remarks: list[str]) -> list[Found]:
    name = prefix + _words(variable.name)
    items = [item.strip() for item in variable.value.reveal().split(",")]
    kept = [item for item in items if item]
    if len(kept) < len(items):
        empty = len(items) - len(kept)
        remarks.append(f"{variable.name} has {'an empty item' if empty == 1 else f'{empty} empty items'}, left out")
    if len(items) == 1:
        return [Found(name, variable.name, Secret(kept[0]))]
    return [Found(f"{name}-{number}", variable.name, Secret(item)) for number, item in enumerate(items, 1) if item]


def _words(variable: str) -> str:
    """`CHECKOUT_API_KEY` as a key is called: `checkout-api-key`."""
    return variable.lower().replace("_", "-")
