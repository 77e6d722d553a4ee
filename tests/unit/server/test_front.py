"""What stands before the framework, when something in it fails that nobody foresaw."""

from __future__ import annotations

import asyncio

import httpx
import pytest

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


async def _failing(request: Request) -> Reply:
    raise ZeroDivisionError("a value that nobody may read")


def test_a_fault_of_ours_is_told_as_a_problem_and_without_its_words(
    vault: LocalVault, clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    book, metrics, log = TokenBook(vault, clock), Metrics(), RequestLog()
    front = Front(
        {("GET", "/live"): _failing},
        events=Broadcaster(vault, book, metrics, clock),
        api=build(vault),
        book=book,
        addresses=ClientAddresses((), encrypted=False),
        limits=Limits(Rate(10), Rate(10), WrongTokens(3), FailedLogins(vault.note_failed_logins)),
        metrics=metrics,
        log=log,
        note_refusal=vault.note_refusal,
    )

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(front), base_url="http://team") as client:
            return await client.get("/live")

    answer = asyncio.run(asked())
    log.close()

    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["type"] == "about:blank"
    assert "nobody may read" not in answer.text + caplog.text
