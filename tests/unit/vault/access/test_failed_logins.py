"""Wrong tokens: refusals that everybody can see, and few entries of the log however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from keytui.domain.access import Role
from keytui.domain.audit import AuditEntry, AuditFilter
from keytui.domain.operators import OperatorDraft
from keytui.domain.ranges import RANGES
from keytui.domain.secrets import Secret
from keytui.server.failed_logins import FailedLogins
from keytui.vault.local.vault import LocalVault
from tests.world import StoppedClock, eventually

REFUSED = AuditFilter(type="login.refused")


def test_every_wrong_token_is_nobody_alike(vault: LocalVault, clock: StoppedClock) -> None:
    expiring = vault.add_operator(OperatorDraft("ada", Role.STAFF, expires_at=clock() + timedelta(days=1)))
    revoked = vault.add_operator(OperatorDraft("bob", Role.STAFF))
    assert vault.authenticate(expiring.token) is not None
    assert vault.authenticate(revoked.token) is not None

    clock.advance(timedelta(days=1))
    vault.revoke_operator("bob", "left")

    unknown = Secret("kto_" + "a" * 40)
    for token in (expiring.token, revoked.token, unknown, Secret(""), Secret("kto_"), Secret("ü" * 9)):
        assert vault.authenticate(token) is None


def test_they_are_counted_as_refusals_and_gathered_in_the_log(vault: LocalVault) -> None:
    with _gathering(vault) as failed:
        for _ in range(1_000):
            failed.note("203.0.113.9")

    entries = _entries(vault)
    assert len(entries) <= 2
    assert sum(int(entry.event.details["count"]) for entry in entries) == 1_000
    assert {(entry.actor, entry.event.refused) for entry in entries} == {("(nobody)@203.0.113.9", True)}
    (refused,) = vault.monitor(RANGES[0], 9).refused_from
    assert (refused.address, refused.refused) == ("203.0.113.9", 1_000)


def test_many_addresses_do_not_flood_the_log(vault: LocalVault) -> None:
    vault.note_failed_logins({f"198.51.100.{number}": number for number in range(1, 201)})

    entries = _entries(vault)
    assert len(entries) == 21
    assert sum(int(entry.event.details["count"]) for entry in entries) == sum(range(1, 201))
    assert "(nobody)@180 further addresses" in {entry.actor for entry in entries}
    assert vault.verify_audit().broken_at is None


def test_the_first_one_does_not_wait(vault: LocalVault) -> None:
    with _gathering(vault) as failed:
        failed.note("203.0.113.9")
        eventually(lambda: _entries(vault))


@contextmanager
def _gathering(vault: LocalVault) -> Iterator[FailedLogins]:
    failed = FailedLogins(vault.note_failed_logins)
    failed.start()
    yield failed
    failed.close()


def _entries(vault: LocalVault) -> tuple[AuditEntry, ...]:
    return vault.audit(REFUSED, 0, 100).entries
