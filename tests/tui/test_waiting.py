"""Whatever an operator does, something on the screen says that it was heard before the vault has answered."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from threading import Event
from typing import Final

import pytest

from keytui.tui.app import Console
from keytui.vault.local.vault import LocalVault
from tests.tui.rotation.walking import Walk, said, until, until_said, until_still
from tests.tui.walking import keys

ASKED: Final = ("page", "detail", "rotations", "monitor", "audit", "standing", "find", "disable")
WAYS: Final = {
    "sort": (("s",), ()),
    "refresh": (("r",), ()),
    "filter": (("slash", "c"), ("escape",)),
    "open": (("enter",), ("escape",)),
    "rotate": (("R",), ("escape",)),
    "palette": (("colon",), ("escape",)),
    "rotations": (("2",), ("1",)),
    "usage": (("3",), ("1",)),
    "audit": (("4",), ("1",)),
}
"""The keys of each action, the last of which begins it, and the way back."""
PATIENCE: Final = 20.0


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Event:
    """A line to the vault, which answers only while it is set."""
    through = Event()
    through.set()

    def far(method: Callable[..., object]) -> Callable[..., object]:
        @wraps(method)
        def ask(*args: object, **kwargs: object) -> object:
            through.wait(PATIENCE)
            return method(*args, **kwargs)

        return ask

    for name in ASKED:
        monkeypatch.setattr(LocalVault, name, far(getattr(LocalVault, name)))
    return through


async def test_it_is_heard_before_it_is_answered(console: Console, fleet: LocalVault, line: Event) -> None:
    async with console.run_test(size=(120, 36)) as pilot:
        await keys(pilot)
        for way, ((*first, last), back) in WAYS.items():
            await until_still(pilot)
            await pilot.press(*first)
            before = said(pilot)
            line.clear()
            try:
                console.simulate_key(last)
                await until(pilot, partial(_differs, pilot, before), f"a sign of {way}")
            finally:
                line.set()
            await until_still(pilot)
            await pilot.press(*back)


def _differs(pilot: Walk, before: str) -> bool:
    return said(pilot) != before


async def test_a_long_answer_is_waited_for_in_the_status_line(console: Console, fleet: LocalVault, line: Event) -> None:
    async with console.run_test(size=(120, 36)) as pilot:
        await keys(pilot)
        await until_still(pilot)
        line.clear()
        try:
            await pilot.press("r")
            await until_said(pilot, "◌ asking …")
        finally:
            line.set()
        await until_said(pilot, "● connected")
