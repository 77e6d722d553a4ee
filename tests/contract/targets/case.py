"""One target of each kind, with everything that the contract has to see of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from keytui.domain.keys import Key
from keytui.domain.secrets import Secret
from keytui.targets.target import Target
from tests.world import NOON

KEY: Final = Key("k1", "checkout", "production", NOON)
OLD, NEW, NEWER = Secret("tk_old0" + "0" * 28), Secret("tk_new1" + "1" * 28), Secret("tk_newer2" + "2" * 26)


@dataclass(frozen=True, slots=True)
class Case:
    """A target that holds `OLD` for `KEY`, as its consumer was given it by hand before keytui knew of it.

    A place that nothing can be put into by hand, such as a webhook's receiver, begins empty.
    """

    target: Target
    consumed: Callable[[], Secret | None]
    """What the consumer reads there, seen past the target: the store itself is asked, a sealed value is opened."""
    everything: Callable[[], object]
    """All that is there, as something that compares: every file, version, label or message, and whatever a target
    notes beside it. What is stored, and not when it was asked for."""
    cut_off: Callable[[], None]
    """Make the place unusable: the server ends, the directory goes."""
    knows_order: bool = True
    """Whether it can refuse an older version. False where nothing tells which one a write-only place holds."""


Maker = Callable[[Path, pytest.FixtureRequest], Iterator[Case]]
"""Makes a case in an empty directory, and clears up after it. A server that several share is a fixture of its own,
which `request.getfixturevalue` gives."""
