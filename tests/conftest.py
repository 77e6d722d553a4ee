"""A vault to work on, in a world that stands still."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from keytui.domain.audit import Actor
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.compiled_once import statements_compiled_once
from tests.new_vaults import tables_made_once
from tests.world import StoppedClock, repeatable_randomness

# A shell starts background jobs deaf to these, nohup to the last: every program that the tests start would inherit it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
for deaf in (signal.SIGQUIT, signal.SIGHUP):
    if signal.getsignal(deaf) is signal.SIG_IGN:
        signal.signal(deaf, signal.SIG_DFL)

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
"""Where it is set, every program that the tests start would compile all of keytui again."""

gc.set_threshold(100_000, 20, 20)
"""As Python comes, it looks for garbage after every 700 objects: a fifth of what a test of the console took."""

settings.register_profile(
    "repeatable", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("repeatable")
"""Property tests find the same examples in every run, and leave nothing on the disk."""


@pytest.fixture(scope="session", autouse=True)
def _tables_made_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with tables_made_once(tmp_path_factory.mktemp("first")):
        yield


@pytest.fixture(scope="session", autouse=True)
def _statements_compiled_once() -> Iterator[None]:
    with statements_compiled_once():
        yield


@pytest.fixture
def clock() -> StoppedClock:
    """Noon, until it is advanced."""
    return StoppedClock()


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    """A profile whose vault does not exist yet."""
    return Profile("test", tmp_path / "vault", Actor("ada", "bastion-2"))


@pytest.fixture
def vault(profile: Profile, clock: StoppedClock) -> Iterator[LocalVault]:
    """An empty local vault; the same secrets in every run."""
    opened = LocalVault.open(profile, clock=clock, randomness=repeatable_randomness())
    yield opened
    opened.close()
