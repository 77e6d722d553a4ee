"""Who is told what by the event stream, and what telling it costs the evidence: nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest

from keytui.domain.access import MANAGE_SCOPE, Principal, Role
from keytui.domain.audit import Actor
from keytui.domain.errors import Unreachable
from keytui.domain.keys import KeyDraft, KeyEdit
from keytui.domain.operators import OperatorDraft
from keytui.domain.rotation import Reason
from keytui.domain.secrets import Secret
from keytui.domain.usage import Caller, Flush, Use
from keytui.server.events import Broadcaster
from keytui.server.metrics import Metrics
from keytui.server.token_book import TokenBook
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Changes, Issued
from keytui.vault.profile import Profile
from keytui.vault.wire import decode
from keytui.verify.asgi import Message
from tests.world import NOON, StoppedClock


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


class Server:
    """What a process follows its vault with. It has heard of everything until now."""

    def __init__(self, vault: LocalVault, clock: StoppedClock) -> None:
        self._vault = vault
        self._book = TokenBook(vault, clock)
        self.events = Broadcaster(vault, self._book, Metrics(), clock)
        self.hear()

    def hear(self) -> None:
        """Take in what moved since the last time."""
        changes = self._vault.changes(self.events.position, 0)
        self.events.hear(changes, self._book.refresh())

    async def heard(self) -> None:
        """The same from a thread of its own, as ever while somebody follows."""
        await asyncio.to_thread(self.hear)


@pytest.fixture
def server(vault: LocalVault, clock: StoppedClock) -> Server:
    return Server(vault, clock)


@pytest.fixture
def feed(vault: LocalVault, tmp_path: Path, clock: StoppedClock) -> Iterator[LocalFeed]:
    feed = LocalFeed.open(Profile("test", tmp_path / "vault", Actor("shop")), clock)
    yield feed
    feed.close()


@asynccontextmanager
async def following(server: Server, principal: Principal, token: Secret, after: int = 0) -> AsyncIterator[Console]:
    """A console that was told where it begins."""
    console = Console(principal, token)
    served = asyncio.ensure_future(server.events.serve(principal, token, after, console.receive, console.send))
    await until(lambda: console.told)
    yield console
    console.leave()
    await asyncio.wait_for(served, 5)


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.001)


def staff(vault: LocalVault, name: str, tenant: str | None = None) -> tuple[Principal, Secret]:
    """Somebody who may look, and the token."""
    token = vault.add_operator(OperatorDraft(name, Role.STAFF, tenant)).token
    principal = vault.authenticate(token)
    assert principal is not None
    return principal, token


def key(vault: LocalVault, name: str, tenant: str = "") -> Issued:
    return vault.create(KeyDraft(name, "production", tenant=tenant), f"{name} of {tenant}")


def managing(vault: LocalVault) -> Issued:
    return vault.create(KeyDraft("manager", "production", scopes=(MANAGE_SCOPE,), tenant="blue"), "manager")


def test_that_a_console_on_an_api_key_may_stay_is_asked_without_a_use_of_the_key(
    vault: LocalVault, server: Server
) -> None:
    """A use by nobody known, at the very moment that the key moves, would make the verdict of its rotation wrong."""
    issued = managing(vault)
    server.hear()
    principal = vault.authenticate(issued.secret, "10.0.0.7")
    assert principal is not None

    async def followed() -> None:
        async with following(server, principal, issued.secret) as console:
            vault.edit(issued.key.id, KeyEdit(description="it moves"))
            await server.heard()
            assert not console.over
            vault.revoke(issued.key.id, None, Reason.COMPROMISE, "a test")
            await server.heard()
            await until(lambda: console.over)

    asyncio.run(followed())
    (caller,) = vault.callers(issued.key.id)
    assert (caller.caller.address, caller.accepted, caller.refused) == ("10.0.0.7", 1, 0)


def test_a_console_that_takes_too_little_is_told_that_everything_may_have_moved(
    vault: LocalVault, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let go of, it would come back from where it was, for the same too many keys, for ever."""
    monkeypatch.setattr("keytui.server.events.MOST_KEYS", 3)
    sam = staff(vault, "sam")
    server.hear()

    async def followed() -> None:
        async with following(server, *sam) as console:
            few = [key(vault, f"few-{number}").key.id for number in range(3)]
            await server.heard()
            await until(lambda: len(console.told) == 2)
            for number in range(4):
                key(vault, f"many-{number}")
            await server.heard()
            await until(lambda: len(console.told) == 3)
            last = key(vault, "last").key.id
            await server.heard()
            await until(lambda: len(console.told) == 4)
            assert not console.over

        now = vault.changes(0, 0).position
        assert [(set(each.key_ids), each.everything) for each in console.told[1:]] == [
            (set(few), False),
            (set(), True),
            ({last}, False),
        ]
        assert [each.position for each in console.told[2:]] == [now - 1, now]

    asyncio.run(followed())


