"""Keeping a theme that was chosen in the console, for its next start."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path
from typing import Final

from keytui.vault.appearance import SETTING, VARIABLE, ThemeName
from keytui.vault.configuration import setting
from keytui.vault.configuration_lines import line_of_setting
from keytui.vault.configuration_writing import changing, read_text, write_configuration

_VALUE: Final = re.compile(r"""=\s*("[^"]*"|'[^']*')""")


def keep_theme(path: Path, theme: ThemeName) -> str:
    """Write the theme into the configuration, and say so; every other line stays.

    Refused where that cannot be done by lines, Invalid where the file cannot be read or written.
    """
    with changing(path):
        setting(path, SETTING)  # refuses a file that others may write, and one that is no TOML
        before = read_text(path)
        write_configuration(path, _with(theme, before), {**tomllib.loads(before), SETTING: str(theme)})
    earlier = f"; {VARIABLE} goes before it at the next start" if os.environ.get(VARIABLE) else ""
    return f"kept in {path}{earlier}"


def _with(theme: ThemeName, text: str) -> str:
    lines = text.splitlines(keepends=True)
    number = line_of_setting(lines, SETTING)
    if number is None:
        return "".join([f"{SETTING} = {json.dumps(theme)}\n", *(["\n"] if lines else []), *lines])
    lines[number - 1] = _VALUE.sub(f"= {json.dumps(theme)}", lines[number - 1], count=1)
    return "".join(lines)
