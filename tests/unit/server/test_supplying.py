"""What a verifier elsewhere is told: its tenant's keys, nothing that the server cannot know, nothing once it left."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from keytui.domain.access import Operation, Role
from keytui.domain.audit import Actor
from keytui.domain.errors import Unauthenticated, Unreachable
from keytui.domain.keys import KeyDraft, VersionState
from keytui.domain.operators import OperatorDraft
from keytui.domain.rotation import Reason
from keytui.server.asgi import Reply, Request
from keytui.server.request_log import Noted
from keytui.server.supplying import MOST_BEHIND, Supplying
from keytui.server.token_book import SILENT_FOR, TokenBook
from keytui.vault.local import feed as local_feed
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Issued
from keytui.vault.profile import Profile
from keytui.vault.verifier_feed import KnownVersions
from keytui.vault.wire import decode
from keytui.verify.asgi import Message
from keytui.verify.source import CredentialChanges
from tests.world import StoppedClock

SERVICE = OperatorDraft("shop", Role.SERVICE, "blue", frozenset({Operation.VERIFY}))
WAITED = "after=7&timeout=0.2"


class HeldFeed(LocalFeed):
    """Waits, while all keys are read, until it may go on after the first part."""

    def __init__(self, *given: object, **named: object) -> None:
        super().__init__(*given, **named)  # type: ignore[arg-type]  # whatever `open` gives
        self.may_go_on = Event()
        self.readings = 0

    def credentials_in_parts(self, tenant: str | None) -> Iterator[CredentialChanges]:
        self.readings += 1
        for part in super().credentials_in_parts(tenant):
            yield part
            assert self.may_go_on.wait(10)


@pytest.fixture
def feed(vault: LocalVault, tmp_path: Path, clock: StoppedClock) -> Iterator[HeldFeed]:
    feed = HeldFeed.open(Profile("test", tmp_path / "vault", Actor("shop")), clock)
    feed.may_go_on.set()
    yield feed
    feed.close()


@pytest.fixture
def own(vault: LocalVault, monkeypatch: pytest.MonkeyPatch) -> list[Issued]:
    """Five keys of the service's tenant among five of another. They are read two at a time."""
    monkeypatch.setattr(local_feed, "KEYS_AT_ONCE", 2)
    made = [
        vault.create(KeyDraft(f"{tenant}-{number}", "production", tenant=tenant), f"{tenant}-{number}")
        for number in range(5)
        for tenant in ("blue", "red")
    ]
    return [issued for issued in made if issued.key.tenant == "blue"]


async def _nothing() -> Message:
    return {"type": "http.request"}


def request(book: TokenBook, token: str, query: str = "") -> Request:
    return Request("GET", "/v1/credentials", query.encode(), (), _nothing, "", book.find(token), Noted())


def asked(supplying: Supplying, book: TokenBook, token: str, query: str = "") -> Reply:
    async def answered() -> Reply:
        return await supplying(request(book, token, query))

    return asyncio.run(answered())


def known(reply: Reply) -> KnownVersions:
    return decode(KnownVersions, bytes(reply.body["body"]))  # type: ignore[call-overload]  # ASGI's messages are loose


def digests(told: KnownVersions) -> set[str]:
    return {version.digest for version in told.versions}


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


@pytest.mark.parametrize("query", ["", "after=1"], ids=["at the start", "far behind"])
def test_a_service_is_told_every_key_of_its_tenant_and_no_other(
    vault: LocalVault, feed: HeldFeed, clock: StoppedClock, own: list[Issued], query: str
) -> None:
    token = vault.add_operator(SERVICE).token.reveal()
    book = TokenBook(vault, clock)
    told = known(asked(Supplying(feed, book, lambda: MOST_BEHIND + 2), book, token, query))

    assert digests(told) == {issued.secret.digest() for issued in own}
    assert set(told.key_ids) == {issued.key.id for issued in own}
    assert told.position == vault.changes(0, 0).position


