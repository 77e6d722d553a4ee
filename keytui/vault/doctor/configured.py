"""Whether the configuration can be read, and which files it names that hold secrets."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from keytui.domain.errors import KeytuiError
from keytui.plain_file import read_plain
from keytui.vault.appearance import load_theme
from keytui.vault.doctor.finding import Finding, fine, of_error
from keytui.vault.policies import load_policies
from keytui.vault.profile import load_profile, profile_names
from keytui.vault.retention import load_retention
from keytui.vault.systems import load_systems
from keytui.vault.webhook_settings import load_webhooks

SUBJECT: Final = "configuration"
_HOLD_SECRETS: Final = {"dotenv": "files", "file": "path", "envlist": "file"}
"""Kinds of targets and issuers that are files, and the field that names them."""
_SHARED: Final = frozenset({"dotenv", "envlist"})
"""Those that a service reads too, by its group."""
_FILE: Final = "file:"

Load = Callable[[Path], object]


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A file that the configuration names as a place of secrets."""

    path: Path
    shared: bool = False
    """Whether a group may read it."""


def look_at_configuration(path: Path, *further: Load) -> Iterator[Finding]:
    """Every part of it, one error of each; `further` are loaders that only a face knows."""
    if not os.access(path, os.F_OK):
        yield fine(SUBJECT, f"no {path}: everything has its default")
        return
    errors = dict[str, Finding]()
    loaders: tuple[Load, ...] = (
        load_theme,
        _profiles,
        load_policies,
        load_retention,
        load_webhooks,
        load_systems,
        *further,
    )
    for load in loaders:
        try:
            load(path)
        except KeytuiError as error:
            errors[error.message] = of_error(SUBJECT, error)
    yield from errors.values()
    if not errors:
        yield fine(SUBJECT, f"{path} can be read; `keytui systems check` asks what it names")


def secret_files(path: Path) -> tuple[SecretFile, ...]:
    """The files that a configuration names as places of secrets; none of one that cannot be read.

    Of a name that differs from key to key (`{name}`), those that are there.
    """
    try:
        told = tomllib.loads(read_plain(path).decode())
    except (OSError, ValueError):
        return ()
    return tuple(dict.fromkeys(SecretFile(file, shared) for name, shared in _named(told) for file in _there(name)))


def _profiles(_path: Path) -> None:
    for name in profile_names():
        load_profile(name)


def _named(told: object) -> Iterator[tuple[str, bool]]:
    """The names, and whether a group may read what has it."""
    if isinstance(told, str) and told.startswith(_FILE):
        yield told.removeprefix(_FILE), False
    elif isinstance(told, list):
        for item in told:
            yield from _named(item)
    elif isinstance(told, dict):
        kind = str(told.get("kind"))
        files = told.get(_HOLD_SECRETS.get(kind, ""))
        for each in files if isinstance(files, list) else [files]:
            if isinstance(each, str):
                yield each, kind in _SHARED
        for item in told.values():
            yield from _named(item)


def _there(name: str) -> Iterator[Path]:
    path = Path(name).expanduser()
    if "{" not in name:
        yield path
        return
    first = next(number for number, part in enumerate(path.parts) if "{" in part)
    pattern = "/".join(_any(part) for part in path.parts[first:])
    yield from sorted(Path(*path.parts[:first]).glob(pattern))


def _any(part: str) -> str:
    """A glob for a part of a path in which braces stand for something of the key."""
    beginning, _, rest = part.partition("{")
    while rest:
        _, _, after = rest.partition("}")
        text, _, rest = after.partition("{")
        beginning += "*" + text
    return beginning
