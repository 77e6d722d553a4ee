"""How the tests of the modes walk the console."""

from __future__ import annotations

from textual.widgets import Input

from keytui.tui.screens.keys import KeysScreen
from tests.tui.rotation.walking import Walk, opened, until


async def keys(pilot: Walk) -> KeysScreen:
    """The key table, with its rows."""
    console = await opened(pilot)
    await until(pilot, lambda: isinstance(console.screen, KeysScreen) and bool(console.screen.query("#keys")), "keys")
    screen = console.screen
    assert isinstance(screen, KeysScreen)
    await until(pilot, lambda: screen.table.cursor_row is not None, "rows")
    return screen


async def point_at(pilot: Walk, name: str) -> None:
    """Move down to the key called `name`."""
    screen = await keys(pilot)
    for _ in range(screen.table.total or 0):
        row = screen.table.cursor_row
        if row is not None and row.key.name == name:
            return
        await pilot.press("j")
    raise AssertionError(f"no row is called {name!r}")


def fill(pilot: Walk, **fields: str) -> None:
    """Fill the fields of the form that is open, each by its id."""
    for field, value in fields.items():
        pilot.app.screen.query_one(f"#{field}", Input).value = value
