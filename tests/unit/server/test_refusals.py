"""What is refused is in the log. A server of its own: of one asker, twenty keys are told apart and no more."""

from __future__ import annotations

import secrets

import pytest

from keytui.domain.audit import AuditFilter
from keytui.domain.rotation import Plan
from tests.unit.server.team import THEIRS, Team


@pytest.mark.parametrize("path", ["/admin/keys/{key}/disable", "/admin/rotations/{rotation}/abandon"])
def test_what_is_refused_is_in_the_log_with_its_key(team: Team, path: str) -> None:
    key = team.key().key
    rotation = team.vault.plan(key.id, Plan(), secrets.token_hex(8)).id
    asked = path.format(key=key.id, rotation=rotation)
    assert team.ask("staff of a tenant", "POST", asked, {"note": ""}).status_code == 403
    entry = team.vault.audit(AuditFilter(key_id=key.id), 0, 1).entries[0].event
    assert (entry.type, entry.key_name, entry.version) == ("access.refused", key.name, 1)
    assert entry.rotation_id == (rotation if "rotations" in path else None)


def test_the_key_of_another_tenant_is_not_named(team: Team) -> None:
    key = team.key(THEIRS).key
    assert team.ask("staff of a tenant", "POST", f"/admin/keys/{key.id}/disable", {"note": ""}).status_code == 403
    assert all(one.event.type != "access.refused" for one in team.vault.audit(AuditFilter(key_id=key.id), 0, 9).entries)
