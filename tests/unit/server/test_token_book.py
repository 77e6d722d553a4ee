"""Tokens in memory: found while they live, refused once they are revoked or expired, or nobody could be asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import col, update

from keytui.domain.access import Operation, Role
from keytui.domain.errors import Forbidden, Unauthenticated, Unreachable
from keytui.domain.operators import OperatorDraft
from keytui.server.token_book import STALE_AFTER, TokenBook
from keytui.vault.local.log_head import Head
from keytui.vault.local.tables import OperatorRow
from keytui.vault.local.vault import LocalVault
from tests.world import StoppedClock

SERVICE = OperatorDraft("checkout", Role.SERVICE, "blue", frozenset({Operation.VERIFY}))


def test_a_token_is_found_until_it_is_revoked(vault: LocalVault, clock: StoppedClock) -> None:
    book = TokenBook(vault, clock)
    token = vault.add_operator(SERVICE).token.reveal()
    assert book.find(token) is None
    assert book.refresh()
    assert not book.refresh()

    holder = book.find(token)
    assert holder is not None
    principal = book.admitted(holder, Operation.VERIFY)
    assert (principal.tenant, principal.actor.name) == ("blue", "checkout")
    with pytest.raises(Forbidden):
        book.admitted(holder, Operation.REPORT_USAGE)

    vault.revoke_operator("checkout", "a test")
    assert book.refresh()
    assert book.find(token) is None
    assert not book.holds(principal)


def test_an_expired_token_needs_no_refresh(vault: LocalVault, clock: StoppedClock) -> None:
    soon = clock() + timedelta(hours=1)
    token = vault.add_operator(OperatorDraft("guest", Role.STAFF, expires_at=soon)).token.reveal()
    book = TokenBook(vault, clock)
    assert book.find(token) is not None

    clock.advance(timedelta(hours=1))

    assert book.find(token) is None


def test_nobody_is_let_in_once_an_older_database_is_in_place(vault: LocalVault, clock: StoppedClock) -> None:
    """As PostgreSQL is restored under a server that runs: what was revoked since the backup lives in it again."""
    gone, stays = (
        vault.add_operator(OperatorDraft(name, Role.SUPER_ADMIN)).token.reveal() for name in ("gone", "stays")
    )
    vault.revoke_operator("gone", "a test")
    book = TokenBook(vault, clock)
    known = book.find(stays)
    assert known is not None
    ledger = vault._ground.ledger
    lost = Head(vault.checkpoint().sequence + 9, "0" * 64)
    with vault._ground.database.writing() as session:
        session.exec(update(OperatorRow).where(col(OperatorRow.name) == "gone").values(revoked_at=None))
    ledger.remember(lost)

    assert book.refresh()

    assert (book.find(gone), book.find(stays), book.holds(known.principal)) == (None, None, False)
    assert not book.refresh()
    clock.advance(STALE_AFTER)
    assert book.silent, "so that /ready names another server"


@pytest.mark.parametrize("passed", [STALE_AFTER + timedelta(seconds=1), -STALE_AFTER - timedelta(seconds=1)])
def test_nobody_is_let_in_by_a_book_that_could_not_ask(
    vault: LocalVault, clock: StoppedClock, passed: timedelta
) -> None:
    token = vault.add_operator(SERVICE).token.reveal()
    book = TokenBook(vault, clock)
    clock.advance(passed)
    with pytest.raises(Unreachable):
        book.admitted(book.find(token), Operation.VERIFY)

    book.refresh()
    assert book.admitted(book.find(token), Operation.VERIFY).tenant == "blue"


@pytest.mark.parametrize("wrong", ["", "kto_" + "a" * 40, "\ud800", "x" * 100_000])
def test_a_wrong_token_is_nobodys(vault: LocalVault, clock: StoppedClock, wrong: str) -> None:
    book = TokenBook(vault, clock)
    with pytest.raises(Unauthenticated):
        book.admitted(book.find(wrong), Operation.VERIFY)
