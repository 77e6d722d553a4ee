"""The issuers that the contract holds for. A new kind is one more maker in a module of its own, and one line here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.contract.issuers.case import Case, Maker

MAKERS: Mapping[str, Maker] = {}


@pytest.fixture(params=list(MAKERS))
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    """An issuer of each kind."""
    yield from MAKERS[request.param](tmp_path, request)
