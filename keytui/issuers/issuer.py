"""The one Protocol of a system that accepts or refuses a key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, runtime_checkable

from keytui.domain.keys import Key, VersionState
from keytui.domain.secrets import Randomness, Secret

LONGEST_CHANGE: Final = timedelta(minutes=2)
"""What an issuer may take to issue, suspend, restore, revoke or look up one version, however slow its system is."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What an issuer can do, and what it does with a secret."""

    lists: bool
    """Whether it tells which versions it knows."""
    issues: bool
    """Whether it takes a new version."""
    takes_our_value: bool
    """Whether a new version's value is ours: then one whose answer was lost is found again. Otherwise it makes it."""
    overlaps: bool
    """Whether it accepts the old and the new version at once."""
    suspends: bool
    """Whether it can refuse a version, and accept the same again."""
    tells_last_use: bool
    holds_metadata: bool
    """Whether it keeps a label beside a version."""
    keeps_plaintext: bool
    """Whether it keeps the value itself: operators are told so."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How keytui knows a version that an issuer has: never by its value."""

    digest: str
    """SHA-256 of the value, in hex; "" where nobody here ever had it."""
    prefix: str
    """The first 12 characters; "" of a weak one."""
    reference: str = ""
    """What the issuer itself calls it; "" where it has no name but its value."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One version as its issuer tells of it. Text in it is from outside, and harmless."""

    mark: Mark
    label: str
    """What the issuer calls it for people; "" when it does not."""
    state: VersionState
    """`active`, `suspended` (it can come back) or `revoked`."""
    created_at: datetime | None = None
    last_used_at: datetime | None = None
    expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    value: Secret | None = None
    """The value, of an issuer that keeps it and tells it unasked. It goes no further than whoever compares it."""


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What an issuer accepts from now on."""

    listed: Listed
    secret: Secret


class Issuer(Protocol):
    """A system that accepts or refuses keys. Small and synchronous; it raises the errors of `keytui.domain.errors`.

    `OutcomeUnknown` says that nobody knows whether it took effect: look it up by its mark, never do it again unseen.
    Every other error says that nothing was changed. What an issuer cannot do it refuses. A call about one version ends
    within `LONGEST_CHANGE`: whoever was not heard of for longer than that is taken to have died.
    """

    @property
    def name(self) -> str:
        """What the configuration and the keys call it."""
        ...

    @property
    def abilities(self) -> Abilities:
        """What it can do."""
        ...

    def rehearse(self) -> tuple[str, ...]:
        """Raise what changing anything would meet; what an operator should know beforehand. Writes nothing."""
        ...

    def versions(self) -> Iterator[Listed]:
        """Every version that it knows, those that it refuses too where it keeps them."""
        ...

    def look_up(self, mark: Mark) -> Listed | None:
        """The version with this mark; None when it knows none."""
        ...

    def fallbacks(self, mark: Mark) -> tuple[str, ...]:
        """Places that would let this version in even once it is revoked, in words that "would accept it" can follow:
        an environment variable of the service.
        """
        ...

    def new_value(self, randomness: Randomness) -> Secret:
        """A value in its format. Only where it `takes_our_value`."""
        ...

    def issue(self, key: Key, value: Secret | None, like: Mark | None) -> NewVersion:
        """Accept a new version: `value`, which it knows already when this is asked again, or one of its own making.

        `like` is the version whose scopes and label it shall have; None for a key's first. Where only one version is
        accepted at a time it is the one whose place is taken: by its `reference` alone where an answer was lost, and
        nobody knows which value stands there.
        """
        ...

    def suspend(self, mark: Mark) -> None:
        """Refuse a version until `restore`. NotFound when it knows none; the same again changes nothing."""
        ...

    def restore(self, mark: Mark) -> None:
        """Accept a suspended version again."""
        ...

    def revoke(self, mark: Mark) -> None:
        """Refuse a version for good. NotFound when it knows none; the same again changes nothing."""
        ...


@runtime_checkable
class WritesTags(Issuer, Protocol):
    """An issuer that makes its values itself, and keeps a word of ours beside each: what was made for a process that
    never had the answer is found again by it.
    """

    @property
    def writes_tags(self) -> bool:
        """Whether it does, as it is configured."""
        ...

    def issue_tagged(self, key: Key, like: Mark | None, tag: str) -> NewVersion:
        """As `issue`, a version of its own making, and with `tag`: letters and digits that no other version has."""
        ...

    def look_up_tag(self, tag: str) -> Listed | None:
        """The version that was issued with this tag; None when there is none."""
        ...
