"""Profiles in `config.toml`, added and removed as an operator would do it by hand: every other line stays as it is."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from keytui.domain.errors import Invalid, NotFound, Refused
from keytui.domain.secrets import Secret
from keytui.private_file import replace_privately
from keytui.text_file import alone_in
from keytui.vault.configuration import table

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HEADER: Final = re.compile(r"\s*\[")


def add_entry(path: Path, name: str, entry: Mapping[str, str | bool]) -> None:
    """Append `[profiles.NAME]`. Refused when there is one, Invalid for a name that needs quotes."""
    if _NAME.fullmatch(name) is None:
        raise Invalid(f"{name!r} cannot name a profile", "use letters, digits, - and _")
    with alone_in((_home_of(path),)):  # two who do this at once both have theirs in the file
        profiles = table(path, "profiles")
        if name in profiles:
            raise Refused(f"{path} has a profile {name} already", f"`keytui profiles remove {name}` takes it out")
        before = _text(path)
        gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
        lines = [f"[profiles.{name}]", *(f"{field} = {json.dumps(value)}" for field, value in entry.items())]
        _write(path, before + gap + "\n".join(lines) + "\n", {**profiles, name: entry})


def remove_entry(path: Path, name: str) -> None:
    """Take `[profiles.NAME]` out. NotFound when there is none."""
    if name not in table(path, "profiles"):
        raise NotFound(f"{path} has no profile {name!r}", "`keytui profiles` lists them")
    with alone_in((_home_of(path),)):
        rest = {other: entry for other, entry in table(path, "profiles").items() if other != name}
        _write(path, _without(_text(path).splitlines(keepends=True), name), rest)


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


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return ""


def _write(path: Path, text: str, profiles: Mapping[str, Mapping[str, object]]) -> None:
    """Replace the file at once. Refused unless it says the same as before but for what was meant to change."""
    try:
        said = tomllib.loads(text)
        meant = tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError:
        said, meant = {}, {"unreadable": True}
    if {**said, "profiles": said.get("profiles", {})} != {**meant, "profiles": profiles}:
        raise Refused(f"{path} is written in a way that cannot be changed line by line", "change it by hand")
    replace_privately(path.resolve(), Secret(text))


def _home_of(path: Path) -> Path:
    """The directory of the file itself, which a link may stand for; made where it is missing."""
    directory = path.resolve().parent
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Invalid(
            f"{directory} cannot be made: {error.strerror}", "check who owns what is above it, or set KEYTUI_HOME"
        ) from None
    return directory
