"""Going on behind a place in an order: what follows is what the whole order has there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from keytui.domain.audit import Actor
from keytui.domain.keys import KeyDraft, KeyEdit
from keytui.domain.query import Query, Sort, SortField, place_of
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.contract.acts import Reporter, use
from tests.world import StoppedClock


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalVault]:
    """Twelve keys: of two environments and owners, half of them used, a third with an expiry, some at the same time."""
    clock = StoppedClock()
    profile = Profile("test", tmp_path_factory.mktemp("places") / "vault", Actor("ada"))
    with closing(LocalVault.open(profile, clock)) as vault:
        feed = LocalFeed.open(profile, clock)
        reporter = Reporter(feed)
        for number in range(12):
            clock.advance(timedelta(minutes=number % 3))
            draft = KeyDraft(f"key-{number % 4}", f"env-{number // 4}", owner="ab"[number % 2])
            key = vault.create(draft, f"request-{number}").key
            if number % 2:
                reporter.flush(clock(), use(key.id, 1, clock(), "web"))
            if number % 3 == 0:
                vault.edit(key.id, KeyEdit(expires_at=clock() + timedelta(days=1 + number % 2)))
        feed.close()
        yield vault


@pytest.mark.parametrize("field", list(SortField))
@pytest.mark.parametrize("descending", [False, True])
def test_what_follows_a_place_is_the_rest_of_the_order(keys: LocalVault, field: SortField, descending: bool) -> None:
    sort = Sort(field, descending)
    whole = keys.page(Query(), sort, 0, 50).rows
    assert len(whole) == 12
    for number, row in enumerate(whole, 1):
        assert keys.page_after(Query(), sort, place_of(row, sort), 50).rows == whole[number:]
