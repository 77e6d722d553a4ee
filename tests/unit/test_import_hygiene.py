"""What a start imports: the console paints before anything heavy is loaded, and the commands never load it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Final

HEAVY: Final = ("sqlmodel", "sqlalchemy", "httpx", "pydantic", "fastapi", "alembic", "typer", "cryptography")
FIRST_PAINT: Final = f"""
import asyncio, json, sys
from pathlib import Path
from keytui.domain.audit import Actor
from keytui.domain.errors import Unreachable
from keytui.tui.app import Console
from keytui.vault.profile import Profile

seen = []

def open_vault(profile):
    seen.append(sorted(name for name in {HEAVY!r} if name in sys.modules))
    raise Unreachable("that is all this test wants")

async def paint():
    console = Console(open_vault, Profile("test", Path("/nowhere"), Actor("ada")))
    async with console.run_test() as pilot:
        for _ in range(200):
            if seen and "cannot be opened" in str(console.screen.query_one("#face").content):
                break
            await pilot.pause(0.02)

asyncio.run(paint())
print(json.dumps(seen))
"""
COMMAND_MODULES: Final = """
import json, sys
import keytui.cli.entry
late = ("textual", "sqlmodel", "typer", "keytui.domain.keys")
print(json.dumps(sorted(name for name in late if name in sys.modules)))
"""


def told(program: str) -> object:
    """What a fresh interpreter prints as JSON."""
    done = subprocess.run(  # this test's own words
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_nothing_heavy_is_imported_before_the_first_paint() -> None:
    """The vault is opened once, after the paint, and until then none of its libraries is there."""
    assert told(FIRST_PAINT) == [[]]


def test_the_first_paint_needs_not_to_know_what_a_key_is() -> None:
    """The first keys bring it, behind the frame."""
    late = [f"keytui.domain.{name}" for name in ("keys", "query", "rotation", "usage", "verdict")]
    program = f"import json, sys, keytui.tui.app; print(json.dumps([name for name in {late!r} if name in sys.modules]))"
    assert told(program) == []


def test_the_entry_point_imports_neither_the_console_nor_a_store() -> None:
    assert told(COMMAND_MODULES) == []


def test_naming_the_commands_imports_no_store() -> None:
    """Completion and help name them all; what one of them needs is imported when it runs."""
    heavy = ("textual", "sqlmodel", "sqlalchemy", "cryptography", "httpx", "fastapi", "alembic")
    program = (
        f"import json, sys, keytui.cli.app; print(json.dumps([name for name in {heavy!r} if name in sys.modules]))"
    )
    assert told(program) == []
