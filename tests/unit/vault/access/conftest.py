"""A tenant alone in a vault, and the same one beside another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.vault.access.two_tenants import TeamVault


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeamVault]:
    team = TeamVault(tmp_path_factory.mktemp("alone") / "vault", "acme")
    yield team
    team.close()


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeamVault]:
    team = TeamVault(tmp_path_factory.mktemp("together") / "vault", "acme", "globex")
    yield team
    team.close()


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeamVault]:
    """A vault without any tenant's keys yet."""
    made = TeamVault(tmp_path_factory.mktemp("team") / "vault")
    yield made
    made.close()
