"""A team's server for tests to ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from keytui.domain.audit import Actor
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.unit.server.team import Team, client_of, hire, opened
from tests.world import StoppedClock


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    """The loop that the server's side runs in."""
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory, portal: BlockingPortal) -> Iterator[Team]:
    """One for all tests of a module: each brings keys of its own."""
    clock, directory = StoppedClock(), tmp_path_factory.mktemp("team") / "vault"
    vault = opened(directory, clock)
    team = Team(directory, vault, clock, client_of(vault), portal)
    hire(team)
    yield team
    portal.call(team.client.aclose)
    vault.close()


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def vault(tmp_path: Path, clock: StoppedClock) -> Iterator[LocalVault]:
    """An empty one, without a server."""
    alone = LocalVault.open(Profile("test", tmp_path / "vault", Actor("ada")), clock)
    yield alone
    alone.close()
