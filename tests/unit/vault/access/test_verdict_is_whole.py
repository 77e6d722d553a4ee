"""A verdict is the same whoever asks for it: what a tenant does not see counts against SAFE all the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.domain.reports import Report, SourceKind
from keytui.domain.usage import NO_KEY, Caller, Use
from tests.unit.vault.access.two_tenants import TeamVault
from tests.world import NOON


@pytest.fixture
def team(tmp_path: Path) -> Iterator[TeamVault]:
    made = TeamVault(tmp_path / "vault", "acme")
    yield made
    made.close()


def test_refusals_of_no_key_count_for_a_tenant_too(team: TeamVault) -> None:
    own = team.tenants["acme"]
    vault = team.owner.acting_as(own.admin)
    before = vault.verdict(own.rotation_id)

    team.clock.advance(timedelta(hours=1))
    now = team.clock()
    refused = Use(NO_KEY, 0, Caller.undeclared("10.1.1.1"), now, now, now, refused=900)
    team.owner.witness(Report("gateway", SourceKind.REFUSALS, NOON - timedelta(days=2), now, (refused,)))
    after = vault.verdict(own.rotation_id)

    assert after == team.owner.verdict(own.rotation_id)
    assert "gateway" in {reason.source for reason in after.reasons} - {reason.source for reason in before.reasons}
    assert vault.rotation(own.rotation_id).assessment == after
