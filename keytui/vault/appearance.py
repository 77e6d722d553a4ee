"""How the console looks: the theme that the environment or `config.toml` names."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Final

from keytui.domain.errors import Invalid
from keytui.domain.near import meant
from keytui.domain.text import quoted
from keytui.vault.configuration import setting
from keytui.vault.configuration_lines import where_set

VARIABLE: Final = "KEYTUI_THEME"
SETTING: Final = "theme"


class ThemeName(StrEnum):
    """A theme, as an operator names it."""

    DARK = "dark"
    LIGHT = "light"
    HIGH_CONTRAST = "high-contrast"
    ANSI = "ansi"
    """The 16 colours of the terminal's own palette."""


def load_theme(path: Path) -> ThemeName | None:
    """The theme that KEYTUI_THEME names, else `theme` in the configuration; None where neither does.

    Invalid names the variable, or file and line.
    """
    if said := os.environ.get(VARIABLE):
        return _theme(said, VARIABLE)
    entry = setting(path, SETTING)
    if entry is None:
        return None
    where = f"{where_set(path, SETTING)}: {SETTING}"
    if not isinstance(entry, str):
        raise Invalid(f"{where} is a name in quotes", _names())
    return _theme(entry, where)


def _theme(said: str, where: str) -> ThemeName:
    try:
        return ThemeName(said)
    except ValueError:
        raise Invalid(f"{where} is {quoted(said)}, which is none", f"{meant(said, ThemeName)}{_names()}") from None


def _names() -> str:
    return f"the themes are {', '.join(ThemeName)}"
