"""What was done in this console session, as the commands that would do the same. It is kept in memory alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from keytui.clock import Clock
from keytui.domain.text import harmless
from keytui.tui.shell_lines import for_shell
from keytui.vault.profile import Profile

UNDER_WAY: Final = "under way"
DONE: Final = "done"


@dataclass(frozen=True, slots=True)
class Logged:
    """One thing that was done. `command` may be several lines; one that begins with # is a remark, for what no command
    does alone. `outcome` is `done`, `under way`, or why not.
    """

    number: int
    at: datetime
    command: str
    outcome: str = UNDER_WAY


class CommandLog:
    """Everything since the console began, the newest last. It belongs to the console's loop."""

    def __init__(self, profile: Profile, clock: Clock) -> None:
        self._clock = clock
        self._profile = profile
        self.entries: tuple[Logged, ...] = ()

    def begin(self, command: str) -> int:
        """Something is on its way; its number, to end it by. `command` holds no secret."""
        self.entries += (Logged(len(self.entries), self._clock(), for_shell(command, self._profile)),)
        return len(self.entries) - 1

    def end(self, number: int, outcome: str = DONE) -> None:
        """What came of it."""
        before = self.entries
        self.entries = (*before[:number], replace(before[number], outcome=outcome), *before[number + 1 :])

    def script(self) -> str:
        """All of it as a file: each command under a remark that says when, and what came of it.

        A terminal may show it as it stands: what it would obey is an escape.
        """
        return "".join(
            f"# {each.at.astimezone():%Y-%m-%d %H:%M:%S %z}  {each.at.astimezone(UTC):%H:%M:%S}Z  "
            f"{harmless(each.outcome)}\n{chr(10).join(map(harmless, each.command.splitlines()))}\n"
            for each in self.entries
        )
