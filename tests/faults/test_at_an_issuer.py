"""A database that fails at any statement of a change at another issuer: both sides know, and doing it again ends it.

Each change takes some fifty to a hundred statements: those from shortly before a call to shortly after it all fail, of
the others every twenty-fifth.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import pytest

from keytui.domain.errors import KeytuiError
from tests.faults.at_an_issuer import CHANGES, Service
from tests.faults.statements import WAYS, Statements

_AROUND: Final = range(-1, 5)
_EVERY: Final = 25


class Change:
    """One of them, and what it takes where nothing fails."""

    def __init__(self, name: str, directory: Path, statements: Statements) -> None:
        self._template, self._here = directory / "template", directory / "here"
        prepare, self.act = CHANGES[name]
        self._template.mkdir(mode=0o700)
        service = Service.open(self._template)
        prepare(service)
        service.vault.close()
        service, self._calls = self.begin(), list[int]()
        with statements.counted():
            service.issuer.asked = lambda: self._calls.append(statements.asked)
            self.act(service)
        self.after, self.rotations = service.standing(), service.open_rotations()
        self._statements = statements.asked
        service.vault.close()

    def begin(self) -> Service:
        """Once more from the same beginning."""
        shutil.rmtree(self._here, ignore_errors=True)
        shutil.copytree(self._template, self._here)
        return Service.open(self._here)

    def failing(self) -> list[int]:
        """Numbers of the statements that fail, one after the other."""
        around = {call + near for call in self._calls for near in _AROUND}
        return sorted(around | set(range(1, self._statements + 1, _EVERY)) | {self._statements})


@pytest.mark.parametrize("name", CHANGES)
def test_both_sides_know_and_doing_it_again_ends_it(name: str, statements: Statements, in_memory: Path) -> None:
    change = Change(name, in_memory, statements)
    for at in change.failing():
        service = change.begin()
        error = _failed(change, service, statements, at)
        assert service.accepted <= service.known, f"statement {at}: a secret lives that the vault does not know"
        if error is not None:
            assert error.hint, f"statement {at}"
            assert "nothing was changed" not in error.hint, f"statement {at}"
            change.act(service)
        assert service.standing() == change.after, f"statement {at}"
        assert service.open_rotations() == change.rotations, f"statement {at}"
        assert service.accepted <= service.known, f"statement {at}: after it was done again"
        assert service.vault.verify_audit().broken_at is None
        service.vault.close()


def _failed(change: Change, service: Service, statements: Statements, at: int) -> KeytuiError | None:
    with statements.counted(at, WAYS[at % 4], stays=at % 8 > 3):
        try:
            change.act(service)
        except KeytuiError as error:
            return error
    return None
