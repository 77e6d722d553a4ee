"""Pages of keys: the filter language, the order, and the flags, as the store answers them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keytui.domain.flags import flags
from keytui.domain.keys import Flag, KeyFacts, KeySummary
from keytui.domain.policy import Policies
from keytui.domain.query import Query, Sort, SortField, parse, parse_sort
from keytui.domain.rotation import Plan, Reason
from keytui.vault.protocol import Vault
from tests.contract.acts import DAY, HOUR, Reporter, created, request, use
from tests.contract.conftest import MAKERS, House
from tests.world import NOON

EVERYTHING = 10_000
_numbers = count(1)


def names(vault: Vault, query: str, sort: str = "name") -> list[str]:
    return [row.key.name for row in vault.page(parse(query), parse_sort(sort), 0, EVERYTHING).rows]


@pytest.fixture(scope="module", params=list(MAKERS))
def fleet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Five keys that differ, in a vault of each kind: for questions only, so that they are made once."""
    for house in MAKERS[request.param](tmp_path_factory.mktemp("fleet") / "vault"):
        _fill(house)
        yield house


def _fill(house: House) -> None:
    vault, clock = house.vault, house.clock
    checkout = created(vault, "checkout-api", owner="payments", scopes=("bookings:read", "Admin"), apps=("web",))
    clock.advance(10 * DAY)
    created(vault, "partner_export", "staging", owner="data", tenant="acme", expires_at=clock() + 5 * DAY)
    created(vault, "legacy%crm", "development", scopes=("*",))
    gone = created(vault, "gone", owner="data")
    disabled = created(vault, "paused", owner="Übungs-Payments-Ops")
    vault.revoke(gone.key.id, None, Reason.LEAVER, "")
    vault.disable(disabled.key.id, "")
    Reporter(house.sink).flush(clock(), use(checkout.key.id, 1, clock()))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["checkout-api", "legacy%crm", "partner_export", "paused"]),
        ("CHECK", ["checkout-api"]),
        ("payments", ["checkout-api", "paused"]),
        ("pay api", ["checkout-api"]),
        ("übung", ["paused"]),
        ("owner:ÜBUNGS-payments-ops", ["paused"]),
        ("%", ["legacy%crm"]),
        ("_", ["partner_export"]),
        ('"\'; DROP TABLE keys; --"', []),
        ("env:production", ["checkout-api", "paused"]),
        ("env:PRODUCTION", ["checkout-api", "paused"]),
        ("env:prod", []),
        ("-env:production", ["legacy%crm", "partner_export"]),
        ("owner:payments", ["checkout-api"]),
        ("tenant:acme", ["partner_export"]),
        ("-tenant:acme -env:development", ["checkout-api", "paused"]),
        ("scope:bookings:read", ["checkout-api"]),
        ("scope:admin", ["checkout-api"]),
        ("scope:bookings", []),
        ("app:web", ["checkout-api"]),
        ("kind:api-key issuer:builtin", ["checkout-api", "legacy%crm", "partner_export", "paused"]),
        ("kind:token", []),
        ("state:revoked", ["gone"]),
        ("state:disabled", ["paused"]),
        ("-state:revoked -state:active", ["paused"]),
        ("flag:unowned", ["legacy%crm"]),
        ("flag:broad", ["legacy%crm"]),
        ("flag:never-used", ["legacy%crm", "partner_export", "paused"]),
        ("flag:expiring", ["partner_export"]),
        ("expires:<14d", ["partner_export"]),
        ("expires:>14d", ["checkout-api", "legacy%crm", "paused"]),
        ("unused:>1d", ["legacy%crm", "partner_export", "paused"]),
        ("unused:<1d", ["checkout-api"]),
        ("age:>5d", ["checkout-api"]),
        ("age:<5d", ["legacy%crm", "partner_export", "paused"]),
    ],
)
def test_a_query_finds_what_it_says(fleet: House, query: str, expected: list[str]) -> None:
    assert names(fleet.vault, query) == expected


