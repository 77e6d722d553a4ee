"""A line to a vault that goes down in the middle."""

from __future__ import annotations

from keytui.domain.errors import OutcomeUnknown, Unreachable
from keytui.vault.local.vault import LocalVault


class Dropping:
    """A vault behind a line that is down from the moment at which one call was carried out, `answered` or not."""

    def __init__(self, vault: LocalVault, after: str, *, answered: bool = False) -> None:
        self._vault, self._after, self._answered, self._down = vault, after, answered, False

    def __getattr__(self, name: str) -> object:
        found = getattr(self._vault, name)

        def call(*arguments: object, **named: object) -> object:
            if self._down and name != "close":
                raise Unreachable("keys.example.com cannot be reached", "try again")
            answer = found(*arguments, **named)
            if name == self._after:
                self._down = True
                if self._answered:
                    return answer
                raise OutcomeUnknown("the answer was lost", "look")
            return answer

        return call