def test_a_service_is_told_what_changed_of_its_tenant_alone(
    vault: LocalVault, feed: HeldFeed, clock: StoppedClock, own: list[Issued]
) -> None:
    token = vault.add_operator(SERVICE).token.reveal()
    before = vault.changes(0, 0).position
    new = [vault.create(KeyDraft("new", "production", tenant=tenant), tenant) for tenant in ("blue", "red")]
    book = TokenBook(vault, clock)
    told = known(asked(Supplying(feed, book, lambda: before + 2), book, token, f"after={before}"))

    assert (told.key_ids, digests(told)) == ((new[0].key.id,), {new[0].secret.digest()})
    assert told.position == before + 2


def test_while_all_keys_are_read_changes_are_told_and_nobody_reads_them_again(
    vault: LocalVault, feed: HeldFeed, clock: StoppedClock, own: list[Issued]
) -> None:
    """Also the process's own verifier, which asks the same feed: it refuses everything after half a minute without."""
    token = vault.add_operator(SERVICE).token.reveal()
    book, position = TokenBook(vault, clock), vault.changes(0, 0).position
    supplying = Supplying(feed, book, lambda: position)

    async def many() -> tuple[Reply, list[Reply]]:
        feed.may_go_on.clear()
        beginning = [asyncio.ensure_future(supplying(request(book, token))) for _ in range(4)]
        await asyncio.sleep(0)
        change = await asyncio.wait_for(supplying(request(book, token, f"after={position - 1}")), 5)
        assert not any(each.done() for each in beginning)
        assert feed.credential_changes(position, 0.0).position == position
        feed.may_go_on.set()
        return change, await asyncio.gather(*beginning)

    change, all_of_them = asyncio.run(many())
    assert known(change).position == position
    assert [digests(known(each)) for each in all_of_them] == [{issued.secret.digest() for issued in own}] * 4
    assert feed.readings == 1


def test_who_is_beyond_a_reading_under_way_gets_the_next_one(
    vault: LocalVault, feed: HeldFeed, clock: StoppedClock, own: list[Issued], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a key that it knows to be revoked would be accepted again, until the changes since are told."""
    monkeypatch.setattr("keytui.server.supplying.MOST_BEHIND", 0)
    token = vault.add_operator(SERVICE).token.reveal()
    book = TokenBook(vault, clock)
    supplying = Supplying(feed, book, lambda: vault.changes(0, 0).position)

    async def both() -> tuple[Reply, Reply]:
        feed.may_go_on.clear()
        early = asyncio.ensure_future(supplying(request(book, token)))
        while not feed.readings:
            await asyncio.sleep(0.01)
        vault.revoke(own[0].key.id, None, Reason.COMPROMISE, "")
        seen = vault.changes(0, 0).position
        vault.create(KeyDraft("another", "production", tenant="red"), "another")
        late = asyncio.ensure_future(supplying(request(book, token, f"after={seen}")))
        await asyncio.sleep(0.05)
        feed.may_go_on.set()
        return await early, await late

    early, late = asyncio.run(both())
    assert known(early).position < known(late).position
    state = {each.digest: each.version.state for each in known(late).versions}
    assert state.get(own[0].secret.digest()) is not VersionState.ACTIVE


def test_a_reading_of_all_keys_that_failed_is_begun_again_by_who_asks_next(
    vault: LocalVault, feed: HeldFeed, clock: StoppedClock, own: list[Issued], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = vault.add_operator(SERVICE).token.reveal()
    book = TokenBook(vault, clock)
    supplying = Supplying(feed, book, lambda: 7)
    with monkeypatch.context() as broken:
        broken.setattr(LocalFeed, "credentials_in_parts", _unreachable)
        with pytest.raises(Unreachable):
            asked(supplying, book, token)

    assert len(known(asked(supplying, book, token)).versions) == len(own)


def _unreachable(_feed: LocalFeed, _tenant: str | None) -> Iterator[CredentialChanges]:
    raise Unreachable("the database is away", "wait")
