"""What lives again in a vault that came from a backup, or is an older copy of itself: until somebody has looked at
it, the vault lets nobody in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from keytui.domain.keys import Key, Version
from keytui.domain.operators import Operator


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a vault knows of the backup that it came from, or of the older copy that is in its place."""

    file: str
    at: datetime
    """When it was loaded; of an older copy, when it was looked at first."""
    ends: int
    """The last entry of the backup's log."""
    ended_at: datetime
    ended_hash: str
    reached: int | None
    """The newest entry that a signature shows there was and that the backup lacks; None when it holds all of those."""
    in_place: bool = False
    """Whether it was no backup that was loaded: somebody put an older copy in the vault's place."""


class Decision(StrEnum):
    """What becomes of a secret that the backup would let in."""

    KEEP = "keep"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True)
class LetIn:
    """A key that would be accepted again, with the versions that would be."""

    key: Key
    versions: tuple[Version, ...]
    last_used_at: datetime | None
    rotation_id: int | None


@dataclass(frozen=True, slots=True)
class Undecided:
    """What an operator has to look at before the vault lets anybody in."""

    loaded: Loaded
    keys: tuple[LetIn, ...]
    """By name; the first of them where no more were wanted."""
    key_count: int
    """Of all of them."""
    tokens: tuple[Operator, ...]

    @property
    def count(self) -> int:
        return self.key_count + len(self.tokens)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How a vault was armed: what was decided since it was loaded."""

    kept: int
    revoked: int


@runtime_checkable
class Reconcilable(Protocol):
    """A vault whose files are here."""

    def require_reconciled(self) -> None:
        """Raise Unreconciled while the vault waits for a look at what a backup brought back."""
        ...

    def head_says_nothing(self) -> bool:
        """Whether the kept head of the log is damaged, so that an older copy would not be told from this vault."""
        ...

    def undecided(self, limit: int | None = None) -> Undecided:
        """What would be accepted again and was not decided yet, with up to `limit` keys by name.

        Refused unless the vault waits for that.
        """
        ...

    def let_in(self) -> Iterator[LetIn]:
        """Every key that was not decided yet, by name, read as it is asked for. Refused as `undecided` is."""
        ...

    def decide(self, decision: Decision, references: Sequence[str], note: str) -> None:
        """Keep or revoke keys, by id, name or prefix, and tokens as `token:NAME`. Each is an entry of the log.

        Those before one that is refused are decided.
        """
        ...

    def reconcile(self, rest: Decision | None, note: str) -> Reconciled:
        """Arm the vault: verifiers may open it, and it takes changes. `rest` decides what nobody has decided.

        Refused while something is undecided and `rest` does not say what becomes of it.
        """
        ...
