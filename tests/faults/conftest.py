"""Where files are made and lost thousands of times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.faults.statements import Statements, watched_statements
from tests.unit.vault.access.two_tenants import TeamVault, Tenant

_MEMORY = Path("/dev/shm")  # noqa: S108  # a file system in memory, where there is one


@contextmanager
def in_memory_directory() -> Iterator[Path]:
    """A disk that is flushed at every change would be waited for all the time."""
    with TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None, ignore_cleanup_errors=True) as directory:
        yield Path(directory)


@pytest.fixture
def in_memory() -> Iterator[Path]:
    """A directory in memory."""
    with in_memory_directory() as directory:
        yield directory


@pytest.fixture(scope="module")
def statements() -> Iterator[Statements]:
    """What vaults that are opened here ask of SQLite."""
    with watched_statements() as watched:
        yield watched


@pytest.fixture(scope="module")
def used() -> Iterator[tuple[Path, Tenant]]:
    """A vault that a tenant has used for a while, closed."""
    with in_memory_directory() as directory:
        team = TeamVault(directory / "vault", "acme")
        team.close()
        yield directory / "vault", team.tenants["acme"]
