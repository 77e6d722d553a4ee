"""One line as it was read, and whether a text in it names a version."""

from __future__ import annotations

from typing import Final, NamedTuple

from keytui.domain.recognition import Recognised, Recogniser

_MOST_KEPT: Final = 65_536
_LONGEST_NAME: Final = 512
"""Longer texts are asked about one by one, so that what is kept stays small."""


class Line(NamedTuple):
    """What one line says. `at` is seconds since 1970, None without a time that can be read; `status` 0 likewise."""

    at: float | None
    address: str
    agent: str
    status: int
    path: str
    key: str
    version: str
    caller: str
    zoneless: bool


class Names:
    """Asks the recogniser, and remembers its answers: the same few keys stand in most lines."""

    def __init__(self, recogniser: Recogniser) -> None:
        self.recogniser = recogniser
        self._known: dict[str, Recognised | None] = {}

    def of(self, text: str) -> Recognised | None:
        """The version that the text names."""
        try:
            return self._known[text]
        except KeyError:
            pass
        found = self.recogniser.recognise(text)
        if len(text) <= _LONGEST_NAME:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            self._known[text] = found
        return found
