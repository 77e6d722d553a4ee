"""A fresh home for every test, searched at the end for every secret that was made in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.canary import leaks_in, leaks_under
from tests.end_to_end.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home. No secret may be left in a file of it, or among the bytes of a terminal but in an OSC 52 sequence."""
    directory = tmp_path / "home"
    directory.mkdir()
    home = Home(directory)
    yield home
    found = leaks_under(directory, home.secrets)
    for number, display in enumerate(home.displays, 1):
        found += leaks_in(display.without_clipboards(), home.secrets, f"the bytes of terminal {number}")
    assert not found, "\n".join(found)
