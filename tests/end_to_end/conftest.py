"""A fresh home for every test, searched at the end for every secret that was made in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.canary import leaks_in, leaks_under
from tests.end_to_end.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home. No secret may be left in a file of it, on a screen, or among a terminal's bytes but in OSC 52."""
    directory = tmp_path / "home"
    directory.mkdir()
    home = Home(directory)
    yield home
    found = leaks_under(directory, home.secrets)
    for number, display in enumerate(home.displays, 1):
        found += leaks_in(display.without_clipboards(), home.secrets, f"the bytes of terminal {number}")
        found += leaks_in(display.shown, home.secrets, f"what terminal {number} showed")
    assert not found, "\n".join(found)
