"""References to secrets: where a credential of ours stands, so that no configuration file holds one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from keytui.domain.errors import Invalid
from keytui.domain.secrets import Secret


class Place(StrEnum):
    """What sort of place a reference names."""

    ENV = "env"
    FILE = "file"
    COMMAND = "command"
    KEYRING = "keyring"
    SEALED = "sealed"
    """A value that the vault keeps sealed, by the name of its key."""


FORMS = "env:NAME, file:PATH, command:PROGRAM ARGUMENTS, keyring:NAME or sealed:KEY"
"""How references are written, for hints."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a secret stands; `name` is a variable, a path, a command line, an entry of the keyring or a key."""

    place: Place
    name: str

    def __str__(self) -> str:
        return f"{self.place}:{self.name}"


Resolve = Callable[[Reference], Secret]
"""The secret that a reference stands for, read anew each time."""


def parse_reference(text: str) -> Reference:
    """What a text in one of these forms names. Invalid for anything else, unrepeated: it may be a secret."""
    place, colon, name = text.partition(":")
    if not colon or place not in list(Place):
        raise Invalid(
            "a secret is named and never written down in a configuration",
            f"use {FORMS}; if that was a real secret, replace it: it stood in a file",
        )
    if not name.strip():
        raise Invalid(f"{place}: names nothing", f"write {FORMS}")
    return Reference(Place(place), name.strip())
