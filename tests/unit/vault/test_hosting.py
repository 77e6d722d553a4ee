"""What the processes of a server ask of their vault, however much there is."""

from __future__ import annotations

from contextlib import closing

from keytui.domain.keys import KeyDraft
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile

MANY = 70_000
"""More than PostgreSQL takes as parameters of one statement."""


def test_the_tenants_of_many_keys_are_told_at_once(on_either: Profile) -> None:
    with closing(LocalVault.open(on_either)) as vault:
        own = {
            vault.create(KeyDraft("checkout", "production", tenant=tenant), f"of {tenant}").key.id: tenant
            for tenant in ("", "blue")
        }
        asked = [f"{number:016d}" for number in range(MANY)]
        assert vault.tenants_of([*own, *asked]) == own
