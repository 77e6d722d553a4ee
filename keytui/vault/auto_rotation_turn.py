"""The turn of a run of auto-rotation: the one process that has it, and what it works with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Final, Protocol, Self, runtime_checkable

from keytui.clock import Clock
from keytui.domain.automation import AutoRotation, TurnLost
from keytui.domain.errors import Refused
from keytui.domain.keys import Key
from keytui.probes.key_probe import KeyProbe
from keytui.targets.target import Target
from keytui.vault.deliveries import LONGEST_DELIVERY
from keytui.vault.protocol import Vault

LENGTH: Final = LONGEST_DELIVERY
"""How long a process has its turn without a word."""


@runtime_checkable
class AutomaticVault(Vault, Protocol):
    """What a run asks beside, of the vault itself: behind a server, the server runs."""

    def take_turn(self, holder: str, length: timedelta) -> str:
        """Who runs auto-rotation from now on, for so long: the holder, unless another does already."""
        ...

    def end_turn(self, holder: str) -> None:
        """The next one may begin."""
        ...

    def automatic(self, holder: str) -> Self:
        """The same vault as auto-rotation has it: TurnLost, and no change, once another has the turn."""
        ...

    def due_auto_rotations(self) -> tuple[AutoRotation, ...]:
        """What is to be begun or carried on now; `rotation_id` stays after that rotation has ended."""
        ...

    def auto_rotation(self, key_id: str) -> AutoRotation | None:
        """One key's as it stands now; None when it is not switched on."""
        ...

    def note_auto_rotation(self, done: AutoRotation, why: str) -> None:
        """Keep what a run came to; a new `why` goes into the log."""
        ...


@dataclass
class Turn:
    """`vault` acts as auto-rotation, `targets` are this machine's by name, `probes` those that ask with a key."""

    vault: AutomaticVault
    targets: Mapping[str, Target]
    clock: Clock
    holder: str
    retry_at_once: bool
    probes: Callable[[Key], Sequence[KeyProbe]]

    def keep(self) -> None:
        """Have the turn for some minutes more; TurnLost when another has it."""
        has_it = self.vault.take_turn(self.holder, LENGTH)
        if has_it != self.holder:
            raise TurnLost(has_it)

    def shared_place(self, key: Key, target: Target) -> str:
        """Another key that the target would put in the very same place; "" for none."""
        others = self._places.get((target.name, target.place(key)), ())
        return next((other.name for other in others if other.id != key.id), "")

    @cached_property
    def _places(self) -> Mapping[tuple[str, str], Sequence[Key]]:
        places: dict[tuple[str, str], list[Key]] = defaultdict(list)
        for key in (one.key for one in self.vault.auto_rotations()):
            for target in (self.targets[name] for name in key.targets if name in self.targets):
                with suppress(Refused):  # a name that cannot stand there stands nowhere
                    places[target.name, target.place(key)].append(key)
        return places
