"""API keys that manage keys: asking the vault itself is a use of theirs, which a verdict must know of."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from keytui.domain.access import MANAGE_SCOPE, Role
from keytui.domain.errors import Forbidden
from keytui.domain.incidents import Closing, IncidentDraft
from keytui.domain.keys import VersionState
from keytui.domain.rotation import First, Plan, Reason, Strategy
from keytui.domain.verdict import Verdict
from keytui.probes.key_probe import Outcome
from keytui.vault.local.vault import LocalVault
from keytui.vault.probed import Probed
from keytui.vault.profile import Profile
from tests.contract.acts import Reporter, created, handed_over
from tests.unit.vault.access.two_tenants import TeamVault
from tests.world import StoppedClock, eventually


def test_the_old_secret_at_the_door_stands_against_safe(team: TeamVault) -> None:
    vault, clock = team.owner, team.clock
    issued = created(vault, "robot", scopes=(MANAGE_SCOPE,), tenant="acme")
    Reporter(team.feed).flush(clock())
    robot = vault.authenticate(issued.secret, "10.0.0.9")
    assert robot is not None
    assert (robot.role, robot.tenant) == (Role.KEY, "acme")

    clock.advance(timedelta(hours=1))
    rotation, _ = handed_over(vault, issued.key.id)
    clock.advance(timedelta(minutes=5))
    assert vault.authenticate(issued.secret, "10.0.0.9") is not None

    (use,) = vault.callers(issued.key.id)
    assert (use.caller.address, use.version, use.last_seen) == ("10.0.0.9", 1, clock())
    assert vault.verdict(rotation.id).verdict is Verdict.NOT_SAFE


def test_a_key_sees_to_no_incident_and_no_proof_of_its_own(team: TeamVault) -> None:
    """Once its secret leaked, nobody knows who asks with it."""
    vault = team.owner
    issued = created(vault, "leaked-robot", scopes=(MANAGE_SCOPE,), tenant="acme")
    robot = vault.authenticate(issued.secret, "10.0.0.9")
    assert robot is not None
    thief = vault.acting_as(robot)
    other = created(vault, "beside-it", tenant="acme").key
    about_itself = vault.open_incident(IncidentDraft("leaked", (other.id, issued.key.id))).id
    rotation, _ = handed_over(vault, issued.key.id, Plan(Strategy.EMERGENCY, First.REPLACE, Reason.COMPROMISE))
    probed = Probed("ready", 1, Outcome.REFUSED, Outcome.REFUSED, "401", timedelta())

    for act in (
        lambda: thief.close_incident(about_itself, Closing("a", "b", "c", "d")),
        lambda: thief.note_incident(about_itself, "nothing happened"),
        lambda: thief.note_probed(rotation.id, probed),
    ):
        with pytest.raises(Forbidden):
            act()

    assert thief.note_incident(thief.open_incident(IncidentDraft("leaked", (other.id,))).id, "seen").open
    assert vault.note_probed(rotation.id, probed).id == rotation.id


def test_who_asks_every_second_is_written_once_a_minute(vault: LocalVault, clock: StoppedClock) -> None:
    issued = created(vault, "robot", scopes=(MANAGE_SCOPE,))

    for _ in range(120):
        vault.authenticate(issued.secret, "10.0.0.9")
        clock.advance(timedelta(seconds=1))
    vault.authenticate(issued.secret, "10.0.0.10")

    assert {use.caller.address: use.accepted for use in vault.callers(issued.key.id)} == {
        "10.0.0.9": 2,
        "10.0.0.10": 1,
    }


def test_a_refused_secret_counts_as_refused(vault: LocalVault) -> None:
    issued = created(vault, "robot", scopes=(MANAGE_SCOPE,))
    vault.revoke(issued.key.id, None, Reason.LEAVER, "")

    assert vault.authenticate(issued.secret, "10.0.0.9") is None

    assert vault.detail(issued.key.id).versions[0].state is VersionState.REVOKED
    eventually(lambda: [(use.accepted, use.refused) for use in vault.callers(issued.key.id)] == [(0, 1)])


@pytest.mark.parametrize("refused", ["revoked", "without the scope"])
def test_a_refusal_takes_no_longer_for_a_secret_that_is_known(
    vault: LocalVault, profile: Profile, refused: str
) -> None:
    """It waits for no writer: how long it took would tell that the secret was right once."""
    issued = created(vault, "robot", scopes=(MANAGE_SCOPE,) if refused == "revoked" else ())
    if refused == "revoked":
        vault.revoke(issued.key.id, None, Reason.LEAVER, "")

    with closing(sqlite3.connect(profile.directory / "vault.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(3):
            assert vault.authenticate(issued.secret, "10.0.0.9") is None
        assert not vault.callers(issued.key.id)

    eventually(lambda: [use.refused for use in vault.callers(issued.key.id)] == [1])


def test_what_was_refused_last_is_written_before_the_vault_closes(profile: Profile) -> None:
    vault = LocalVault.open(profile)
    issued = created(vault, "robot")
    assert vault.authenticate(issued.secret, "10.0.0.9") is None
    vault.close()

    with closing(LocalVault.open(profile)) as again:
        assert [use.refused for use in again.callers(issued.key.id)] == [1]


@pytest.mark.parametrize("scopes", [(), ("*",), ("keys:read",)])
def test_without_the_scope_it_is_nobody(vault: LocalVault, scopes: tuple[str, ...]) -> None:
    issued = created(vault, scopes=scopes)

    assert vault.authenticate(issued.secret, "10.0.0.9") is None


def test_a_disabled_key_is_nobody_until_it_is_enabled(vault: LocalVault) -> None:
    issued = created(vault, "robot", scopes=(MANAGE_SCOPE,))

    vault.disable(issued.key.id, "")
    assert vault.authenticate(issued.secret) is None
    vault.enable(issued.key.id, "")
    assert vault.authenticate(issued.secret) is not None
