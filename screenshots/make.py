"""Make the screenshots of the README and the guide from the running console: `python screenshots/make.py [DIRECTORY]`.

The demo's past, a stopped clock and repeatable randomness: the same program gives the same pictures.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from textual.pilot import Pilot

from keytui.demo.fleet import fleet
from keytui.demo.stage import write_past
from keytui.domain.audit import Actor
from keytui.domain.secrets import Randomness
from keytui.tui.app import Console
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile

NOW: Final = datetime(2026, 11, 20, 13, 2, tzinfo=UTC)
WIDE: Final = (120, 36)
TALL: Final = (120, 48)
NARROW: Final = (60, 20)
PATIENCE: Final = 30.0
"""Seconds that a picture may take to come to rest."""


ADA: Final = Actor("ada", "bastion-2")
FLEET: Final = Profile("demo", Path("demo"), ADA)
EMPTY: Final = Profile("default", Path("default"), ADA)


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: the keys that lead there one after another, and what is on the screen before each and at the end."""

    name: str
    way: tuple[tuple[str, str], ...]
    shows: str
    size: tuple[int, int] = WIDE
    profile: Profile = FLEET


SHOTS: Final = (
    Shot("keys", (), "checkout-api"),
    Shot("keys-narrow", (), "checkout-api", NARROW),
    Shot("rotations", (("checkout-api", "2"),), "SAFE"),
    Shot("watch", (("checkout-api", "2"), ("search-index", "enter")), "NOT SAFE"),
    Shot("safe", (("checkout-api", "2"), ("search-index", "j"), ("ci-deploy", "enter")), "would escape"),
    Shot("review", (("checkout-api", "R"),), "known caller"),
    Shot("usage", (("checkout-api", "3"),), "10.0.8.21", TALL),
    Shot("usage-callers", (("checkout-api", "3"), *(("metrics-push", "j"),) * 3, ("metrics-push", "enter")), "indexer"),
    Shot("usage-narrow", (("checkout-api", "3"),), "ci-deploy", NARROW),
    Shot("stale", (("checkout-api", "slash"), *(("demo", letter) for letter in "flag:stale")), "partner-export"),
    Shot("audit", (("checkout-api", "4"),), "rotation.delivered"),
    Shot("help", (("checkout-api", "question_mark"),), "esc"),
    Shot("welcome", (), "create", profile=EMPTY),
)


def main(directory: Path) -> None:
    """Write every shot into `directory`, an absolute path."""
    os.environ["TZ"] = "Europe/Berlin"
    time.tzset()
    randomness = random.Random(7).randbytes  # noqa: S311  # pictures want the same keys every time
    with TemporaryDirectory() as home, contextlib.chdir(home):
        write_past(FLEET, fleet(24, 7), _now, randomness, ends=False)
        _look_for_alerts(randomness)
        for shot in SHOTS:
            svg = asyncio.run(_taken(shot, randomness))
            (directory / f"{shot.name}.svg").write_text(svg, encoding="utf-8")


def _look_for_alerts(randomness: Randomness) -> None:
    """Before any picture, so that none shows how the first ones come in."""
    vault = LocalVault.open(FLEET, _now, randomness)
    vault.tend()
    vault.close()


def _now() -> datetime:
    return NOW


async def _taken(shot: Shot, randomness: Randomness) -> str:
    console = Console(lambda profile: LocalVault.open(profile, _now, randomness), shot.profile, _now)
    async with console.run_test(size=shot.size) as pilot:
        for shows, press in shot.way:
            await _until(pilot, shows)
            await pilot.press(press)
        await _until(pilot, shot.shows)
        return console.export_screenshot(title="keytui")


async def _until(pilot: Pilot[int], shows: str) -> None:
    """Wait until a text is on the screen and the picture has come to rest."""
    text = shows.replace(" ", "&#160;")
    before, picture = "", pilot.app.export_screenshot()
    async with asyncio.timeout(PATIENCE):
        while text not in picture or picture != before:
            await pilot.pause(0.2)
            before, picture = picture, pilot.app.export_screenshot()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else __file__ + "/..").resolve())
