"""An issuer's last-used field, as the Reserve platform and Payload give it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
import pytest

from keytui.domain.errors import Invalid, Refused
from keytui.domain.gaps import GapKind
from keytui.domain.reports import SourceKind
from keytui.domain.usage import UNKNOWN_CALLER
from tests.unit.probes.asking import CHECKOUT, NEW, OLD, TOKEN, Asked
from tests.world import NOON

HOUR = timedelta(hours=1)
RESERVE = """
[probes.platform]
kind = "last-used"
url = "https://platform.example.com/v1/admin/api-keys"
items = "/items"
identity = "/id"
used = "/lastUsedAt"
credential = "env:PLATFORM_ADMIN_KEY"
header = "x-api-key"
aliases = { "cmwplv40d0001iy7dq8t8vkz5" = "checkout:1", "dev-local" = "checkout:2" }
"""
PAYLOAD = """
[probes.booking]
kind = "last-used"
url = "https://booking.example.com/api/api-keys?depth=0&limit=0&select[keyPrefix]=true&select[lastUsed]=true"
items = "/docs"
identity = "/keyPrefix"
used = "/lastUsed"
"""


def told(at: datetime | None) -> str | None:
    """A time as JavaScript writes it."""
    return None if at is None else f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


@dataclass
class Platform:
    """The platform's admin API: recorded items, whose last uses a test sets by id."""

    used: dict[str, object] = field(default_factory=dict)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("x-api-key") != TOKEN:
            return httpx.Response(403, json={"error": {"code": "FORBIDDEN", "message": "Admin scope required"}})
        return httpx.Response(200, json={"items": [self._item(name, used) for name, used in self.used.items()]})

    def _item(self, name: str, used: object) -> dict[str, object]:
        item = json.loads(
            '{"tenantId":"tenant-demo","name":"Bootstrap API Key 2","isActive":true,'
            '"createdAt":"2026-11-20T23:23:42.733Z","rateLimitPerMin":60,"burstLimit":30,"monthlyCap":500000,"tokenPreview":null,"scopes":["default"],'
            '"usage":{"allows24h":0,"drops24h":0}}'
        )
        return {**item, "id": name, "lastUsedAt": used}


OLD_ITEM = "cmwplv40d0001iy7dq8t8vkz5"
NEW_ITEM = "dev-local"


@pytest.fixture
def server() -> Platform:
    return Platform({OLD_ITEM: told(NOON - HOUR), NEW_ITEM: None})


@pytest.fixture
def platform(server: Platform) -> Asked:
    return Asked(RESERVE, server)


def test_a_last_use_is_one_use_at_its_time(platform: Asked) -> None:
    (report,) = platform.at(NOON)
    (use,) = report.uses
    assert (use.key_id, use.version, use.accepted, use.caller) == (CHECKOUT, 1, 1, UNKNOWN_CALLER)
    assert use.last_at == NOON - HOUR
    assert report.kind is SourceKind.LAST_USED
    assert (report.since, report.as_of) == (NOON, NOON)
    assert report.attributable
    assert not report.forgeable
    assert not report.gaps


def test_only_a_time_that_moved_is_a_use(platform: Asked, server: Platform) -> None:
    platform.at(NOON)
    platform.at(NOON + HOUR)
    assert platform.accepted(1) == 1
    server.used[OLD_ITEM] = told(NOON + HOUR / 2)
    (report,) = platform.at(NOON + 2 * HOUR)
    assert report.since == NOON
    assert platform.accepted(1) == 2
    assert platform.uses[-1].last_at == NOON + HOUR / 2
    assert not platform.gaps


def test_never_used_is_no_use_and_no_error(platform: Asked, server: Platform) -> None:
    platform.at(NOON)
    assert platform.accepted(2) == 0
    server.used[NEW_ITEM] = told(NOON + HOUR / 2)
    platform.at(NOON + HOUR)
    assert platform.accepted(2) == 1


def test_an_item_that_is_gone_is_a_gap_until_it_is_back(platform: Asked, server: Platform) -> None:
    platform.at(NOON)
    used = server.used.pop(OLD_ITEM)
    platform.at(NOON + HOUR)
    platform.at(NOON + 2 * HOUR)
    assert platform.stretches == [(GapKind.ABSENT_SERIES, NOON, None)]
    server.used[OLD_ITEM] = used
    platform.at(NOON + 3 * HOUR)
    assert platform.stretches == [(GapKind.ABSENT_SERIES, NOON, NOON + 3 * HOUR)]


