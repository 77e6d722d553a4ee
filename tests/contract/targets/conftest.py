"""The targets that the contract holds for. A new kind is one more maker in a module of its own, and one line here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.contract.targets import local
from tests.contract.targets.case import Case, Maker

MAKERS: Mapping[str, Maker] = {
    "file": local.file,
    "file with every option": local.followed_file,
    "dotenv": local.dotenv,
    "dotenv in two files": local.dotenv_in_two_files,
    "sealed-file": local.sealed_file,
    "command": local.command,
    "command that only takes": local.command_that_only_takes,
}


@pytest.fixture(params=list(MAKERS))
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    """A target of each kind."""
    yield from MAKERS[request.param](tmp_path, request)
