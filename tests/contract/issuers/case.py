"""One issuer of each kind, with everything that the contract has to see of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from keytui.domain.keys import Key
from keytui.domain.secrets import Secret
from keytui.issuers.issuer import Issuer, Mark
from tests.world import NOON

KEY: Final = Key("k1", "checkout", "production", NOON)
STRANGER: Final = Secret("hk_stranger" + "0" * 35)


@dataclass(frozen=True, slots=True)
class Case:
    """An issuer whose system accepts one version already: it was made there by hand before keytui knew of it."""

    issuer: Issuer
    standing: Secret
    """The value of that version."""
    mark: Mark
    """How keytui knows that version: by its digest, or by the system's own reference where the issuer goes by that."""
    accepts: Callable[[Secret], bool]
    """Whether a request with a value is let in, seen past the issuer: the system itself is asked."""
    everything: Callable[[], object]
    """All that the system holds, as something that compares. What is stored, and not when it was asked for."""
    cut_off: Callable[[], None]
    """Make the system unreachable: the server ends, the directory goes."""
    fall_back_on: Callable[[Secret], None] | None = None
    """Let the system accept a value also by something that revoking leaves as it is; None where there is no such."""


def mark_of(value: Secret) -> Mark:
    """How keytui knows a version whose value it minted, before any answer of an issuer."""
    return Mark(value.digest(), value.prefix())


Maker = Callable[[Path, pytest.FixtureRequest], Iterator[Case]]
"""Makes a case in an empty directory, and clears up after it. A server that several share is a fixture of its own,
which `request.getfixturevalue` gives."""
