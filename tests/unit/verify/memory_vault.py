"""A vault that lives in memory, as a verifier sees one: what it is asked, and what it is told."""

from __future__ import annotations

import threading
from dataclasses import replace

from keytui.domain.errors import Invalid, Unreachable
from keytui.domain.keys import Key, Version, VersionState
from keytui.domain.secrets import Secret
from keytui.domain.usage import Flush, Use
from keytui.domain.verification import Credential
from keytui.verify.source import CredentialChanges, CredentialSet
from tests.world import NOON

PEPPER = b"pepper"


class MemoryVault:
    """Source and Sink. `reachable` cuts it off; `flushes` are what arrived, each number once.

    A flush with a `refused` number is never taken, and no process while `shut`.
    """

    def __init__(self) -> None:
        self.reachable = True
        self.refused: set[int] = set()
        self.shut = False
        self.flushes: list[Flush] = []
        self.registered: list[tuple[str, str]] = []
        self.closed = False
        self._position = 1
        self._credentials: dict[str, tuple[Credential, ...]] = {}
        self._moved: dict[str, int] = {}
        self._changed = threading.Condition()

    def put(self, key: Key, *versions: tuple[Secret, Version], keyed: bool = False) -> None:
        """A key as it is from now on."""
        with self._changed:
            self._credentials[key.id] = tuple(
                Credential(secret.keyed_digest(PEPPER) if keyed else secret.digest(), keyed, key, version)
                for secret, version in versions
            )
            self._position += 1
            self._moved[key.id] = self._position
            self._changed.notify_all()

    def restore_from_backup(self, position: int) -> None:
        """An older copy takes this vault's place."""
        with self._changed:
            self._position = position
            self._credentials.clear()
            self._changed.notify_all()

    def credentials(self) -> CredentialSet:
        self._require_contact()
        return CredentialSet(self._position, self._all(), PEPPER)

    def credential_changes(self, after: int, timeout: float) -> CredentialChanges:
        with self._changed:
            self._changed.wait_for(lambda: self._position != after or not self.reachable, min(timeout, 0.05))
            self._require_contact()
            moved = tuple(key_id for key_id, position in self._moved.items() if position > after)
            found = tuple(each for key_id in moved for each in self._credentials.get(key_id, ()))
            return CredentialChanges(self._position, moved, found)

    def register(self, recorder: str, name: str, host: str, pid: int) -> None:
        self._require_contact()
        if self.shut:
            raise Invalid("that is no process")
        self.registered.append((recorder, name))

    def record(self, flush: Flush) -> None:
        self._require_contact()
        if flush.sequence in self.refused:
            raise Invalid("that is no flush")
        self.flushes.append(flush)

    def close(self) -> None:
        self.closed = True

    @property
    def uses(self) -> list[Use]:
        return [use for flush in self.flushes for use in flush.uses]

    def _all(self) -> tuple[Credential, ...]:
        return tuple(each for versions in self._credentials.values() for each in versions)

    def _require_contact(self) -> None:
        if not self.reachable:
            raise Unreachable("the vault does not answer")


CHECKOUT = Key("k1", "checkout-api", "production", NOON, scopes=("bookings:read",))
ACTIVE = Version(1, VersionState.ACTIVE, NOON)


def in_state(state: VersionState, number: int = 1) -> Version:
    return replace(ACTIVE, state=state, number=number)
