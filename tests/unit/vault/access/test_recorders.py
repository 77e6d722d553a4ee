"""A tenant's service knows that tenant's keys alone: what its recorder tells or misses concerns no other tenant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.domain.gaps import GapKind
from keytui.domain.reports import SourceStanding
from keytui.domain.usage import Flush
from tests.unit.vault.access.two_tenants import TeamVault
from tests.world import NOON

IN_9999 = NOON.replace(year=9999)


@pytest.fixture
def team(tmp_path: Path) -> Iterator[TeamVault]:
    made = TeamVault(tmp_path / "vault", "acme", "globex")
    yield made
    made.close()


def test_a_neighbours_recorder_counts_against_nobody_else(team: TeamVault) -> None:
    acme, globex = (team.tenants[name] for name in ("acme", "globex"))
    before = team.owner.verdict(acme.rotation_id)

    _misbehave(team)

    assert team.owner.verdict(acme.rotation_id) == before
    assert team.owner.acting_as(acme.admin).verdict(acme.rotation_id) == before
    reasons = team.owner.verdict(globex.rotation_id).reasons
    named = " ".join(reason.subject for reason in reasons if reason.source == "recorder globex/web")
    assert all(kind in named for kind in (GapKind.DROPPED, GapKind.MISSING_FLUSH, GapKind.CLOCK_SKEW))


def test_a_neighbours_recorder_is_named_to_nobody_else(team: TeamVault) -> None:
    _misbehave(team)
    named = {}
    for tenant in team.tenants.values():
        team.owner.retire(tenant.rotation_id, "anyway")
        vault = team.owner.acting_as(tenant.admin)
        acknowledged = {each.recorder for each in vault.proof(tenant.rotation_id).acknowledgements}
        named[tenant.name] = acknowledged, {source.name for source in vault.sources()}

    assert named["acme"] == ({"api-1"}, {"log acme", "recorder api-1"})
    assert named["globex"] == ({"api-1", "globex/web"}, {"log globex", "recorder api-1", "recorder globex/web"})


def test_a_neighbours_word_of_a_host_puts_nobody_elses_clock_in_doubt(team: TeamVault) -> None:
    _misbehave(team)
    team.feed.register("a1", "acme/web", "host", 3, "acme")
    team.feed.register("w1", "api-1", "host", 4)

    for name in ("recorder acme/web", "recorder api-1"):
        assert GapKind.CLOCK_SKEW not in {gap.kind for gap in _standing(team, name).gaps}


def test_what_a_recorder_of_no_tenant_missed_counts_for_all(team: TeamVault) -> None:
    team.flush()
    team.feed.record(Flush("r1", 99, NOON, dropped=3))

    for tenant in team.tenants.values():
        reasons = team.owner.verdict(tenant.rotation_id).reasons
        assert any(reason.source == "recorder api-1" for reason in reasons if GapKind.DROPPED in reason.subject)


def test_a_clock_elsewhere_is_not_believed_beyond_the_servers(team: TeamVault) -> None:
    """The newest flush tells consoles that there is news: one in 9999 would be the last. That it is wrong shows."""
    team.feed.register("w1", "worker", "elsewhere", 1)
    for number in (1, 2):
        team.clock.advance(timedelta(hours=3))
        team.feed.record(Flush("w1", number, IN_9999), "worker")

    standing = _standing(team, "recorder worker")
    assert standing.as_of <= team.clock() + timedelta(hours=2)
    wrong = [gap for gap in standing.gaps if gap.kind is GapKind.CLOCK_SKEW]
    assert max(gap.end for gap in wrong if gap.end is not None) >= team.clock()


def _misbehave(team: TeamVault) -> None:
    """globex's service loses a flush, drops requests, has a clock of its own, and says it ran where the others do."""
    team.feed.register("g1", "globex/web", "host", 7, "globex")
    team.feed.record(Flush("g1", 5, IN_9999, dropped=9), "globex/web", "globex")


def _standing(team: TeamVault, name: str) -> SourceStanding:
    return next(source for source in team.owner.sources() if source.name == name)
