"""Things of a tenant that requests are about."""

from __future__ import annotations

import json
import re
import secrets

import httpx
import pytest

from keytui.domain.errors import ApprovalNeeded
from keytui.domain.incidents import IncidentDraft
from keytui.domain.keys import KeyDraft
from keytui.domain.rotation import Plan
from tests.unit.server.endpoints import ENDPOINTS
from tests.unit.server.team import Team


class Target:
    """Something of a tenant that requests are about."""

    def __init__(self, team: Team, tenant: str, name: str) -> None:
        self._team = team
        self.name = f"name-{secrets.token_hex(6)}"
        self.tenant = tenant
        self.key_id = (
            team.key(tenant).key.id if re.search("key_id|KEY|rotation_id|incident_id", name + body_of(name)) else ""
        )
        self.rotation_id = self._planned() if "{rotation_id}" in name else 0
        self.approval_id = self._requested() if "{approval_id}" in name else 0
        self.incident_id = self._opened() if "{incident_id}" in name else 0

    def ask(self, who: str | None, name: str, *, repeat: str | None = None, **unknown: str) -> httpx.Response:
        """The endpoint's request about this target, or about `unknown` ids instead."""
        endpoint = ENDPOINTS[name]
        method, _, path = name.partition(" ")
        ids = {
            "key_id": self.key_id,
            "rotation_id": str(self.rotation_id),
            "approval_id": str(self.approval_id),
            "incident_id": str(self.incident_id),
            "alert_id": "2000000",
            "user_id": self.name,
            "name": "builtin",
        } | unknown
        path = path.format(**ids) + (f"?{self._filled(endpoint.query, ids)}" if endpoint.query else "")
        content = None if endpoint.body is None else self._filled(json.dumps(endpoint.body), ids).encode()
        return self._team.ask(who, method, path, content=content, repeat=repeat)

    def _filled(self, text: str, ids: dict[str, str]) -> str:
        return text.replace("KEY", ids["key_id"]).replace("NAME", self.name).replace("TENANT", self.tenant)

    def _planned(self) -> int:
        return self._team.vault.plan(self.key_id, Plan(), secrets.token_hex(8)).id

    def _opened(self) -> int:
        return self._team.vault.open_incident(IncidentDraft(self.name, (self.key_id,))).id

    def _requested(self) -> int:
        """What somebody asks for who may not alone."""
        asking = self._team.vault.acting_as(self._team.principals["super_admin"])
        with pytest.raises(ApprovalNeeded) as needed:
            asking.create(KeyDraft(self.name, "production", tenant=self.tenant, sensitive=True), secrets.token_hex(8))
        return needed.value.approval_id


def body_of(name: str) -> str:
    endpoint = ENDPOINTS[name]
    return f"{json.dumps(endpoint.body)} {endpoint.query}"
