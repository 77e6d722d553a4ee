"""What issuers are tried on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.doubles.served import Stage


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """This process's one server for doubles."""
    with Stage() as stage:
        yield stage
