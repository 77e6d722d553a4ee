"""Who may do what: one table of roles and operations. Faces ask it what to show; the vault asks it before it acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from keytui.domain.audit import Actor
from keytui.domain.errors import Forbidden

MANAGE_SCOPE: Final = "keys:manage"
"""An API key with this scope may act within its own tenant."""


class Role(StrEnum):
    """What somebody is to a vault."""

    LOCAL = "local"
    """The owner of the vault's files: roles cannot bind whoever can write the database."""
    SUPER_ADMIN = "super_admin"
    """Any key of any tenant, and the operators."""
    TENANT_ADMIN = "tenant_admin"
    """Everything within one tenant."""
    STAFF = "staff"
    """Reads; within one tenant, or everywhere."""
    KEY = "key"
    """An API key with the scope `keys:manage`, within its tenant."""
    SERVICE = "service"
    """A service elsewhere, by its scopes only."""


class Operation(StrEnum):
    """What can be asked of a vault. Each vault method and each endpoint belongs to one of these."""

    READ = "read"
    CREATE = "create"
    EDIT = "edit"
    IMPORT = "import"
    ROTATE = "rotate"
    """Every verb of a rotation."""
    DISABLE = "disable"
    REVOKE = "revoke"
    SEAL = "seal"
    REVEAL = "reveal"
    PASSPHRASE = "passphrase"  # noqa: S105  # the word for it, not one
    """Setting and changing it, and closing the seal for everybody."""
    CHECK = "check"
    """Asking with a secret, as an operator does."""
    ACKNOWLEDGE = "acknowledge"
    RESPOND = "respond"
    """Opening, noting and closing incidents."""
    REVIEW = "review"
    """Signing off what an access review has shown."""
    APPROVE = "approve"
    SCHEDULE = "schedule"
    """Switching auto-rotation on and off."""
    OPERATE = "operate"
    """Making and revoking operators' and services' tokens."""
    SYNC = "sync"
    """Comparing the vault with what an issuer has, and bringing that in."""
    WITNESS = "witness"
    """Reporting evidence: a forged report could make an old version look idle."""
    NOTIFY = "notify"
    """Telling alerts and webhooks, and telling one again."""
    ERASE = "erase"
    VERIFY = "verify"
    """The hot path, for services in any language."""
    REPORT_USAGE = "usage:write"
    """Usage from verifiers elsewhere."""


SERVICE_SCOPES: Final = frozenset({Operation.VERIFY, Operation.REPORT_USAGE})
"""What a service token may be given."""

_WHOLE_VAULT: Final = frozenset(
    {Operation.PASSPHRASE, Operation.SYNC, Operation.WITNESS, Operation.NOTIFY, Operation.ERASE}
)
_WITHIN_A_TENANT: Final = frozenset(Operation) - _WHOLE_VAULT - SERVICE_SCOPES
_BY_A_KEY: Final = _WITHIN_A_TENANT - {
    Operation.REVIEW,
    Operation.APPROVE,
    Operation.OPERATE,
    Operation.SEAL,
    Operation.REVEAL,
}

ALLOWED: Final[Mapping[Role, frozenset[Operation]]] = {
    Role.LOCAL: frozenset(Operation) - SERVICE_SCOPES,
    Role.SUPER_ADMIN: frozenset(Operation) - SERVICE_SCOPES,
    Role.TENANT_ADMIN: _WITHIN_A_TENANT,
    Role.STAFF: frozenset({Operation.READ}),
    Role.KEY: _BY_A_KEY,
    Role.SERVICE: frozenset(),
}
"""The table. A service may what its scopes say, and nothing else."""

GRANTED: Final = (Role.SUPER_ADMIN, Role.TENANT_ADMIN, Role.STAFF, Role.SERVICE)
"""Roles that a token is made with; the other two are who one is already."""

BOUND_TO_A_TENANT: Final = frozenset({Role.TENANT_ADMIN, Role.KEY})
"""Roles that have a tenant always; staff and services may have one."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking, authenticated. `tenant` None is every tenant; "" is the keys without one."""

    actor: Actor
    role: Role
    tenant: str | None = None
    scopes: frozenset[Operation] = frozenset()
    operator_id: str = ""
    """The operator's or service's token; "" for a local owner and for an API key."""
    expires_at: datetime | None = None

    def may(self, operation: Operation) -> bool:
        """Whether the role, or a service's scope, allows it. Which keys it allows it for is the tenant's to say."""
        return operation in ALLOWED[self.role] or operation in self.scopes

    def require(self, operation: Operation) -> None:
        """Raise Forbidden unless it is allowed."""
        if not self.may(operation):
            raise Forbidden(why_not(self.role, operation), "ask somebody whose role allows it")

    def sees(self, tenant: str) -> bool:
        """Whether keys of a tenant are theirs to see."""
        return self.tenant is None or self.tenant == tenant


def why_not(role: Role, operation: Operation) -> str:
    """The reason that a disabled action gives."""
    allowed = [str(one) for one in GRANTED if operation in ALLOWED[one]] or ["a service token of that scope"]
    *others, last = allowed
    needs = f"{', '.join(others)} or {last}" if others else last
    return f"the role {role} may not {_AS_VERB.get(operation, operation)}: it takes {needs}"


_AS_VERB: Final = {
    Operation.PASSPHRASE: "change the passphrase, or lock the vault for everybody",
    Operation.OPERATE: "manage operators",
    Operation.SYNC: "compare the vault with an issuer",
    Operation.WITNESS: "report evidence",
    Operation.REPORT_USAGE: "report usage",
    Operation.CHECK: "ask with a secret",
    Operation.RESPOND: "open, note or close incidents",
    Operation.SCHEDULE: "change the rotation schedule",
}
