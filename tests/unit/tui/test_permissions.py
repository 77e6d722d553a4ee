"""Why an action cannot be done, in words that lead on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from keytui.domain.access import Role
from keytui.domain.audit import Actor
from keytui.tui.connection import Connection
from keytui.vault.profile import Profile
from keytui.vault.standing import SealState, Standing
from tests.world import StoppedClock

STANDING = Standing("prod", "here", "ada", Role.LOCAL, None, True, None, SealState.UNSET, 0, 0)
PROFILE = Profile("prod", Path("here"), Actor("ada"), read_only=True)


def why(action: str, standing: Standing) -> str:
    connection = Connection(PROFILE, StoppedClock())
    connection.opened(standing)
    told = connection.why_forbidden(action)
    return "" if told is None else f"{told.reason}; {told.way_out}"


@pytest.mark.parametrize("action", ["rotate", "create", "write"])
def test_a_vault_that_waits_is_not_said_to_be_armed_with_a_name(action: str) -> None:
    told = why(action, replace(STANDING, unreconciled=True))
    assert ("came from a backup, or is an older copy" in told, "keytui backup reconcile" in told) == (True, True)
    assert ":write" not in told


def test_what_changes_nothing_can_be_done_with_a_vault_that_waits() -> None:
    assert not why("approvals", replace(STANDING, unreconciled=True))


def test_arming_is_offered_for_what_is_read_only_alone() -> None:
    assert not why("write", STANDING)
    assert why("incident", STANDING).startswith("prod is read-only: no way to begin an incident; :write")
