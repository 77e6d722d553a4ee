"""What every section of a local vault stands on, and the one way to change anything in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Event as Signal
from typing import TypeVar

from sqlmodel import Session

from keytui.clock import Clock
from keytui.domain.access import Operation, Principal, Role
from keytui.domain.audit import Event
from keytui.domain.errors import Forbidden, Unreachable
from keytui.domain.policy import Policies
from keytui.domain.retention import Retention
from keytui.domain.secrets import Randomness, Secret
from keytui.issuers.issuer import Issuer
from keytui.vault.guard import WriteGuard
from keytui.vault.local.access.refusals import NOTHING, Concerning, Refusal, Refusals
from keytui.vault.local.access.refused_uses import RefusedUses
from keytui.vault.local.access.requests import Unapproved, requested
from keytui.vault.local.access.tenancy import bind
from keytui.vault.local.answers import Repeatable
from keytui.vault.local.backup.state import refuse_unreconciled
from keytui.vault.local.database import Database
from keytui.vault.local.entry_tenants import said_of_whom
from keytui.vault.local.issuing.fallbacks import RememberedFallbacks
from keytui.vault.local.issuing.told import Told
from keytui.vault.local.leases import Lease
from keytui.vault.local.ledger import Ledger
from keytui.vault.local.log_head import Head
from keytui.vault.local.sealing.keyring import Cost, HeldKey
from keytui.vault.local.tables import KeyRow, RotationRow
from keytui.vault.local.usage.history import Histories
from keytui.vault.local.webhooks.outbox import Outbox
from keytui.vault.profile import Profile
from keytui.vault.wanted import Wanted


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
    targets: Sequence[str]
    """Names of the targets that this machine delivers to; none when another one does."""
    issuers: Callable[[], Mapping[str, Issuer]]
    """The issuers that this machine can ask, by name. Invalid where the configuration is."""
    cost: Cost
    held_key: HeldKey
    refused_uses: RefusedUses
    histories: Histories
    closing: Signal
    """Set when the vault closes, so that nobody waits for a change any longer."""
    unsigned: Signal
    """Set when this process wrote to the log, so that a clean end signs its head."""
    repeatable: Repeatable | None = None
    """The request that is carried out, when its answer may be asked for again."""
    refusals: Refusals = field(default_factory=Refusals)
    """What is yet to be told of them."""
    about: Concerning = NOTHING
    """What the request names that is carried out."""
    outbox: Outbox = Outbox()  # noqa: RUF009  # frozen
    """Who else is told of what happens."""
    fallbacks: RememberedFallbacks = field(default_factory=RememberedFallbacks)
    lease: Lease | None = None
    """What this vault may change something under only, while one process at a time has it."""
    reconciling: bool = False
    """Whether what is done decides about a backup that was loaded: until that is over, nothing else is done."""


Answer = TypeVar("Answer")


class Write:
    """One mutation: a transaction that is the only writer, its time, its actor, and its audit entries."""

    def __init__(self, session: Session, now: datetime, ground: Ground) -> None:
        self.session = session
        self.now = now
        self.actor = str(ground.principal.actor)
        self.principal = ground.principal
        self.leased = ground.lease is not None
        self.head: Head | None = None
        self.beyond = ground.ledger.kept_beyond(session)
        """The kept head, where the log does not hold it: it stays, and shows it."""
        self.told = Told()
        """What issuers have done for this change already."""
        self._ledger = ground.ledger
        self._repeatable = ground.repeatable
        self._randomness = ground.randomness
        self._outbox = ground.outbox
        self._reference = ""

    def record(self, event: Event, tenant: str | None = None, *, new: Secret | None = None) -> None:
        """Append to the audit log, in this transaction; this is also what moves the change feed and tells webhooks.

        Who may read it follows from its key; of an event without one, from `tenant`, else from who did it. `new` is
        the secret that was just issued, for the webhooks that are configured to have it; it does not go into the log.
        """
        self._append(event, tenant, new)
        self.session.flush()

    def record_all(self, events: Iterable[Event]) -> None:
        """Append several, of keys that the session has, and send them to the database together."""
        for event in events:
            self._append(event, None, None)
        self.session.flush()

    def record_new(self, events: Sequence[tuple[Event, str]]) -> None:
        """Append one event of each of several keys that the session does not hold, with their tenants."""
        if not events:
            return
        self.session.flush()
        self.head = self._ledger.append_all(self.session, self.now, self.actor, events, after=self.head)
        first = self.head.sequence - len(events) + 1
        for sequence, (event, _) in enumerate(events, first):
            self._outbox.post_event(
                self.session, self.now, event, sequence=sequence, new=None, randomness=self._randomness
            )
        self._reference = events[-1][0].key_id

    def _append(self, event: Event, tenant: str | None, new: Secret | None) -> None:
        key = self.session.get(KeyRow, event.key_id) if event.key_id else None
        whose = key.tenant if key is not None else self.principal.tenant if tenant is None else tenant
        told = event if key is not None else said_of_whom(event, whose)
        self.head = self._ledger.append(self.session, self.now, self.actor, told, whose, after=self.head)
        self._outbox.post_event(
            self.session, self.now, event, sequence=self.head.sequence, new=new, randomness=self._randomness
        )
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
    def _reading(self, operation: Operation = Operation.READ, *, wanted: Wanted | None = None) -> Iterator[Session]:
        """A session that sees one moment of the principal's part of the vault, for one who may."""
        self._require(operation)
        with self._ground.database.reading(wanted) as session:
            bind(session, self._ground.principal.tenant)
            yield session

    @contextmanager
    def _writing(self, operation: Operation, told: Told | None = None) -> Iterator[Write]:
        """One transaction that the guard lets pass. A change that records nothing is a fault of ours and is undone.

        What is refused for who asks is in the log too; what takes a second operator's word waits for it from now on.
        """
        ground = self._ground
        self._require(operation)
        try:
            ground.guard.require()
            with audited(ground) as write:
                write.told = told or write.told
                if not ground.reconciling:
                    refuse_unreconciled(write.session, write.beyond)
                if ground.lease is not None:
                    ground.lease.require(write.session, write.now)
                if ground.repeatable is not None:
                    ground.repeatable.refuse_repeat(write.session, write.now)
                yield write
                if write.head is None:
                    raise AssertionError("a change of the vault left no audit entry")
        except Forbidden as refusal:
            self._note_refusal(operation, refusal)
            raise
        except Unapproved as wanted:
            with audited(ground) as write:
                needed = requested(write, wanted)
            raise needed from None

    def _require(self, operation: Operation) -> None:
        try:
            self._ground.principal.require(operation)
        except Forbidden as refusal:
            self._note_refusal(operation, refusal)
            raise

    def _note_refusal(self, operation: Operation, refusal: Forbidden) -> None:
        """Nobody is refused by a role on a vault of their own, and a read-only profile is their own decision."""
        principal = self._ground.principal
        if principal.role is not Role.LOCAL:
            self._ground.refusals.note(Refusal(principal, str(operation), refusal.message, about=self._ground.about))
            tell_refusals(self._ground)


