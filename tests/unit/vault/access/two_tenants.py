"""A team's vault with one tenant in it, or with two that look alike: the same names, the same traffic."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Final

from keytui.domain.access import Operation, Principal, Role
from keytui.domain.audit import Actor
from keytui.domain.automation import Selection
from keytui.domain.errors import ApprovalNeeded
from keytui.domain.incidents import IncidentDraft
from keytui.domain.keys import KeyDraft, Kind
from keytui.domain.operators import OperatorDraft
from keytui.domain.reports import Leak, Report, SourceKind
from keytui.domain.rotation import Plan
from keytui.domain.secrets import Secret
from keytui.domain.usage import NO_KEY, Caller, Flush, RouteUse, Use
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.sealing.keyring import Cost
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.world import NOON, StoppedClock, repeatable_randomness

CHEAP = Cost(memory_kib=64, iterations=1, lanes=1)
PASSPHRASE = Secret("a passphrase of the team")


@dataclass(frozen=True, slots=True)
class Tenant:
    """What one tenant has, by what it is called in the vault."""

    name: str
    admin: Principal
    key_id: str
    """Has an open rotation that was handed over."""
    secret: Secret
    """Of its first version."""
    sensitive_id: str
    kept_id: str
    rotation_id: int
    approval_id: int
    incident_id: int
    alert_id: int = 0


NOTHING: Final = Tenant(
    "none",
    Principal(Actor("nobody"), Role.STAFF, "none"),
    "k" * 16,
    Secret("tk_none"),
    "k" * 16,
    "k" * 16,
    rotation_id=404,
    approval_id=404,
    incident_id=404,
    alert_id=404,
)
"""What is not in any vault."""


class TeamVault:
    """The vault as its owner has it, and its tenants."""

    def __init__(self, directory: Path, *names: str, database: str = "") -> None:
        self.clock = StoppedClock()
        self._numbers = count(1)
        self._flushes = count(1)
        profile = Profile("team", directory, Actor("root", "server"), database=database)
        self.owner = LocalVault.open(profile, self.clock, repeatable_randomness(), cost=CHEAP)
        self.feed = LocalFeed.open(profile, self.clock, silent_for=timedelta(hours=1))
        self.owner.set_passphrase(PASSPHRASE)
        self.tenants = {name: self._settled(name) for name in names}
        self._let_traffic_come()
        self.owner.tend()
        self.tenants = {name: self._with_alert(tenant) for name, tenant in self.tenants.items()}

    def close(self) -> None:
        self.feed.close()
        self.owner.close()

    def as_(self, principal: Principal) -> LocalVault:
        """The vault as somebody else has it, the seal open."""
        vault = self.owner.acting_as(principal)
        if principal.may(Operation.REVEAL):
            vault.unlock(PASSPHRASE)
        return vault

    def principal(self, name: str, role: Role, tenant: str | None = None) -> Principal:
        """A new operator who is let in from an address."""
        made = self.owner.add_operator(OperatorDraft(name, role, tenant))
        principal = self.owner.authenticate(made.token, "10.0.0.7")
        assert principal is not None
        return principal

    def request(self) -> str:
        return f"request-{next(self._numbers)}"

    def flush(self, *uses: Use, routes: tuple[RouteUse, ...] = ()) -> None:
        """Through the one recorder."""
        self.feed.record(Flush("r1", next(self._flushes), NOON, uses, routes=routes))

    def _settled(self, name: str) -> Tenant:
        admin = self.principal("ada", Role.TENANT_ADMIN, name)
        self.principal("eve", Role.STAFF, name)
        vault = self.as_(admin)
        draft = KeyDraft("checkout", "production", owner="payments", apps=("web",), targets=("env",))
        issued = vault.create(draft, self.request())
        rotation = vault.plan(issued.key.id, Plan(), self.request())
        vault.prove(rotation.id, vault.issue(rotation.id).secret)
        sensitive = self.owner.create(KeyDraft("vip", "production", tenant=name, sensitive=True), self.request())
        approval = 0
        try:
            vault.plan(sensitive.key.id, Plan(), self.request())
        except ApprovalNeeded as needed:
            approval = needed.approval_id
        kept = vault.seal(KeyDraft("mailer", "production", Kind.TOKEN), Secret(f"sg_{name}_0123456789abcdefghij"))
        vault.enable_auto_rotation(Selection(issued.key.id), timedelta(days=90))
        vault.revoke_operator("eve", "left")
        incident = vault.open_incident(IncidentDraft("it leaked", (issued.key.id,)))
        vault.note_incident(incident.id, "looked into it")
        return Tenant(
            name,
            admin,
            issued.key.id,
            issued.secret,
            sensitive.key.id,
            kept.id,
            rotation.id,
            approval,
            incident.id,
        )

    def _let_traffic_come(self) -> None:
        """Of all tenants through one recorder, as one service lets the callers of all in; and with secrets of none."""
        self.feed.register("r1", "api-1", "host", 1)
        minute = NOON.replace(second=0)
        uses = [Use(NO_KEY, 0, Caller.undeclared("203.0.113.9"), minute, NOON, NOON, refused=500)]
        routes: list[RouteUse] = []
        for tenant in self.tenants.values():
            caller = Caller.called("web-1", "10.1.1.1")
            uses += [
                Use(tenant.key_id, 1, caller, minute, NOON, NOON, accepted=5, refused=2),
                Use(tenant.key_id, 2, caller, minute, NOON, NOON, accepted=7),
                Use(tenant.sensitive_id, 1, caller, minute, NOON, NOON, accepted=3),
            ]
            routes.append(RouteUse(tenant.key_id, "/pay", minute, accepted=5))
        self.flush(*uses, routes=tuple(routes))
        for tenant in self.tenants.values():
            uses_of = (Use(tenant.key_id, 1, Caller.undeclared("10.1.1.1"), minute, NOON, NOON, accepted=5),)
            self.owner.witness(
                Report(f"log {tenant.name}", SourceKind.ACCESS_LOG, NOON - timedelta(days=1), NOON, uses_of)
            )
            self.owner.witness(leak_of(tenant))

    def _with_alert(self, tenant: Tenant) -> Tenant:
        theirs = [alert for alert in self.owner.alerts() if alert.signal.key_id == tenant.key_id]
        return replace(tenant, alert_id=theirs[0].id)


def leak_of(tenant: Tenant) -> Report:
    leaks = (Leak(tenant.key_id, 1, "a paste", NOON),)
    return Report(f"log {tenant.name}", SourceKind.ACCESS_LOG, NOON - timedelta(days=1), NOON, leaks=leaks)
