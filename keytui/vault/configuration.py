"""`config.toml` in the home: read as tables, with errors that name the file and what is wrong in it."""

from __future__ import annotations

import os
import stat
import tomllib
from codecs import BOM_UTF8
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from keytui.domain.errors import Invalid
from keytui.domain.near import meant
from keytui.domain.text import harmless
from keytui.plain_file import open_plain
from keytui.vault.configuration_lines import names_lines, where_set

FILE_NAME: Final = "config.toml"
SECTIONS: Final = (
    *("profiles", "policy", "issuers", "targets", "probes"),
    *("webhooks", "alerts", "retention", "server", "keymap"),
)
_SETTINGS: Final = ("theme",)
"""Names that stand above all tables."""


def table(path: Path, section: str) -> Mapping[str, Mapping[str, object]]:
    """The sub-tables of a section by name, as in `[profiles.prod]`; none when the file or the section is absent."""
    entries = _content(path).get(section, {})
    if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
        raise Invalid(f"{path}: {section} is made of tables, as in [{section}.NAME]", "mend the file")
    return entries


def fields_of(path: Path, section: str) -> Mapping[str, object]:
    """The fields of a section that is one table, as `[alerts]`; none when the file or the section is absent."""
    entries = _content(path).get(section, {})
    if not isinstance(entries, dict):
        raise Invalid(f"{path}: {section} is a table, as in [{section}]", "mend the file")
    return entries


def setting(path: Path, name: str) -> object:
    """What a name above all tables is set to; None when the file or the name is absent."""
    return _content(path).get(name)


def _content(path: Path) -> Mapping[str, object]:
    try:
        with open_plain(path) as file:
            if os.fstat(file.fileno()).st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise Invalid(f"others may write {path}, which says when a key can go", f"close it: chmod go-w {path}")
            said = file.read()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}", "check what it is, and who owns it") from error
    content = _parsed(path, said)
    _refuse_unknown(path, content)
    return content


def _parsed(path: Path, said: bytes) -> Mapping[str, object]:
    if said.startswith(BOM_UTF8):
        raise Invalid(f"{path}:1: it begins with a byte order mark, which TOML has not", "save it as UTF-8 without one")
    try:
        return tomllib.loads(said.decode())
    except UnicodeDecodeError as error:
        line, byte = said.count(b"\n", 0, error.start) + 1, error.start + 1
        raise Invalid(
            f"{path}:{line}: byte {byte} of the file (0x{said[error.start]:02x}) is not UTF-8 text",
            "save it as UTF-8; if it is no text at all, put your copy of it back, or move it away to begin anew",
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"{path} is not valid TOML: {error}", "mend it there") from error


@names_lines
def _refuse_unknown(path: Path, content: Mapping[str, object]) -> None:
    """A misspelt name would be settings that are silently not there."""
    for name, value in content.items():
        if name in SECTIONS or name in _SETTINGS:
            continue
        about = f"{path}: [{harmless(name)}] is no table that there is"
        if not isinstance(value, dict):
            about = f"{where_set(path, name)}: {harmless(name)} is no setting that there is"
        known = f"the tables are {', '.join(SECTIONS)}; above them may stand {', '.join(_SETTINGS)}"
        raise Invalid(about, f"{meant(name, (*SECTIONS, *_SETTINGS))}{known}")
