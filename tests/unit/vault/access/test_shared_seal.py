"""One passphrase for all tenants: what one does with it leaves the others at work."""

from __future__ import annotations

import pytest

from keytui.domain.access import Role
from keytui.domain.errors import Forbidden, Locked
from keytui.vault.standing import SealState
from tests.unit.vault.access.two_tenants import TeamVault


def test_a_tenants_admin_closes_the_own_console_only(together: TeamVault) -> None:
    acme, globex = together.tenants["acme"], together.tenants["globex"]
    ours, theirs = together.as_(acme.admin), together.as_(globex.admin)
    assert ours.reveal(acme.kept_id)

    with pytest.raises(Forbidden, match="lock the vault for everybody: it takes super_admin"):
        ours.lock()

    assert ours.standing().seal is SealState.LOCKED
    with pytest.raises(Locked):
        ours.reveal(acme.kept_id)
    assert theirs.reveal(globex.kept_id)


def test_a_super_admin_closes_the_seal_for_all(together: TeamVault) -> None:
    globex = together.tenants["globex"]
    theirs = together.as_(globex.admin)

    together.as_(together.principal("sue", Role.SUPER_ADMIN)).lock()

    with pytest.raises(Locked):
        theirs.reveal(globex.kept_id)
