"""A verifier ends with the application that it protects, whether that knows of lifespans or not."""

from __future__ import annotations

import pytest

from keytui.verify.asgi import App, Message, Receive, Scope, Send
from keytui.verify.middleware import KeyMiddleware
from keytui.verify.verifier import Verifier
from tests.unit.verify.memory_vault import MemoryVault


async def knows_lifespans(scope: Scope, receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def refuses_lifespans(scope: Scope, receive: Receive, send: Send) -> None:
    raise ValueError(f"cannot handle {scope['type']}")


async def hears_and_refuses(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    raise ValueError("not for me")


async def takes_everything_for_a_request(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def ignores_lifespans(scope: Scope, receive: Receive, send: Send) -> None:
    """Serves HTTP, and nothing else."""


async def fails_to_start(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})
    raise RuntimeError("no database")


class Server:
    """One lifespan, as a server leads an application through it."""

    def __init__(self, vault: MemoryVault) -> None:
        self._vault = vault
        self._left = ["lifespan.startup", "lifespan.shutdown"]
        self.heard: list[str] = []
        self.ended_before_the_last_word = False

    async def receive(self) -> Message:
        return {"type": self._left.pop(0)}

    async def send(self, message: Message) -> None:
        self.heard.append(str(message["type"]))
        self.ended_before_the_last_word = any(flush.closing for flush in self._vault.flushes)

    async def lead(self, app: App) -> None:
        await app({"type": "lifespan"}, self.receive, self.send)


@pytest.mark.parametrize(
    "app",
    [knows_lifespans, refuses_lifespans, hears_and_refuses, takes_everything_for_a_request, ignores_lifespans],
)
async def test_it_ends_cleanly_when_the_application_shuts_down(app: App) -> None:
    vault = MemoryVault()
    verifier = Verifier(vault, vault, name="api-1")
    server = Server(vault)
    await server.lead(KeyMiddleware(app, verifier))

    assert server.heard == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert server.ended_before_the_last_word
    verifier.close()
    assert sum(flush.closing for flush in vault.flushes) == 1


async def test_an_application_that_fails_to_start_fails_as_it_would_alone() -> None:
    vault = MemoryVault()
    server = Server(vault)
    with Verifier(vault, vault, name="api-1") as verifier:
        with pytest.raises(RuntimeError, match="no database"):
            await server.lead(KeyMiddleware(fails_to_start, verifier))
        assert server.heard == ["lifespan.startup.failed"]
        assert not vault.flushes or not vault.flushes[-1].closing
