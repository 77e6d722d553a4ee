"""A service's end as ASGI tells it: the verifier ends cleanly with the application.

A server such as uvicorn dies by the signal that stopped it, so that nothing behind it runs, no `atexit` either; its
last word is the application's `lifespan.shutdown`. An application that knows no lifespan is stood in for, which the
ASGI specification leaves room for: the server goes on without it.
"""

from __future__ import annotations

from typing import Final

from keytui.verify.asgi import App, Message, Receive, Scope, Send
from keytui.verify.verifier import Verifier

_ENDS: Final = frozenset({"lifespan.shutdown.complete", "lifespan.shutdown.failed"})


async def live(app: App, verifier: Verifier, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve the lifespan of `app`, and close the verifier at its end."""
    asked = answered = False

    async def hear() -> Message:
        nonlocal asked
        message = await receive()
        asked = True
        return message

    async def say(message: Message) -> None:
        nonlocal answered
        if not str(message["type"]).startswith("lifespan."):
            raise ValueError(f"{message['type']} is no answer to a lifespan")  # it takes every scope for a request
        answered = True
        if message["type"] in _ENDS:
            verifier.close()
        await send(message)

    try:
        await app(scope, hear, say)
    except Exception:
        if answered:
            raise
    if not answered:
        await _stand_in(verifier, receive, send, asked=asked)


async def _stand_in(verifier: Verifier, receive: Receive, send: Send, *, asked: bool) -> None:
    if not asked:
        await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    verifier.close()
    await send({"type": "lifespan.shutdown.complete"})
