"""The one Protocol of a place that a key's consumers read its secret from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol, runtime_checkable

from keytui.domain.errors import KeytuiError, Refused
from keytui.domain.keys import Key
from keytui.domain.secrets import Secret

_ANY_TIME: Final = datetime.fromtimestamp(0, UTC)
_PLACEHOLDER: Final = re.compile(r"\{[a-z_]+\}")
_SAFE: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a target can do beside taking a secret."""

    reads_back: bool
    """Whether it tells what it holds: then a delivery is proven, and a secret that we lost is found there again."""
    rolls_back: bool
    """Whether it can put back what it held before."""
    carries_both: bool = False
    """Whether its consumers have the former secret beside the new one until it is settled: see `CarriesBoth`."""
    keeps_former: bool = False
    """Whether it tells what it held before the last delivery, for as long as it keeps that: see `KeepsFormer`."""


class Target(Protocol):
    """A place that secrets are delivered to. Small and synchronous; it raises the errors of `keytui.domain.errors`.

    `OutcomeUnknown` says that nobody knows whether it took the secret; every other error, that it did not.
    """

    @property
    def name(self) -> str:
        """What the configuration and the keys call it."""
        ...

    @property
    def abilities(self) -> Abilities:
        """What it can do."""
        ...

    def place(self, key: Key) -> str:
        """Where exactly this key's secret stands, in words: two keys with one place would overwrite each other."""
        ...

    def rehearse(self, key: Key) -> None:
        """Raise what delivering would meet. Writes nothing."""
        ...

    def deliver(self, key: Key, version: int, secret: Secret) -> None:
        """Put the version's secret there. The same again changes nothing; an older version does not replace a newer."""
        ...

    def read_back(self, key: Key) -> Secret | None:
        """What stands there now; None when nothing does. Only where `abilities` says so."""
        ...

    def roll_back(self, key: Key, version: int) -> None:
        """Put back what stood there before this version. Refused when it cannot, or when another one stands there."""
        ...


@runtime_checkable
class CarriesBoth(Target, Protocol):
    """A target whose consumers can carry two secrets: one whose `abilities` say so has these calls too."""

    def read_previous(self, key: Key) -> Secret | None:
        """The former secret, which stands there beside the new one; None when none does."""
        ...

    def settle(self, key: Key, version: int) -> None:
        """Carry the former secret no longer: its overlap with this version is over. The same again changes nothing.

        Refused, with nothing changed, when another version stands there. From then on there is no way back.
        """
        ...


@runtime_checkable
class KeepsFormer(Target, Protocol):
    """A target that can be asked for what it keeps for the way back: one whose `abilities` say so has this call too."""

    def read_former(self, key: Key) -> Secret | None:
        """What stood there before the last delivery for this key; None when that is not kept, or was nothing."""
        ...


def unknown_placeholder(target: Target) -> str:
    """What stands in braces in the target's place and `filled` knows nothing of, as `{nme}`; "" where nothing does."""
    key = Key("key", "name", "environment", _ANY_TIME)
    try:
        place = target.place(key)
    except KeytuiError:
        return ""
    found = _PLACEHOLDER.search(place)
    return found[0] if found is not None else ""


def filled(template: str, key: Key, version: int | None = None) -> str:
    """A path or word of the configuration with `{id}`, `{name}`, `{environment}` and `{version}` put in.

    Refused when one of them could mean something else there: a slash in a path, a dash at the start of an option.
    """
    for field, value in (
        ("id", key.id),
        ("name", key.name),
        ("environment", key.environment),
        *((("version", str(version)),) if version is not None else ()),
    ):
        placeholder = f"{{{field}}}"
        if placeholder not in template:
            continue
        if value[:1] in (".", "-") or not value or not set(value) <= _SAFE:
            raise Refused(
                f"the key's {field} {value!r} cannot stand in {template!r}",
                "only letters, digits, dot, dash and underscore can: use {id} there",
            )
        template = template.replace(placeholder, value)
    return template
