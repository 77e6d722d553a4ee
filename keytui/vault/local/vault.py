"""The local vault: SQLModel on SQLite, in a directory of its own."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from threading import Event as Signal
from types import MappingProxyType
from typing import Self

from keytui.clock import Clock, utc_now
from keytui.domain.access import Principal, Role
from keytui.domain.audit import Event
from keytui.domain.errors import Forbidden, Refused, Unreachable
from keytui.domain.policy import Policies
from keytui.domain.retention import Retention
from keytui.domain.secrets import Randomness, Secret
from keytui.issuers.issuer import Issuer
from keytui.vault.guard import WriteGuard
from keytui.vault.local.access.admitting import Admitting
from keytui.vault.local.access.approving import Approving
from keytui.vault.local.access.operating import Operating
from keytui.vault.local.access.refusals import Concerning
from keytui.vault.local.access.refused_uses import RefusedUses
from keytui.vault.local.alerts.alerting import Alerting
from keytui.vault.local.alerts.notifying import Notifying
from keytui.vault.local.answers import Repeatable
from keytui.vault.local.asking import Asking
from keytui.vault.local.auditing import Auditing
from keytui.vault.local.backup.creating import BackingUp
from keytui.vault.local.backup.reconciling import Reconciling
from keytui.vault.local.backup.state import refuse_unreconciled
from keytui.vault.local.database.opening import open_database
from keytui.vault.local.evidence.witnessing import Witnessing
from keytui.vault.local.files import kept_key
from keytui.vault.local.hosting import Hosting
from keytui.vault.local.incidents.responding import Responding
from keytui.vault.local.issuing.syncing import Syncing
from keytui.vault.local.key_files import PEPPER_FILE, refuse_lost, require_key_files
from keytui.vault.local.keys.adding import Adding
from keytui.vault.local.keys.adopting import Adopting
from keytui.vault.local.keys.checking import Checking
from keytui.vault.local.keys.creating import Creating
from keytui.vault.local.keys.keeping import Keeping
from keytui.vault.local.ledger import KEY_FILE, Ledger, position
from keytui.vault.local.log_head import head_of
from keytui.vault.local.reviewing import Reviewing
from keytui.vault.local.rotations.automating import Automating
from keytui.vault.local.rotations.copying import Copying
from keytui.vault.local.rotations.ending import Ending
from keytui.vault.local.rotations.handing_over import HandingOver
from keytui.vault.local.rotations.rotating import Rotating
from keytui.vault.local.rotations.scheduling import Scheduling
from keytui.vault.local.sealing.keyring import Cost, HeldKey
from keytui.vault.local.sealing.sealing import Sealing
from keytui.vault.local.section import Ground, audited, tell_refusals
from keytui.vault.local.usage.forgetting import Forgetting
from keytui.vault.local.usage.history import Histories
from keytui.vault.local.usage.monitoring import Monitoring
from keytui.vault.local.watching import Watching
from keytui.vault.local.webhooks.messaging import Messaging
from keytui.vault.local.webhooks.outbox import Outbox
from keytui.vault.profile import Profile


class LocalVault(
    Asking,
    Auditing,
    Monitoring,
    Checking,
    Scheduling,
    Watching,
    Creating,
    Reconciling,
    Keeping,
    Adopting,
    Adding,
    Syncing,
    Rotating,
    HandingOver,
    Ending,
    Copying,
    Automating,
    Sealing,
    Alerting,
    Notifying,
    Messaging,
    Witnessing,
    Responding,
    Reviewing,
    Forgetting,
    Admitting,
    Operating,
    Approving,
    BackingUp,
    Hosting,
):
    """A vault on this machine. Safe to share between threads; several processes may have it open."""

    @classmethod
    def open(
        cls,
        profile: Profile,
        clock: Clock = utc_now,
        randomness: Randomness = secrets.token_bytes,
        policies: Policies = Policies(),  # noqa: B008  # frozen
        cost: Cost = Cost(),  # noqa: B008  # frozen
        *,
        retention: Retention = Retention(),  # noqa: B008  # frozen
        expected: Mapping[str, Sequence[str]] = MappingProxyType({}),
        targets: Sequence[str] = (),
        issuers: Callable[[], Mapping[str, Issuer]] = lambda: MappingProxyType({}),
        outbox: Outbox = Outbox(),  # noqa: B008  # frozen
    ) -> Self:
        """The profile's vault, made on first use. Unreachable when it cannot be read, or a newer keytui wrote it.

        `expected` are the evidence sources that should speak, by name, and the keys that each should speak of;
        `targets` the names that keys may give as targets, where this machine delivers to any; `issuers` gives those
        that this machine can ask, and is called no sooner than one is needed.
        """
        database = open_database(profile)
        try:
            refuse_lost(database, profile.directory, PEPPER_FILE, KEY_FILE)
            ground = Ground(
                profile=profile,
                principal=Principal(profile.actor, Role.LOCAL),
                database=database,
                ledger=Ledger(profile.directory, randomness),
                guard=WriteGuard(profile, clock),
                pepper=kept_key(profile.directory / PEPPER_FILE, randomness),
                clock=clock,
                randomness=randomness,
                policies=policies,
                retention=retention,
                expected=expected,
                targets=targets,
                issuers=issuers,
                cost=cost,
                held_key=HeldKey(clock),
                refused_uses=RefusedUses(database),
                histories=Histories(),
                closing=Signal(),
                unsigned=Signal(),
                outbox=outbox,
            )
            require_key_files(database, ground.pepper, profile.directory, ground.ledger)
            _begin_log(ground)
        except BaseException:
            database.close()
            raise
        return cls(ground)

    def acting_as(self, principal: Principal) -> Self:
        """The same vault, as somebody else has it: their role, their tenant, their name in the log.

        It shares everything with this one but the seal, which each opens for themselves, and it is not closed.
        """
        ground = self._ground
        return type(self)(replace(ground, principal=principal, held_key=HeldKey(ground.clock)))

    def concerning(self, about: Concerning) -> Self:
        """The same vault, for one request that names something: what is refused of it is in the log with that."""
        return type(self)(replace(self._ground, about=about))

    def repeatable(self, key: Secret, request: bytes, encode: Callable[[object], bytes]) -> Self:
        """The same vault, for one change whose answer may be asked for again with the same random `key`.

        It is not closed. Raises Repeated, with the answer, when `request` was carried out already.
        """
        ground = self._ground
        repeatable = Repeatable.of(key, request, ground.principal, encode)
        with ground.database.reading() as session:
            repeatable.refuse_repeat(session, ground.clock())
        return type(self)(replace(ground, repeatable=repeatable))

    def arm(self, typed_profile: str) -> datetime:
        if self._ground.principal.role is not Role.LOCAL:
            raise Forbidden("a server is not armed from afar: that would arm it for everybody", "arm your own profile")
        until = self._ground.guard.arm(typed_profile)
        with audited(self._ground) as write:
            refuse_unreconciled(write.session, write.beyond)
            write.record(Event("profile.armed", details={"until": until.isoformat(timespec="seconds")}))
        return until

    def present(self, token: Secret) -> None:
        raise Refused("a local vault asks for no token", "whoever owns its files is let in")

    def give_up_waiting(self) -> None:
        """It is about to be closed: no change waits for another process any more, or only for a moment."""
        self._ground.database.give_up_waiting()

    def close(self) -> None:
        ground = self._ground
        ground.closing.set()
        self.give_up_waiting()
        ground.held_key.drop()
        ground.refused_uses.close()
        try:
            tell_refusals(ground, everything=True)
            if ground.unsigned.is_set():
                with suppress(Unreachable):  # what was done is done; the next who writes signs it too
                    self._sign_head()
        finally:
            ground.database.close()

    def _sign_head(self) -> None:
        ground = self._ground
        with ground.database.writing() as session:
            ground.ledger.checkpoint(session, head_of(session), ground.clock())
        ground.unsigned.clear()


def _begin_log(ground: Ground) -> None:
    """A new vault's first entry: from then on every position of the change feed is above 0, which means from now."""
    with ground.database.reading() as session:
        head = head_of(session)
    if head.sequence:
        if ground.profile.database:  # of several servers on one database, each keeps a head of its own
            ground.ledger.begin_with(head)
        return
    with audited(ground) as write:
        if position(write.session) == 0:  # another process may have been first
            write.record(Event("vault.created"))
