"""All keys of a vault, read in parts: each comes once, whatever the vault is kept in."""

from __future__ import annotations

from contextlib import closing

import pytest

from keytui.domain.keys import KeyDraft
from keytui.vault.local import feed as local_feed
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile

NAMES = ("b", "a", "a", "c", "B", "é")


@pytest.mark.parametrize("at_once", [1, 2, 6, 7])
def test_every_key_comes_once_by_itself_and_of_its_tenant(
    on_either: Profile, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(local_feed, "KEYS_AT_ONCE", at_once)
    with closing(LocalVault.open(on_either)) as vault, closing(LocalFeed.open(on_either)) as feed:
        made = [
            vault.create(
                KeyDraft(name, ("production", "development")[number % 2], tenant=tenant), f"{tenant}{number}"
            ).key
            for tenant in ("", "blue")
            for number, name in enumerate(NAMES)
        ]
        for tenant in (None, "blue", "red"):
            parts = list(feed.credentials_in_parts(tenant))
            told = [key_id for part in parts for key_id in part.key_ids]
            known = [credential.key.id for part in parts for credential in part.credentials]
            own = sorted(key.id for key in made if tenant in (None, key.tenant))

            assert (sorted(told), sorted(known)) == (own, own)
            assert {part.position for part in parts} == {vault.changes(0, 0).position}