def test_an_item_of_a_version_that_ended_may_go(platform: Asked, server: Platform) -> None:
    platform.at(NOON)
    del server.used[OLD_ITEM]
    platform.at(NOON + HOUR)
    platform.ended.add((CHECKOUT, 1))
    platform.at(NOON + 2 * HOUR)
    platform.at(NOON + 3 * HOUR)
    assert platform.stretches == [(GapKind.ABSENT_SERIES, NOON, NOON + 2 * HOUR)]


def test_a_covered_version_that_is_not_listed_is_a_gap(platform: Asked, server: Platform) -> None:
    platform.covered = {CHECKOUT: (1, 2)}
    del server.used[NEW_ITEM]
    (report,) = platform.at(NOON)
    assert report.covers == (CHECKOUT,)
    platform.at(NOON + HOUR)
    assert platform.stretches == [(GapKind.ABSENT_SERIES, NOON, None)]
    server.used[NEW_ITEM] = None
    platform.at(NOON + 2 * HOUR)
    assert platform.stretches == [(GapKind.ABSENT_SERIES, NOON, NOON + 2 * HOUR)]


@pytest.mark.parametrize("back_to", [None, told(NOON - 2 * HOUR)])
def test_a_field_that_went_back_began_anew(platform: Asked, server: Platform, back_to: str | None) -> None:
    platform.at(NOON)
    server.used[OLD_ITEM] = back_to
    platform.at(NOON + HOUR)
    assert platform.stretches == [(GapKind.COUNTER_RESET, NOON, NOON + HOUR)]


def test_a_time_ahead_of_ours_is_a_use_now_and_a_gap_up_to_it(platform: Asked, server: Platform) -> None:
    server.used[OLD_ITEM] = told(NOON + HOUR)
    platform.at(NOON)
    assert platform.uses[0].last_at == NOON
    assert platform.stretches == [(GapKind.CLOCK_SKEW, NOON, NOON + HOUR)]


@pytest.mark.parametrize("used", [1795217705, 1795217705000, "2026-11-20T23:35:05Z", "2026-11-21T00:35:05+01:00"])
def test_times_are_read_as_issuers_write_them(platform: Asked, server: Platform, used: object) -> None:
    server.used[OLD_ITEM] = used
    platform.at(datetime.fromisoformat("2026-11-21T12:00:00+00:00"))
    assert platform.uses[0].last_at == datetime.fromisoformat("2026-11-20T23:35:05+00:00")


@pytest.mark.parametrize(
    "used", ["yesterday", "2026-11-20T23:35:05", "0001-01-01T00:00:00+05:00", True, 1e300, {}, OLD.reveal()]
)
def test_what_is_no_time_is_named_by_its_place_and_not_repeated(
    platform: Asked, server: Platform, used: object
) -> None:
    server.used[OLD_ITEM] = used
    with pytest.raises(Invalid, match="last-used platform: what used = '/lastUsedAt' leads to") as error:
        platform.at(NOON)
    assert str(used) not in error.value.message


def test_who_may_not_list_keys_learns_by_which_credential(platform: Asked) -> None:
    platform.toml = RESERVE.replace('header = "x-api-key"\n', "")
    with pytest.raises(Refused, match="env:PLATFORM_ADMIN_KEY"):
        platform.at(NOON)


def test_payloads_keys_are_known_by_their_prefix() -> None:
    docs = [
        {"id": 1, "keyPrefix": OLD.prefix(), "lastUsed": told(NOON - HOUR)},
        {"id": 2, "keyPrefix": NEW.prefix(), "lastUsed": None},
    ]
    answer = {"docs": docs, "totalDocs": 2, "limit": 0, "hasNextPage": False, "nextPage": None}
    booking = Asked(PAYLOAD, lambda request: httpx.Response(200, json=answer))
    booking.at(NOON)
    assert booking.accepted(1) == 1
    assert booking.accepted(2) == 0


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ({"items": {}}, "no list"),
        ({"keys": []}, "no list"),
        ({"items": [{"id": "a"}]}, "used = '/lastUsedAt'"),
        ({"items": [{"lastUsedAt": None}]}, "identity = '/id'"),
    ],
)
def test_a_pointer_that_leads_nowhere_is_named(platform: Asked, answer: object, named: str) -> None:
    platform.handler = lambda request: httpx.Response(200, json=answer)
    with pytest.raises(Invalid, match=named):
        platform.at(NOON)
