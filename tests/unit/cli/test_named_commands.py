"""Every way out that is told as a command is one that there is."""

from __future__ import annotations

import re
from pathlib import Path

from typer.main import get_command

import keytui
from keytui.cli.app import app

_NAMED = re.compile(r'(?:`|look=")keytui ([a-z][a-z-]+)')


def test_what_is_told_to_be_typed_is_a_command() -> None:
    known = set(getattr(get_command(app), "commands"))  # noqa: B009  # click's own, which typer does not show
    for file in Path(keytui.__file__).parent.rglob("*.py"):
        assert set(_NAMED.findall(file.read_text())) <= known, file
