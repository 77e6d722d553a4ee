"""Profiles in `config.toml`, added and removed as an operator would do it by hand: every other line stays as it is."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from keytui.domain.errors import Invalid, NotFound, Refused
from keytui.vault.configuration import table
from keytui.vault.configuration_writing import changing, read_text, write_configuration

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HEADER: Final = re.compile(r"\s*\[")


def add_entry(path: Path, name: str, entry: Mapping[str, str | bool]) -> None:
    """Append `[profiles.NAME]`. Refused when there is one, Invalid for a name that needs quotes."""
    if _NAME.fullmatch(name) is None:
        raise Invalid(f"{name!r} cannot name a profile", "use letters, digits, - and _")
    with changing(path):  # two who do this at once both have theirs in the file
        profiles = table(path, "profiles")
        if name in profiles:
            raise Refused(f"{path} has a profile {name} already", f"`keytui profiles remove {name}` takes it out")
        before = read_text(path)
        gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
        lines = [f"[profiles.{name}]", *(f"{field} = {json.dumps(value)}" for field, value in entry.items())]
        _write(path, before + gap + "\n".join(lines) + "\n", {**profiles, name: entry})


def remove_entry(path: Path, name: str) -> None:
    """Take `[profiles.NAME]` out. NotFound when there is none."""
    if name not in table(path, "profiles"):
        raise NotFound(f"{path} has no profile {name!r}", "`keytui profiles` lists them")
    with changing(path):
        rest = {other: entry for other, entry in table(path, "profiles").items() if other != name}
        _write(path, _without(read_text(path).splitlines(keepends=True), name), rest)


def _without(lines: list[str], name: str) -> str:
    header = re.compile(rf"""\s*\[\s*profiles\s*\.\s*["']?{re.escape(name)}["']?\s*\]\s*(#.*)?""")
    start = next((at for at, line in enumerate(lines) if header.fullmatch(line.rstrip("\r\n"))), len(lines))
    end = next((at for at in range(start + 1, len(lines)) if _HEADER.match(lines[at])), len(lines))
    while end > start + 1 and _belongs_to_the_next(lines[end - 1]) and end < len(lines):
        end -= 1
    return "".join(lines[:start]).rstrip("\n") + _parted(lines[:start], lines[end:])


def _belongs_to_the_next(line: str) -> bool:
    """A remark above a table speaks of that table."""
    return not line.strip() or line.lstrip().startswith("#")


def _parted(before: list[str], after: list[str]) -> str:
    rest = "".join(after).lstrip("\n")
    if not before:
        return rest
    return "\n\n" + rest if rest else "\n"


def _write(path: Path, text: str, profiles: Mapping[str, Mapping[str, object]]) -> None:
    write_configuration(path, text, {**tomllib.loads(read_text(path)), "profiles": profiles})
