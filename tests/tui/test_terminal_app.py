"""A terminal that is resized and back within a moment was cut meanwhile: all is drawn anew."""

from __future__ import annotations

import pytest
from textual.events import Resize
from textual.geometry import Size

from keytui.tui.app import Console
from keytui.vault.local.vault import LocalVault
from tests.tui.rotation.walking import until_handled
from tests.tui.walking import keys


async def test_a_size_that_lasted_a_moment_leaves_nothing_cut(
    console: Console, fleet: LocalVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console.run_test(size=(80, 24)) as pilot:
        await keys(pilot)
        for size in (Size(100, 30), Size(80, 24)):
            await pilot.resize_terminal(*size)
            await until_handled(pilot)
        redrawn: list[Size] = []
        monkeypatch.setattr(console, "action_redraw", lambda: redrawn.append(console.screen.outer_size))
        for size in (Size(60, 20), Size(80, 24)):
            await console.on_event(Resize(size, size))
        assert redrawn == [Size(80, 24)]
