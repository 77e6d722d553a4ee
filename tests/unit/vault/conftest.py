"""Vaults that the same must hold for, whatever they are kept in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from keytui.domain.audit import Actor
from keytui.vault.profile import Profile
from tests.postgresql import vault_database


@pytest.fixture(params=["sqlite", "postgresql"])
def on_either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Profile]:
    """The profile of a new vault, once in SQLite and once in PostgreSQL."""
    profile = Profile("test", tmp_path / "vault", Actor("ada", "bastion-2"))
    if request.param == "sqlite":
        yield profile
        return
    with vault_database(profile.directory) as database:
        yield Profile("test", profile.directory, profile.actor, database=database)
