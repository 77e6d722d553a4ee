"""The target that is a command of the site's own: whatever it does with the secret that it reads."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from keytui.command import MOST_BYTES, pipe_text_to_command, pipe_to_command, printed_by
from keytui.domain.errors import Invalid, OutcomeUnknown, Refused
from keytui.domain.fields import Fields
from keytui.domain.keys import Key
from keytui.domain.references import Resolve
from keytui.domain.secrets import Secret
from keytui.targets.target import Abilities, filled

_LONGEST = timedelta(minutes=2)
"""A run of auto-rotation holds its lease for longer than any one command may take."""


@dataclass(frozen=True, slots=True)
class CommandTarget:
    """A command that reads the secret on its standard input; exit code 0 means that it has taken it, and any
    other end that nobody knows.

    With `reads_back` it tells what it holds, by another command that prints it. With `rolls_back` a third one puts
    back what was there before. Words may hold `{id}`, `{name}`, `{environment}` and `{version}`.
    """

    name: str
    delivers: tuple[str, ...]
    reads_back: tuple[str, ...] = ()
    rolls_back: tuple[str, ...] = ()
    timeout: timedelta = timedelta(seconds=30)

    @property
    def abilities(self) -> Abilities:
        return Abilities(reads_back=bool(self.reads_back), rolls_back=bool(self.rolls_back))

    def place(self, key: Key) -> str:
        return " ".join(_words(tuple(word for word in self.delivers if "{version}" not in word), key))

    def rehearse(self, key: Key) -> None:
        for words in filter(None, (self.delivers, self.reads_back, self.rolls_back)):
            program = _words(words, key, 1)[0]
            if shutil.which(program) is None:
                raise Refused(
                    f"target {self.name}: {program!r} cannot be started", "check its name and that it may run"
                )

    def deliver(self, key: Key, version: int, secret: Secret) -> None:
        try:
            pipe_to_command(_words(self.delivers, key, version), secret, self.timeout.total_seconds())
        except Invalid as error:
            raise Refused(f"target {self.name}: {error.message}", error.hint) from None
        except Refused as error:  # it may have stored the secret, and failed after that
            raise OutcomeUnknown(f"target {self.name}: {error.message}", "see whether it took the secret") from None

    def read_back(self, key: Key) -> Secret | None:
        try:
            printed = printed_by(_words(self.reads_back, key), self.timeout.total_seconds())
            text = printed.decode().removesuffix("\n").removesuffix("\r")
        except (Refused, Invalid) as error:
            raise Refused(f"target {self.name}: {error.message}", error.hint) from None
        except UnicodeDecodeError:
            text = ""
        if len(printed) > MOST_BYTES or (printed.strip() and not text):
            raise Refused(f"target {self.name}: what it prints is no secret", "print the secret and nothing else")
        return Secret(text) if text else None

    def roll_back(self, key: Key, version: int) -> None:
        if not self.rolls_back:
            raise Refused(f"target {self.name} cannot put back what it held before", 'add roll_back = ["…"]')
        pipe_text_to_command(_words(self.rolls_back, key, version), "", self.timeout.total_seconds())


def command_target(name: str, fields: Fields, _resolve: Resolve) -> CommandTarget:
    """`[targets.NAME] kind = "command"`."""
    fields.only(("kind", "command", "read_back", "roll_back", "timeout"), "a command target")
    delivers = fields.texts("command")
    if not delivers:
        raise fields.wrong("command", "is missing", 'as in command = ["store-secret", "--name", "{name}"]')
    timeout = fields.duration("timeout", "30s")
    if timeout > _LONGEST:
        raise fields.wrong("timeout", "is longer than 2 minutes", "let the command hand longer work to another")
    return CommandTarget(name, delivers, fields.texts("read_back"), fields.texts("roll_back"), timeout)


def _words(words: Sequence[str], key: Key, version: int | None = None) -> tuple[str, ...]:
    return tuple(filled(word, key, version) for word in words)