def test_a_console_that_was_away_for_long_is_told_so_as_well(
    vault: LocalVault, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keytui.vault.local.watching.MOST_NAMED", 3)
    sam, before = staff(vault, "sam"), vault.changes(0, 0).position
    for number in range(4):
        key(vault, f"many-{number}")
    server.hear()

    async def followed() -> list[Changes]:
        async with following(server, *sam, after=before) as console:
            return console.told

    assert asyncio.run(followed()) == [Changes(before + 4, (), None, everything=True)]


def test_what_moved_just_before_a_console_came_is_told_once(vault: LocalVault, server: Server, feed: LocalFeed) -> None:
    """Heard of once more after it, that looked to a tenant as if something of others had moved."""
    feed.register("r1", "keytui-server", "here", 1)
    blue = staff(vault, "blue", "blue")

    async def followed() -> list[Changes]:
        async with following(server, *blue) as console:
            feed.record(Flush("r1", 1, NOON))
            key(vault, "not its own", "red")
            await server.heard()
            own = key(vault, "own", "blue").key.id
            await server.heard()
            await until(lambda: console.told[-1].key_ids == (own,))
            return console.told

    assert len(asyncio.run(followed())) == 2


STEPS = ((1, "red", [2, 1, 2]), (2, "red", [3, 1, 3]), (3, "blue", [4, 2, 3]), (4, "red", [5, 2, 4]))
"""Whose traffic there is in which second, and how often everybody, blue and red have been told of something then."""


def have_been_told(consoles: Sequence[Console], counts: list[int]) -> bool:
    """So often, one thing at a time: a console that is told late is told of two at once."""
    return [len(console.told) for console in consoles] == counts


def test_a_tenant_hears_of_its_own_traffic_alone(vault: LocalVault, server: Server, feed: LocalFeed) -> None:
    """The server's own recorder counts for all tenants, a tenant's recorder elsewhere for one."""
    consoles = [staff(vault, "all"), staff(vault, "blue", "blue"), staff(vault, "red", "red")]
    issued = {tenant: key(vault, "checkout", tenant).key.id for tenant in ("blue", "red")}
    feed.register("r1", "keytui-server", "here", 1)
    feed.register("r2", "red/web", "there", 2, "red")
    feed.record(Flush("r1", 1, NOON))
    server.hear()

    async def followed() -> list[list[datetime | None]]:
        async with AsyncExitStack() as open_:
            told = [await open_.enter_async_context(following(server, *each)) for each in consoles]
            for second, tenant, counts in STEPS:
                at = NOON + timedelta(seconds=second)
                use = Use(issued[tenant], 1, Caller.called("web"), NOON, at, at, 1)
                recorder = ("r2", "red/web", "red") if second == 4 else ("r1",)
                feed.record(Flush(recorder[0], second + 1, at, (use,)), *recorder[1:])
                await server.heard()
                await until(partial(have_been_told, told, counts))
            return [[each.usage_as_of for each in console.told[1:]] for console in told]

    everybody, blue, red = asyncio.run(followed())
    seconds = [NOON + timedelta(seconds=second) for second in (1, 2, 3, 4)]
    assert (everybody, blue, red) == (seconds, [seconds[2]], [seconds[0], seconds[1], seconds[3]])


def test_a_tenant_that_asks_hears_of_no_recorder_elsewhere_but_its_own(vault: LocalVault, feed: LocalFeed) -> None:
    (blue, _), (red, _) = staff(vault, "blue", "blue"), staff(vault, "red", "red")
    feed.register("r1", "keytui-server", "here", 1)
    feed.register("r2", "red/web", "there", 2, "red")
    later = NOON + timedelta(seconds=1)
    feed.record(Flush("r1", 1, NOON))
    feed.record(Flush("r2", 1, later), "red/web", "red")

    assert vault.changes(0, 0).usage_as_of == later
    assert vault.acting_as(red).changes(0, 0).usage_as_of == later
    assert vault.acting_as(blue).changes(0, 0).usage_as_of == NOON


def test_when_it_cannot_be_known_whom_a_change_concerns_all_look_and_the_revoked_are_out(
    vault: LocalVault, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued, blue = managing(vault), staff(vault, "blue", "blue")
    server.hear()
    principal = vault.authenticate(issued.secret)
    assert principal is not None

    def away(*_asked: object) -> NoReturn:
        raise Unreachable("the database is away", "wait")

    async def followed() -> None:
        async with following(server, principal, issued.secret) as revoked, following(server, *blue) as staying:
            vault.revoke(issued.key.id, None, Reason.COMPROMISE, "a test")
            with monkeypatch.context() as broken:
                broken.setattr(vault, "tenants_moved", away)
                await server.heard()
            await until(lambda: revoked.over and len(staying.told) == 2)
            assert staying.told[1].everything
            own = key(vault, "own", "blue").key.id
            await server.heard()
            await until(lambda: len(staying.told) == 3)
            assert staying.told[2].key_ids == (own,)

    asyncio.run(followed())
