"""What any target's table may say beside the fields of its kind: whom it is for, and what has to run afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from keytui.command import pipe_text_to_command
from keytui.domain.errors import Invalid, OutcomeUnknown, Refused
from keytui.domain.fields import Fields
from keytui.domain.keys import Key
from keytui.domain.secrets import Secret
from keytui.targets.target import Abilities, CarriesBoth, KeepsFormer, Target, filled

OPTIONS: Final = ("environments", "after", "after_timeout")
_LONGEST: Final = timedelta(minutes=2)
"""With the longest delivery before it, well within the lease that a run of auto-rotation holds."""


class NotFollowed(OutcomeUnknown):
    """The target holds what it was to hold, and the command after that failed: its consumers may not have read it.

    To deliver or to roll back again changes nothing in the target, and runs the command again.
    """


@dataclass(frozen=True, slots=True)
class After:
    """A command that makes consumers read what was delivered: a restart, a reload. It is told no secret."""

    words: tuple[str, ...]
    """May hold `{id}`, `{name}`, `{environment}` and `{version}`."""
    timeout: timedelta

    def rehearse(self, key: Key) -> None:
        """Refused when its program is not there."""
        program = self._filled(key, 1)[0]
        if shutil.which(program) is None:
            raise Refused(f"{program!r} cannot be started", "check its name and that it may run")

    def run(self, key: Key, version: int) -> None:
        """Refused or Invalid when it does not end well, or in time. What it prints is thrown away."""
        pipe_text_to_command(self._filled(key, version), "", self.timeout.total_seconds())

    def _filled(self, key: Key, version: int) -> tuple[str, ...]:
        return tuple(filled(word, key, version) for word in self.words)


@dataclass(frozen=True, slots=True)
class ConfiguredTarget:
    """A target that is for some environments only, or followed by a command, or both."""

    target: Target
    environments: tuple[str, ...] = ()
    """Whose keys it takes; all when empty."""
    after: After | None = None

    @property
    def name(self) -> str:
        return self.target.name

    @property
    def abilities(self) -> Abilities:
        return self.target.abilities

    def place(self, key: Key) -> str:
        return self.target.place(key)

    def rehearse(self, key: Key) -> None:
        self._refuse_others(key)
        self.target.rehearse(key)
        if self.after is not None:
            try:
                self.after.rehearse(key)
            except Refused as error:
                raise Refused(f"target {self.name}, after a delivery: {error.message}", error.hint) from None

    def deliver(self, key: Key, version: int, secret: Secret) -> None:
        self._refuse_others(key)
        self.target.deliver(key, version, secret)
        self._follow(key, version, f"holds v{version}")

    def read_back(self, key: Key) -> Secret | None:
        return self.target.read_back(key)

    def roll_back(self, key: Key, version: int) -> None:
        """Also for an environment that it is no longer for: what it has taken it has to give up again."""
        self.target.roll_back(key, version)
        self._follow(key, version, f"holds again what it held before v{version}")

    def read_previous(self, key: Key) -> Secret | None:
        return self._carrying.read_previous(key)

    def settle(self, key: Key, version: int) -> None:
        self._carrying.settle(key, version)
        self._follow(key, version, f"carries v{version} alone")

    def read_former(self, key: Key) -> Secret | None:
        if not isinstance(self.target, KeepsFormer):
            raise Refused(f"target {self.name} tells nothing of what it held before", "look there")
        return self.target.read_former(key)

    @property
    def _carrying(self) -> CarriesBoth:
        if not isinstance(self.target, CarriesBoth):
            raise Refused(f"target {self.name} carries no former secret", "there is nothing to settle")
        return self.target

    def _refuse_others(self, key: Key) -> None:
        if self.environments and key.environment not in self.environments:
            raise Refused(
                f"target {self.name} is for {', '.join(self.environments)}, and {key.name} is a key of"
                f" {key.environment}",
                f"give the key a target that is for {key.environment}; which a target is for, its environments say",
            )

    def _follow(self, key: Key, version: int, stands: str) -> None:
        if self.after is None:
            return
        try:
            self.after.run(key, version)
        except (Refused, Invalid) as error:
            raise NotFollowed(
                f"target {self.name} {stands}, and its consumers may not know: {error.message}",
                "run it by hand and see what it says; to do the same again runs it again",
            ) from None


def fields_of_kind(entry: Mapping[str, object]) -> Mapping[str, object]:
    """What a target's table says to its kind."""
    return {name: value for name, value in entry.items() if name not in OPTIONS}


def configured(target: Target, fields: Fields) -> Target:
    """The target with the options of its table; itself when there are none. Invalid names table and field."""
    environments, after = fields.texts("environments"), _after(fields)
    if fields.has("environments") and not environments:
        raise fields.wrong("environments", "is empty, and it could take nothing", 'as in environments = ["production"]')
    return ConfiguredTarget(target, environments, after) if environments or after else target


def _after(fields: Fields) -> After | None:
    words, timeout = fields.texts("after"), fields.duration("after_timeout", "30s")
    if not words and (fields.has("after") or fields.has("after_timeout")):
        raise fields.wrong("after", "names no command", 'as in after = ["systemctl", "restart", "checkout"]')
    if timeout > _LONGEST:
        raise fields.wrong("after_timeout", "is longer than 2 minutes", "let the command hand longer work to another")
    return After(words, timeout) if words else None