def tell_refusals(ground: Ground, *, everything: bool = False) -> None:
    """Write what is due of the refusals, each in the name of who was refused. What cannot be written is kept."""
    due = ground.refusals.take(ground.clock(), everything=everything)
    for number, refusal in enumerate(due):
        try:
            with audited(replace(ground, principal=refusal.principal)) as write:
                write.record(_on_what_is_there(write.session, refusal))
        except BaseException:
            for kept in due[number:]:
                ground.refusals.note(kept)
            raise


def _on_what_is_there(session: Session, refusal: Refusal) -> Event:
    """With the key that it was about, if there is such a one and the asker may see it: whatever else a client wrote
    where an id belongs does not go into the log.
    """
    about, rotation = refusal.about, None
    if about.rotation_id is not None:
        rotation = session.get(RotationRow, about.rotation_id)
    key = session.get(KeyRow, about.key_id if rotation is None else rotation.key_id)
    if key is None:
        return refusal.event
    number = None if rotation is None else rotation.id
    return replace(refusal.event, key_id=key.id, key_name=key.name, version=key.version, rotation_id=number)


@contextmanager
def audited(ground: Ground) -> Iterator[Write]:
    """One transaction with its audit entries; the log's newest head is kept once they are committed."""
    with ground.database.writing() as session:
        bind(session, ground.principal.tenant)
        write = Write(session, ground.clock(), ground)
        yield write
    if write.head is not None:
        ground.unsigned.set()
        if write.beyond is None:
            with suppress(Unreachable):  # what is done is answered, a secret with it; the next change keeps its head
                ground.ledger.remember(write.head)
