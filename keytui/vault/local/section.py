"""What every section of a local vault stands on, and the one way to change anything in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Event as Signal
from typing import TypeVar

from sqlmodel import Session

from keytui.clock import Clock
from keytui.domain.access import Operation, Principal
from keytui.domain.audit import Event
from keytui.domain.policy import Policies
from keytui.domain.retention import Retention
from keytui.domain.secrets import Randomness
from keytui.vault.guard import WriteGuard
from keytui.vault.local.answers import Repeatable
from keytui.vault.local.database import Database
from keytui.vault.local.ledger import Head, Ledger
from keytui.vault.local.sealing.keyring import Cost, HeldKey
from keytui.vault.profile import Profile


@dataclass(frozen=True, slots=True)
class Ground:
    """Everything that a vault's sections share."""

    profile: Profile
    principal: Principal
    database: Database
    ledger: Ledger
    guard: WriteGuard
    pepper: bytes
    clock: Clock
    randomness: Randomness
    policies: Policies
    retention: Retention
    expected: Mapping[str, Sequence[str]]
    """Which evidence sources should speak, by name, and of which keys: ids, names or prefixes."""
    cost: Cost
    held_key: HeldKey
    closing: Signal
    """Set when the vault closes, so that nobody waits for a change any longer."""
    unsigned: Signal
    """Set when this process wrote to the log, so that a clean end signs its head."""
    repeatable: Repeatable | None = None
    """The request that is carried out, when its answer may be asked for again."""


Answer = TypeVar("Answer")


class Write:
    """One mutation: a transaction that is the only writer, its time, its actor, and its audit entries."""

    def __init__(self, session: Session, now: datetime, ground: Ground) -> None:
        self.session = session
        self.now = now
        self.actor = str(ground.principal.actor)
        self.head: Head | None = None
        self._ledger = ground.ledger
        self._repeatable = ground.repeatable
        self._randomness = ground.randomness
        self._reference = ""

    def record(self, event: Event) -> None:
        """Append to the audit log, in this transaction; this is also what moves the change feed."""
        self.head = self._ledger.append(self.session, self.now, self.actor, event)
        self._reference = event.key_id if event.rotation_id is None else str(event.rotation_id)

    def answered(self, answer: Answer) -> Answer:
        """What the change answers, after all is recorded; kept in this transaction when it may be asked for again."""
        if self._repeatable is not None:
            self._repeatable.keep(self.session, answer, self._reference, self.now, self._randomness)
        return answer


class Section:
    """A part of the vault: reads by `_reading`, changes by `_writing` and by nothing else."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._policies = ground.policies
        self._clock = ground.clock
        self._randomness = ground.randomness

    @contextmanager
    def _reading(self, operation: Operation = Operation.READ) -> Iterator[Session]:
        """A session that sees one moment of the vault, for a principal who may."""
        self._ground.principal.require(operation)
        with self._ground.database.reading() as session:
            yield session

    @contextmanager
    def _writing(self, operation: Operation) -> Iterator[Write]:
        """One transaction that the guard lets pass. A change that records nothing is a fault of ours and is undone."""
        self._ground.principal.require(operation)
        self._ground.guard.require()
        with audited(self._ground) as write:
            if self._ground.repeatable is not None:
                self._ground.repeatable.refuse_repeat(write.session, write.now)
            yield write
            if write.head is None:
                raise AssertionError("a change of the vault left no audit entry")


@contextmanager
def audited(ground: Ground) -> Iterator[Write]:
    """One transaction with its audit entries; the log's newest head is kept once they are committed."""
    with ground.database.writing() as session:
        write = Write(session, ground.clock(), ground)
        goes_on = ground.ledger.goes_on(session)
        yield write
    if write.head is not None:
        ground.unsigned.set()
        if goes_on:
            ground.ledger.remember(write.head)
