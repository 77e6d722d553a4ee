"""The change feed for whoever cannot hold a stream open: a question that waits."""

from __future__ import annotations

import time
from typing import Annotated, Final

from anyio import sleep, to_thread
from fastapi import APIRouter, Query, Response

from keytui.server.asking import Asked
from keytui.server.route import VaultRoute, told
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Changes
from keytui.vault.wire import encode

changes = APIRouter(prefix="/admin", tags=["usage"], route_class=VaultRoute)

_LONGEST_WAIT: Final = 15.0
"""Seconds: shorter than what proxies allow an answer, and than a server that stops waits for it."""
_EVERY: Final = 0.25


@changes.get("/changes", response_model=Changes)
async def wait(
    vault: Asked,
    after: Annotated[int, Query(ge=0, le=2**63 - 1, description="A position; 0 is from now.")] = 0,
    timeout: Annotated[float, Query(ge=0, le=3600, description="Seconds; 15 at most.")] = 0.0,
) -> Response:
    """Wait for anything after a position of the change feed. A stream costs less: GET /admin/events."""
    return told(encode(await _moved(vault, after, min(timeout, _LONGEST_WAIT))))


async def _moved(vault: LocalVault, after: int, within: float) -> Changes:
    """Asked again and again, so that who waits holds no thread."""
    deadline = time.monotonic() + within
    began = seen = await to_thread.run_sync(vault.changes, after, 0)
    while seen.position <= (after or began.position) and seen.usage_as_of == began.usage_as_of:
        if time.monotonic() >= deadline:
            break
        await sleep(_EVERY)
        seen = await to_thread.run_sync(vault.changes, after or began.position, 0)
    return seen
