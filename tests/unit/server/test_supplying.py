"""What a verifier elsewhere is told while it waits: nothing that the server cannot know, and nothing once it left."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.domain.access import Operation, Role
from keytui.domain.audit import Actor
from keytui.domain.errors import Unauthenticated, Unreachable
from keytui.domain.operators import OperatorDraft
from keytui.server.asgi import Reply, Request
from keytui.server.elsewhere import Supplying
from keytui.server.request_log import Noted
from keytui.server.token_book import SILENT_FOR, TokenBook
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.verify.asgi import Message
from tests.world import StoppedClock

SERVICE = OperatorDraft("shop", Role.SERVICE, "blue", frozenset({Operation.VERIFY}))
WAITED = "after=7&timeout=0.2"


@pytest.fixture
def feed(vault: LocalVault, tmp_path: Path, clock: StoppedClock) -> Iterator[LocalFeed]:
    feed = LocalFeed.open(Profile("test", tmp_path / "vault", Actor("shop")), clock)
    yield feed
    feed.close()


async def _nothing() -> Message:
    return {"type": "http.request"}


def asked(supplying: Supplying, book: TokenBook, token: str, query: str) -> Reply:
    request = Request("GET", "/v1/credentials", query.encode(), (), _nothing, "", book.find(token), Noted())

    async def answered() -> Reply:
        return await supplying(request)

    return asyncio.run(answered())


def test_a_server_without_its_database_does_not_say_that_nothing_changed(
    vault: LocalVault, feed: LocalFeed, clock: StoppedClock
) -> None:
    token = vault.add_operator(SERVICE).token.reveal()
    book = TokenBook(vault, clock)
    supplying = Supplying(feed, book, lambda: 7)
    assert asked(supplying, book, token, WAITED).status == 200

    clock.advance(SILENT_FOR + timedelta(seconds=1))
    with pytest.raises(Unreachable):
        asked(supplying, book, token, WAITED)


@pytest.mark.parametrize("moved", [False, True])
def test_a_token_that_was_revoked_while_it_waited_is_told_nothing(
    vault: LocalVault, feed: LocalFeed, clock: StoppedClock, moved: bool
) -> None:
    token = vault.add_operator(SERVICE).token.reveal()
    book = TokenBook(vault, clock)
    looks = 0

    def position() -> int:
        """The second look comes after the revocation."""
        nonlocal looks
        looks += 1
        if looks == 2:
            vault.revoke_operator("shop", "a test")
            book.refresh()
        return 8 if moved and looks > 1 else 7

    with pytest.raises(Unauthenticated):
        asked(Supplying(feed, book, position), book, token, WAITED)
