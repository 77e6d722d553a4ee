"""Going on behind a place in an order: what follows is what the whole order has there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event

from keytui.domain.audit import Actor
from keytui.domain.keys import KeyDraft, KeyEdit
from keytui.domain.query import Place, Query, Sort, SortField, place_of
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.contract.acts import Reporter, use
from tests.world import NOON, StoppedClock


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


@pytest.mark.parametrize("sort", [Sort(SortField.OWNER), Sort(SortField.OWNER, True), Sort(SortField.CREATED, True)])
def test_a_page_far_down_is_read_from_its_place_on(on_either: Profile, sort: Sort) -> None:
    """Not from the beginning: an index is entered at the place."""
    with closing(LocalVault.open(on_either)) as vault:
        place = Place(NOON if sort.field is SortField.CREATED else "m", "name", "id")
        assert _enters_the_index(_plan(vault, on_either, lambda: vault.page_after(Query(), sort, place, 10)))


def _plan(vault: LocalVault, profile: Profile, ask: Callable[[], object]) -> str:
    """How the database answers what is asked for the rows of a page."""
    plans = list[str]()

    def explain(connection: Connection, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if "ORDER BY" not in statement or "LIMIT" not in statement or statement.startswith("EXPLAIN"):
            return
        if profile.database:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql("SET LOCAL enable_sort = off")
        words = "EXPLAIN" if profile.database else "EXPLAIN QUERY PLAN"
        plans.append("\n".join(str(row) for row in connection.exec_driver_sql(f"{words} {statement}", parameters)))

    engine = vault._ground.database._reader
    event.listen(engine, "before_cursor_execute", explain)
    try:
        ask()
    finally:
        event.remove(engine, "before_cursor_execute", explain)
    assert len(plans) == 1
    return plans[0]


def _enters_the_index(plan: str) -> bool:
    condition = re.search(r"Index Cond: (.*)|USING INDEX ix_keys_\w+ (\(.*)", plan)
    return condition is not None and re.search(r"[<>]", condition[0]) is not None