@pytest.mark.parametrize("most", [500, 2])
def test_a_value_that_no_key_has_is_told_with_what_is_near(
    fleet: House, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("keytui.vault.local.keys.values._MOST", most)

    def said(words: str) -> list[str]:
        return [value.in_words() for value in fleet.vault.no_such_values(parse(words))]

    assert said("checkout env:prod") == ["no key has env:prod; did you mean env:production?"]
    assert said("-env:prod issuer:bultin") == [
        "no key has env:prod; did you mean env:production?",
        "no key has issuer:bultin; did you mean issuer:builtin?",
    ]
    assert said("tenant:acne") == ["no key has tenant:acne; did you mean tenant:acme?"]
    assert said("scope:bookings:raed") == ["no key has scope:bookings:raed; did you mean scope:bookings:read?"]
    assert said("app:mobile") == ["no key has app:mobile; keys have app:web"]
    assert said("env:STAGING owner:ÜBUNGS-payments-ops tenant:acme -scope:admin app:web issuer:builtin") == []
    assert said("check -kind:token flag:due unused:>1d") == []


def test_a_prefix_is_searched_from_its_beginning(fleet: House) -> None:
    prefix = fleet.vault.find("paused")
    shown = fleet.vault.detail(prefix.id).summary.version.prefix
    assert shown is not None

    assert names(fleet.vault, shown[:8]) == ["paused"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("name", ["checkout-api", "legacy%crm", "partner_export", "paused"]),
        ("-name", ["paused", "partner_export", "legacy%crm", "checkout-api"]),
        ("env", ["legacy%crm", "checkout-api", "paused", "partner_export"]),
        ("last-used", ["legacy%crm", "partner_export", "paused", "checkout-api"]),
        ("expires", ["partner_export", "checkout-api", "legacy%crm", "paused"]),
        ("created", ["checkout-api", "legacy%crm", "partner_export", "paused"]),
        ("age", ["legacy%crm", "partner_export", "paused", "checkout-api"]),
        ("-age", ["checkout-api", "legacy%crm", "partner_export", "paused"]),
        ("-created", ["legacy%crm", "partner_export", "paused", "checkout-api"]),
        ("-last-used", ["checkout-api", "legacy%crm", "partner_export", "paused"]),
        ("-expires", ["checkout-api", "legacy%crm", "paused", "partner_export"]),
        ("owner", ["legacy%crm", "partner_export", "checkout-api", "paused"]),
    ],
)
def test_an_order_is_what_it_says(fleet: House, sort: str, expected: list[str]) -> None:
    assert names(fleet.vault, "", sort) == expected


@pytest.mark.parametrize("field", list(SortField))
@pytest.mark.parametrize("descending", [False, True])
def test_pages_tile_the_whole_without_gap_or_overlap(fleet: House, field: SortField, descending: bool) -> None:
    sort = Sort(field, descending)
    whole = [row.key.id for row in fleet.vault.page(Query(), sort, 0, EVERYTHING).rows]

    tiles = [fleet.vault.page(Query(), sort, offset, 2) for offset in (0, 2, 4)]

    assert [row.key.id for tile in tiles for row in tile.rows] == whole
    assert {tile.total for tile in tiles} == {4}


def test_a_row_carries_its_recent_activity(house: House) -> None:
    vault, clock = house.vault, house.clock
    key_id = created(vault).key.id
    clock.advance(30 * HOUR)
    reporter = Reporter(house.sink)
    reporter.flush(clock(), use(key_id, 1, clock() - 25 * HOUR, accepted=9))
    reporter.flush(clock(), use(key_id, 1, clock() - timedelta(minutes=1), accepted=3))

    row = vault.page(parse(""), Sort(), 0, 1).rows[0]

    assert sum(row.activity) == 3
    assert row.activity[-1] == 3


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    environment=st.sampled_from(["production", "development", "staging"]),
    age=st.integers(0, 400).map(lambda days: days * DAY),
    used=st.none() | st.integers(0, 400).map(lambda days: days * DAY),
    expires=st.none() | st.integers(1, 500).map(lambda days: days * DAY),
    scopes=st.lists(st.sampled_from(["a", "*", "admin", "Admin", "full_access", "adminx"]), unique=True).map(tuple),
    owner=st.sampled_from(["", "payments"]),
    rotating=st.sampled_from([None, Plan(), Plan(reason=Reason.COMPROMISE)]),
)
def test_the_stores_flags_are_the_domains(
    *,
    standing_house: House,
    environment: str,
    age: timedelta,
    used: timedelta | None,
    expires: timedelta | None,
    scopes: tuple[str, ...],
    owner: str,
    rotating: Plan | None,
) -> None:
    vault, clock = standing_house.vault, standing_house.clock
    clock.now = NOON
    expires_at = None if expires is None else clock() + expires
    name = f"key-{next(_numbers)}"
    key_id = created(vault, name, environment, scopes=scopes, owner=owner, expires_at=expires_at).key.id
    if rotating is not None:
        vault.plan(key_id, rotating, request())
    last_used = None if used is None or used > age else clock() + age - used
    if last_used is not None:
        Reporter(standing_house.sink).flush(last_used, use(key_id, 1, last_used))
    clock.advance(age)

    row = _row(vault, name)

    facts = KeyFacts(row.key, row.version.created_at, last_used, rotating=rotating is not None)
    expected = set(flags(facts, Policies().of(environment), clock()))
    assert set(row.flags) == expected
    assert {flag for flag in Flag if _has(vault, name, flag)} == expected


def _row(vault: Vault, name: str) -> KeySummary:
    rows = vault.page(parse(name), Sort(), 0, EVERYTHING).rows
    return next(row for row in rows if row.key.name == name)


def _has(vault: Vault, name: str, flag: Flag) -> bool:
    return name in names(vault, f"{name} flag:{flag}")


def test_a_revoked_key_has_no_flags(house: House) -> None:
    key_id = created(house.vault).key.id
    house.vault.revoke(key_id, None, Reason.COMPROMISE, "")

    assert house.vault.detail(key_id).summary.flags == ()
    assert all(names(house.vault, f"state:revoked flag:{flag}") == [] for flag in Flag)
