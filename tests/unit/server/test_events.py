"""Who is told what by the event stream, and what telling it costs the evidence: nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from keytui.domain.access import MANAGE_SCOPE, Principal
from keytui.domain.keys import KeyDraft, KeyEdit
from keytui.domain.rotation import Reason
from keytui.domain.secrets import Secret
from keytui.server.events import Broadcaster
from keytui.server.metrics import Metrics
from keytui.server.token_book import TokenBook
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Changes, Issued
from keytui.vault.wire import decode
from keytui.verify.asgi import Message
from tests.world import StoppedClock


class Console:
    """Somebody who follows, and what came of it."""

    def __init__(self, principal: Principal, token: Secret) -> None:
        self.principal = principal
        self.token = token
        self.told: list[Changes] = []
        self.over = False
        self._leaves = asyncio.Event()

    async def receive(self) -> Message:
        await self._leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.over = message["type"] == "http.response.body" and not message.get("more_body")
        for line in bytes(message.get("body", b"")).splitlines():  # type: ignore[call-overload]  # ASGI's are loose
            if line.startswith(b"data: "):
                self.told.append(decode(Changes, line.removeprefix(b"data: ")))

    def leave(self) -> None:
        self._leaves.set()


@pytest.fixture
def events(vault: LocalVault, clock: StoppedClock) -> Broadcaster:
    """It has heard of everything until now."""
    events = Broadcaster(vault, TokenBook(vault, clock), Metrics(), clock)
    events.hear(vault.changes(0, 0), tokens_moved=False)
    return events


@asynccontextmanager
async def following(events: Broadcaster, principal: Principal, token: Secret, after: int = 0) -> AsyncIterator[Console]:
    """A console that was told where it begins."""
    console = Console(principal, token)
    served = asyncio.ensure_future(events.serve(principal, token, after, console.receive, console.send))
    await until(lambda: console.told)
    yield console
    console.leave()
    await asyncio.wait_for(served, 5)


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.001)


async def heard(events: Broadcaster, vault: LocalVault) -> None:
    """What moved since the last time reaches the broadcaster, from a thread of its own as ever."""
    changes = vault.changes(events.position, 0)
    await asyncio.to_thread(events.hear, changes, False)


def managing(vault: LocalVault) -> Issued:
    return vault.create(KeyDraft("manager", "production", scopes=(MANAGE_SCOPE,), tenant="blue"), "manager")


def test_that_a_console_on_an_api_key_may_stay_is_asked_without_a_use_of_the_key(
    vault: LocalVault, events: Broadcaster
) -> None:
    """A use by nobody known, at the very moment that the key moves, would make the verdict of its rotation wrong."""
    issued = managing(vault)
    events.hear(vault.changes(events.position, 0), tokens_moved=False)
    principal = vault.authenticate(issued.secret, "10.0.0.7")
    assert principal is not None

    async def followed() -> None:
        async with following(events, principal, issued.secret) as console:
            vault.edit(issued.key.id, KeyEdit(description="it moves"))
            await heard(events, vault)
            assert not console.over
            vault.revoke(issued.key.id, None, Reason.COMPROMISE, "a test")
            await heard(events, vault)
            await until(lambda: console.over)

    asyncio.run(followed())
    (caller,) = vault.callers(issued.key.id)
    assert (caller.caller.address, caller.accepted, caller.refused) == ("10.0.0.7", 1, 0)
