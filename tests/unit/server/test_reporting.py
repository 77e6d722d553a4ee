"""What a recorder elsewhere may tell: whatever it says, the evidence stays right."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from keytui.domain.access import Operation, Role
from keytui.domain.audit import Actor
from keytui.domain.errors import Forbidden, Invalid
from keytui.domain.gaps import GapKind
from keytui.domain.keys import KeyDraft
from keytui.domain.operators import OperatorDraft
from keytui.domain.usage import Caller, Flush, RouteUse, Use
from keytui.server.asgi import Request
from keytui.server.described import PATHS
from keytui.server.reporting import Reporting
from keytui.server.request_log import Noted
from keytui.server.token_book import Holder, TokenBook
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Issued
from keytui.vault.profile import Profile
from keytui.vault.verifier_feed import Registration, UsageReport
from keytui.vault.wire import encode
from keytui.verify.asgi import Message
from tests.world import NOON, StoppedClock

MINUTE = timedelta(minutes=1)
GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "api.md"
IN_2099 = NOON.replace(year=2099)
Report = Callable[[bytes], None]
Reporter = Callable[..., Report]


@pytest.fixture
def feed(vault: LocalVault, tmp_path: Path, clock: StoppedClock) -> Iterator[LocalFeed]:
    feed = LocalFeed.open(Profile("test", tmp_path / "vault", Actor("shop")), clock)
    yield feed
    feed.close()


@pytest.fixture
def issued(vault: LocalVault) -> Issued:
    return vault.create(KeyDraft("checkout-api", "production", tenant="blue"), "create")


@pytest.fixture
def reporter(vault: LocalVault, feed: LocalFeed, clock: StoppedClock) -> Reporter:
    """Makes somebody, of a tenant or of none, who posts reports with a token; the recorder is called r1."""

    def reporter(tenant: str | None = None) -> Report:
        draft = OperatorDraft("shop", Role.SERVICE, tenant, frozenset({Operation.REPORT_USAGE}))
        token = vault.add_operator(draft).token.reveal()
        book = TokenBook(vault, clock)
        report = partial(_posted, Reporting(feed, vault, book), lambda: book.find(token))
        report(encode(UsageReport(register=Registration("r1", "there", 7))))
        return report

    return reporter


def _posted(reporting: Reporting, holder: Callable[[], Holder | None], body: bytes) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def answered() -> None:
        await reporting(Request("POST", "/v1/usage", b"", (), receive, "", holder(), Noted()))

    asyncio.run(answered())


def flushed(*uses: Use, at: datetime = NOON, routes: tuple[RouteUse, ...] = (), recorder: str = "r1") -> bytes:
    return encode(UsageReport(flush=Flush(recorder, 1, at, uses, routes=routes)))


def use(key_id: str, at: datetime, accepted: int = 1) -> Use:
    return Use(key_id, 1, Caller.called("web"), at.replace(second=0, microsecond=0), at, at, accepted)


def gaps(vault: LocalVault) -> dict[GapKind, int]:
    (source,) = (source for source in vault.sources() if source.name.startswith("recorder "))
    return {gap.kind: gap.count for gap in source.gaps}


@pytest.mark.parametrize(
    "at",
    [IN_2099, NOON + timedelta(minutes=2), NOON - timedelta(days=400)],
    ids=["2099", "in two minutes", "a year ago"],
)
def test_a_use_of_a_time_that_cannot_be_is_one_of_now(
    vault: LocalVault, reporter: Reporter, issued: Issued, at: datetime
) -> None:
    """Once in 2099 it would never be older: the key would be used for good, and its caller never gone."""
    report = reporter()
    uses = (use(issued.key.id, at, 2), use(issued.key.id, at + MINUTE, 3))
    routes = (RouteUse(issued.key.id, "/orders", at.replace(second=0), 5),)
    report(flushed(*uses, at=at, routes=routes))

    (caller,) = vault.callers(issued.key.id)
    assert (caller.first_seen, caller.last_seen, caller.accepted) == (NOON, NOON, 5)
    assert vault.detail(issued.key.id).summary.last_used_at == NOON
    assert GapKind.CLOCK_SKEW in gaps(vault)


def test_what_the_guide_shows_is_taken_and_is_what_openapi_shows(
    vault: LocalVault, reporter: Reporter, issued: Issued
) -> None:
    began, told = (json.loads(one) for one in re.findall(r"```json\n(.*?)```", GUIDE.read_text(), re.DOTALL))
    described = json.loads(json.dumps(PATHS["/v1/usage"]["post"]))["requestBody"]["content"]["application/json"]
    assert described["schema"]["example"] == told
    report = reporter()

    report(json.dumps(began).encode())
    report(json.dumps(told).replace(told["flush"]["uses"][0]["key_id"], issued.key.id).encode())

    (caller,) = vault.callers(issued.key.id)
    assert (caller.caller.name, caller.accepted) == ("nightly-report", 12)
    assert GapKind.DROPPED not in gaps(vault)


def test_a_newer_recorder_may_say_more(vault: LocalVault, reporter: Reporter, issued: Issued) -> None:
    told = json.loads(flushed(use(issued.key.id, NOON)))
    told["flush"]["mood"] = "sunny"
    reporter()(json.dumps(told).encode())
    assert vault.callers(issued.key.id)[0].accepted == 1


def test_a_use_that_comes_late_is_counted_when_it_came(vault: LocalVault, reporter: Reporter, issued: Issued) -> None:
    report, two_days_ago = reporter(), NOON - timedelta(days=2)
    report(flushed(use(issued.key.id, two_days_ago)))

    (caller,) = vault.callers(issued.key.id)
    assert (caller.last_seen, caller.accepted) == (two_days_ago, 1)


@pytest.mark.parametrize("at", ["9999-12-31T23:59:00Z", "9999-12-31T23:59:00-14:00", "0001-01-01T00:00:00+14:00"])
def test_the_ends_of_the_calendar_are_no_fault_of_ours(
    vault: LocalVault, reporter: Reporter, issued: Issued, at: str
) -> None:
    report = reporter()
    times = dict.fromkeys(("minute", "first_at", "last_at"), at)
    told = {"key_id": issued.key.id, "version": 1, "caller": {"name": "web", "declared": True}, "accepted": 1} | times
    report(json.dumps({"flush": {"recorder": "r1", "sequence": 1, "at": at, "uses": [told]}}).encode())

    assert [caller.last_seen for caller in vault.callers(issued.key.id)] == [NOON]
    assert {source.as_of for source in vault.sources()} <= {NOON + MINUTE, NOON - timedelta(days=90)}


@pytest.mark.parametrize("tenant", [None, "blue"])
def test_use_of_a_key_that_is_not_there_is_lost_and_shows(
    vault: LocalVault, reporter: Reporter, issued: Issued, tmp_path: Path, tenant: str | None
) -> None:
    """As after a restore: a refusal would come again for ever, and hold up everything behind it."""
    report = reporter(tenant)
    uses = (use(issued.key.id, NOON, 2), use("k" * 16, NOON, 40))
    report(flushed(*uses, routes=(RouteUse("k" * 16, "/orders", NOON, 40),)))

    assert [caller.accepted for caller in vault.callers(issued.key.id)] == [2]
    assert gaps(vault)[GapKind.DROPPED] == 40
    with closing(sqlite3.connect(tmp_path / "vault" / "vault.db")) as database:
        for table in ("series", "callers", "routes"):
            assert set(database.execute(f"SELECT key_id FROM {table}")) <= {(issued.key.id,)}  # noqa: S608  # our words


def test_use_of_another_tenants_key_is_refused(vault: LocalVault, reporter: Reporter, issued: Issued) -> None:
    report = reporter("red")
    with pytest.raises(Forbidden):
        report(flushed(use(issued.key.id, NOON)))


@pytest.mark.parametrize("key_id", ["\x1b[2J", "k\x00", "k" * 65, "../x"])
def test_an_id_that_no_key_could_have_is_refused(vault: LocalVault, reporter: Reporter, key_id: str) -> None:
    report = reporter()
    for body in (
        flushed(use(key_id, NOON)),
        flushed(routes=(RouteUse(key_id, "/", NOON, 1),)),
        flushed(recorder=key_id),
        encode(UsageReport(register=Registration(key_id, "there", 7))),
    ):
        with pytest.raises(Invalid) as refused:
            report(body)
        assert key_id not in str(refused.value)
