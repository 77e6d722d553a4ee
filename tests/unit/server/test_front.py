"""What stands before the framework: who is let through to it, what is told of the others, and of faults."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import httpx
import pytest

from keytui.domain.access import Role
from keytui.domain.audit import AuditFilter
from keytui.domain.operators import OperatorDraft
from keytui.server.addresses import ClientAddresses
from keytui.server.app import build
from keytui.server.asgi import Reply, Request
from keytui.server.events import Broadcaster
from keytui.server.failed_logins import FailedLogins
from keytui.server.front import Front, Limits
from keytui.server.limits import Rate, WrongTokens
from keytui.server.metrics import Metrics
from keytui.server.request_log import RequestLog
from keytui.server.token_book import TokenBook
from keytui.vault.local.vault import LocalVault
from tests.world import StoppedClock

MOST = 30
"""Requests a second of one token."""
STRANGER = "203.0.113.9"


async def _failing(request: Request) -> Reply:
    raise ZeroDivisionError("a value that nobody may read")


@pytest.fixture
def log() -> Iterator[RequestLog]:
    log = RequestLog()
    yield log
    log.close()


@pytest.fixture
def opened(vault: LocalVault, clock: StoppedClock, log: RequestLog) -> Callable[[], Front]:
    """Makes the front as a server without TLS begins with it, knowing the tokens that there are."""

    def front() -> Front:
        book, metrics = TokenBook(vault, clock), Metrics()
        rates = (Rate(MOST, lambda: 0.0), Rate(MOST, lambda: 0.0))
        return Front(
            {("GET", "/live"): _failing},
            events=Broadcaster(vault, book, metrics, clock),
            api=build(vault),
            book=book,
            addresses=ClientAddresses((), encrypted=False),
            limits=Limits(*rates, WrongTokens(3), FailedLogins(vault.note_failed_logins)),
            metrics=metrics,
            log=log,
            note_refusal=vault.note_refusal,
        )

    return front


def test_a_fault_of_ours_is_told_as_a_problem_and_without_its_words(
    opened: Callable[[], Front], log: RequestLog, caplog: pytest.LogCaptureFixture
) -> None:
    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(opened()), base_url="http://team") as client:
            return await client.get("/live")

    answer = asyncio.run(asked())
    log.close()

    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["type"] == "about:blank"
    assert "nobody may read" not in answer.text + caplog.text


def test_who_asks_in_plain_http_is_held_to_the_rate_and_writes_no_paths_into_the_log(
    vault: LocalVault, opened: Callable[[], Front]
) -> None:
    """The log is never erased: neither a flood nor a secret that stands in a path may get there."""
    token = vault.add_operator(OperatorDraft("sam", Role.STAFF)).token.reveal()
    asking = [("DELETE", "/admin/events"), ("MADE-UP", "/admin/events")]
    asking += [("GET", f"/x/{number}/tk_secret{number}") for number in range(MOST)]

    async def asked() -> list[int]:
        transport = httpx.ASGITransport(opened(), client=(STRANGER, 5000))
        async with httpx.AsyncClient(transport=transport, base_url="http://team") as client:
            sent = {"authorization": f"Bearer {token}"}
            return [(await client.request(*each, headers=sent)).status_code for each in asking]

    assert asyncio.run(asked()) == [403] * MOST + [429] * (len(asking) - MOST)
    (entry,) = vault.audit(AuditFilter("access"), 0, 100).entries
    assert entry.event.details["operation"] == "ask the API"
    assert STRANGER in entry.actor


def test_a_request_of_two_lengths_is_refused_and_its_connection_closed(opened: Callable[[], Front]) -> None:
    """What stands before may have read another request in what follows."""

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(opened()), base_url="http://team") as client:
            headers = {"content-length": "2", "transfer-encoding": "chunked"}
            return await client.post("/v1/verify", content=b"{}", headers=headers)

    answer = asyncio.run(asked())
    assert (answer.status_code, answer.headers["connection"]) == (400, "close")
    assert answer.headers["content-type"] == "application/problem+json"
