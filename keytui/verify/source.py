"""The two seams between a verifier and a vault: where credentials come from, and where usage goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from keytui.domain.usage import Flush
from keytui.domain.verification import Credential


@dataclass(frozen=True, slots=True)
class CredentialSet:
    """Everything a verifier must know at one position of the change feed. `pepper` keys the weak values' digests."""

    position: int
    credentials: tuple[Credential, ...]
    pepper: bytes


@dataclass(frozen=True, slots=True)
class CredentialChanges:
    """The credentials of every key that changed after a position, whole: a key that is absent here did not change."""

    position: int
    key_ids: tuple[str, ...]
    credentials: tuple[Credential, ...]


class Source(Protocol):
    """Digests and changes."""

    def credentials(self) -> CredentialSet:
        """All of them, once at the start. Unreachable when the vault does not answer."""
        ...

    def credential_changes(self, after: int, timeout: float) -> CredentialChanges:
        """Wait up to `timeout` seconds for a change after `after`; an empty answer with the same position if none.

        A lower position says that an older copy of the vault has taken its place: read everything again.
        """
        ...

    def close(self) -> None:
        """Let go of everything: nothing is asked any more, of the sink neither."""
        ...


class Sink(Protocol):
    """Usage."""

    def register(self, recorder: str, name: str, host: str, pid: int) -> None:
        """A verifier process begins; its id is new and random."""
        ...

    def record(self, flush: Flush) -> None:
        """One flush, in one transaction. A repeated sequence number changes nothing."""
        ...
