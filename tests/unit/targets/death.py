"""A process that ends in the midst of writing files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


class _Killed(BaseException):
    """The process ends here."""


class Death:
    """Comes at one of the calls that change something on the disk; after that none of them does anything more."""

    def __init__(self, at: int) -> None:
        self._left = at

    @property
    def came(self) -> bool:
        """Whether there were so many calls."""
        return self._left <= 0

    @contextmanager
    def coming(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Ends whatever runs inside when it comes."""
        with monkeypatch.context() as patched:
            for owner, name in ((os, "fsync"), (os, "fchmod"), (Path, "replace"), (Path, "unlink")):
                patched.setattr(owner, name, self._may_die(getattr(owner, name)))
            with suppress(_Killed):
                yield

    def _may_die(self, real: Callable[..., object]) -> Callable[..., object]:
        def call(*given: object, **named: object) -> object:
            self._left -= 1
            if self.came:
                raise _Killed
            return real(*given, **named)

        return call
