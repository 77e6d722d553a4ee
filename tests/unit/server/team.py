"""A team's server in this process: its vault, its operators of every role, and whoever asks it."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
from anyio.from_thread import BlockingPortal

from keytui.domain.access import MANAGE_SCOPE, Operation, Principal, Role
from keytui.domain.audit import Actor
from keytui.domain.keys import KeyDraft
from keytui.domain.operators import OperatorDraft
from keytui.domain.secrets import Secret
from keytui.server.app import build
from keytui.vault.local.sealing.keyring import Cost
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Issued
from keytui.vault.profile import Profile
from tests.world import StoppedClock

OURS: Final = "acme"
THEIRS: Final = "globex"
PASSPHRASE: Final = "correct horse battery"
Json = Mapping[str, object]


@dataclass(slots=True)
class Team:
    """`tokens` are by who holds them: a role, and a tenant where it has one."""

    directory: Path
    vault: LocalVault
    clock: StoppedClock
    client: httpx.AsyncClient
    portal: BlockingPortal
    tokens: dict[str, str] = field(default_factory=dict)
    principals: dict[str, Principal] = field(default_factory=dict)

    def ask(
        self,
        who: str | None,
        method: str,
        path: str,
        body: object = None,
        *,
        repeat: str | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """One request; `content` instead of `body` goes out as it is."""
        sent = {} if who is None else {"Authorization": f"Bearer {self.tokens[who]}"}
        if repeat is not None:
            sent["Idempotency-Key"] = repeat
        if body is not None:
            content = json.dumps(body).encode()
        if content is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})

        async def asked() -> httpx.Response:
            return await self.client.request(method, path, content=content, headers=sent)

        return self.portal.call(asked)

    def key(self, tenant: str = OURS, *, sensitive: bool = False) -> Issued:
        """A new key, made beside the server."""
        draft = KeyDraft(f"key-{secrets.token_hex(6)}", "production", tenant=tenant, sensitive=sensitive)
        return self.vault.create(draft, secrets.token_hex(16))

    def entries(self) -> int:
        """How many entries the log has of what was done. Opening the seal does nothing yet."""
        with closing(sqlite3.connect(self.directory / "vault.db")) as database:
            done = "SELECT count(*) FROM audit WHERE NOT refused AND type <> 'seal.unlocked'"
            return int(database.execute(done).fetchone()[0])


def fresh() -> str:
    """A key of 256 random bits."""
    return secrets.token_urlsafe(32)


def opened(directory: Path, clock: StoppedClock) -> LocalVault:
    """The team's vault."""
    cheap = Cost(memory_kib=64, iterations=1, lanes=1)
    return LocalVault.open(Profile("team", directory, Actor("root", "host")), clock, cost=cheap)


def client_of(vault: LocalVault) -> httpx.AsyncClient:
    """Somebody in front of a server over the vault, in this process."""
    transport = httpx.ASGITransport(build(vault), raise_app_exceptions=False, client=("10.0.0.7", 5000))
    return httpx.AsyncClient(transport=transport, base_url="http://team")


def hire(team: Team) -> None:
    """One of every role, within a tenant and beyond where the role allows it. The seal has its passphrase."""
    team.vault.set_passphrase(Secret(PASSPHRASE))
    roles = {
        "super_admin": OperatorDraft("sue", Role.SUPER_ADMIN),
        "tenant_admin": OperatorDraft("tim", Role.TENANT_ADMIN, OURS),
        "staff": OperatorDraft("sam", Role.STAFF),
        "staff of a tenant": OperatorDraft("sal", Role.STAFF, OURS),
        "service": OperatorDraft("svc", Role.SERVICE, scopes=frozenset({Operation.VERIFY})),
    }
    for who, draft in roles.items():
        team.tokens[who] = team.vault.add_operator(draft).token.reveal()
    managing = KeyDraft("manager", "production", tenant=OURS, scopes=(MANAGE_SCOPE,))
    team.tokens["key"] = team.vault.create(managing, "the key that manages").secret.reveal()
    for who, token in team.tokens.items():
        principal = team.vault.authenticate(Secret(token))
        assert principal is not None
        team.principals[who] = principal
