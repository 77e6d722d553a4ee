"""The middleware, as a client meets it: inside with a valid key, and outside with the same answer whatever is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import cast

import httpx
import pytest

from keytui.domain.keys import VersionState
from keytui.domain.secrets import Secret
from keytui.domain.verification import Check
from keytui.verify.asgi import App, Message, Receive, Scope, Send
from keytui.verify.middleware import KeyMiddleware
from keytui.verify.verifier import Verifier
from tests.unit.verify.memory_vault import ACTIVE, CHECKOUT, MemoryVault, in_state
from tests.world import NOON, StoppedClock, eventually

GOOD, SUSPENDED, REVOKED, EXPIRED = (Secret(f"tk_{word}") for word in ("good", "suspended", "revoked", "expired"))


@pytest.fixture
def vault() -> MemoryVault:
    vault = MemoryVault()
    vault.put(
        CHECKOUT,
        (GOOD, ACTIVE),
        (SUSPENDED, in_state(VersionState.SUSPENDED, 2)),
        (REVOKED, in_state(VersionState.REVOKED, 3)),
    )
    vault.put(replace(CHECKOUT, id="k2", expires_at=NOON), (EXPIRED, ACTIVE))
    return vault


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def verifier(vault: MemoryVault, clock: StoppedClock) -> Iterator[Verifier]:
    with Verifier(vault, vault, name="api-1", clock=clock) as verifier:
        yield verifier


async def service(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the key's name."""
    check = scope.get("keytui")
    name = check.key_name if isinstance(check, Check) else "nobody"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(name).encode()})


def client(app: App) -> httpx.AsyncClient:
    # httpx types an ASGI application's messages as mappings of Any.
    transport = httpx.ASGITransport(app=cast("httpx._transports.asgi._ASGIApp", app), client=("10.0.3.7", 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://service")


@pytest.mark.parametrize(
    "headers",
    [{"X-API-Key": "tk_good"}, {"Authorization": "Bearer tk_good"}, {"Authorization": "bearer  tk_good "}],
)
async def test_a_valid_key_reaches_the_service_with_its_check(verifier: Verifier, headers: dict[str, str]) -> None:
    async with client(KeyMiddleware(service, verifier, scopes=["bookings:read"])) as http:
        answer = await http.get("/", headers=headers)

    assert (answer.status_code, answer.text) == (200, "checkout-api")


async def test_an_outsider_cannot_tell_what_is_wrong_with_a_key(verifier: Verifier) -> None:
    async with client(KeyMiddleware(service, verifier)) as http:
        answers = [
            await http.get("/", headers={b"X-API-Key": value})
            for value in (b"tk_unknown", b"tk_suspended", b"tk_revoked", b"tk_expired", b"", b"\xe9\xff")
        ]
        answers.append(await http.get("/"))
        answers.append(await http.get("/", headers={"Authorization": "Basic dGs6Z29vZA=="}))
        answers.append(await http.get("/", headers=[("X-API-Key", "tk_good"), ("X-API-Key", "tk_unknown")]))

    assert {answer.status_code for answer in answers} == {401}
    assert len({(answer.content, str(answer.headers)) for answer in answers}) == 1
    assert answers[0].headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_valid_key_without_the_scope_is_forbidden(verifier: Verifier) -> None:
    async with client(KeyMiddleware(service, verifier, scopes="admin")) as http:
        good = await http.get("/", headers={"X-API-Key": "tk_good"})
        suspended = await http.get("/", headers={"X-API-Key": "tk_suspended"})

    assert (good.status_code, suspended.status_code) == (403, 401)
    assert "www-authenticate" not in good.headers


async def test_a_verifier_without_its_vault_is_unavailable(
    verifier: Verifier, vault: MemoryVault, clock: StoppedClock
) -> None:
    vault.reachable = False
    clock.advance(timedelta(minutes=1))
    async with client(KeyMiddleware(service, verifier)) as http:
        answer = await http.get("/", headers={"X-API-Key": "tk_good"})

    assert answer.status_code == 503
    assert "retry-after" in answer.headers


async def test_public_paths_pass_unasked_and_only_they(verifier: Verifier) -> None:
    async with client(KeyMiddleware(service, verifier, public_paths=["/health"])) as http:
        statuses = [(await http.get(path)).status_code for path in ("/health", "/health/deep", "/")]

    assert statuses == [200, 401, 401]


async def test_a_caller_is_known_by_its_declared_name_else_by_address_and_agent(
    verifier: Verifier, vault: MemoryVault
) -> None:
    app = KeyMiddleware(service, verifier, header="X-Key", caller_header="X-Client-Name")
    async with client(app) as http:
        await http.get("/", headers={"X-Key": "tk_good", "X-Client-Name": "nightly-report"})
        await http.get("/", headers={"X-Key": "tk_good", "User-Agent": "curl/8\x1b[2J"})
        await http.get("/", headers={"X-Key": "tk_good", "User-Agent": "a" * 5_000})

    eventually(lambda: len(vault.uses) == 3)
    declared, anonymous, long = (use.caller for use in vault.uses)
    assert (declared.name, declared.shared_possible) == ("nightly-report", False)
    assert (anonymous.name, anonymous.shared_possible) == ("10.0.3.7 curl/8\\x1b[2J", True)
    assert len(long.name) < 300


async def test_a_websocket_without_a_key_is_closed_before_it_is_accepted(verifier: Verifier) -> None:
    sent = await conversation(KeyMiddleware(service, verifier), {"type": "websocket", "path": "/", "headers": []})

    assert sent == [{"type": "websocket.close", "code": 1008, "reason": ""}]


async def test_a_websocket_with_a_key_and_the_lifespan_pass_through(verifier: Verifier) -> None:
    met: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        met.append(scope["type"])

    guarded = KeyMiddleware(app, verifier)
    await conversation(guarded, {"type": "websocket", "path": "/", "headers": [(b"x-api-key", b"tk_good")]})
    await conversation(guarded, {"type": "lifespan"})

    assert met == ["websocket", "lifespan"]


async def conversation(app: App, scope: Scope) -> list[Message]:
    """What an application sends when nothing is said to it."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {}

    await app(scope, receive, send)
    return sent


async def test_a_request_is_counted_on_its_route_and_by_its_address_beside_its_name(
    vault: MemoryVault, verifier: Verifier
) -> None:
    async with client(KeyMiddleware(service, verifier, caller_header="x-client")) as requests:
        await requests.get("/bookings/8112?x=1", headers={"x-api-key": GOOD.reveal(), "x-client": "web-1"})

    eventually(lambda: vault.uses, within=2.0)
    assert vault.uses[0].caller.name == "web-1"
    assert vault.uses[0].caller.address == "10.0.3.7"
    assert [(route.route, route.accepted) for flush in vault.flushes for route in flush.routes] == [("/bookings/*", 1)]
