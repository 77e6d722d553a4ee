"""Imports: values that exist outside, brought in by digest only."""

from __future__ import annotations

import pytest

from keytui.domain.audit import AuditFilter
from keytui.domain.errors import Invalid, Refused
from keytui.domain.keys import Flag, KeyDraft
from keytui.domain.rotation import Reason
from keytui.domain.secrets import Secret
from keytui.domain.usage import UNKNOWN_CALLER
from keytui.domain.verification import Outcome
from keytui.vault.many_keys import NewKey, Origin, new_key
from keytui.vault.model import Found
from keytui.vault.protocol import Vault
from tests.contract.acts import created, handed_over

STRONG = Secret("hk_Zt7Qw9-xLmN4pRs8vYb2Kd6Hf3Jg5Tc1Ua0We_Xi7Oq")
WEAK = Secret("hunter2-hunter2")
PRODUCTION = KeyDraft("", "production", owner="payments")


def found(secret: Secret, name: str = "API_KEY") -> Found:
    return Found(name, name, secret)


def test_an_imported_value_works_at_once_and_looks_like_itself(vault: Vault) -> None:
    report = vault.adopt([found(STRONG)], PRODUCTION)

    (row,) = report.added
    assert (row.key.name, row.key.environment, row.key.owner, row.key.format) == (
        "API_KEY",
        "production",
        "payments",
        "hk",
    )
    assert (row.version.prefix, row.version.fingerprint is not None) == (STRONG.prefix(), True)
    assert (report.present, report.weak) == ((), ())
    assert vault.check(STRONG, [], UNKNOWN_CALLER).valid
    successor = handed_over(vault, row.key.id)[1]
    assert successor.secret.reveal().startswith("hk_")


def test_a_second_import_adds_nothing(vault: Vault) -> None:
    vault.adopt([found(STRONG), found(WEAK, "ADMIN_KEY")], PRODUCTION)

    again = vault.adopt([found(STRONG, "RENAMED"), found(WEAK, "ADMIN_KEY")], PRODUCTION)

    assert (again.added, again.present) == ((), ("API_KEY", "ADMIN_KEY"))
    assert vault.audit(AuditFilter(type="key.imported"), 0, 10).total == 2
    assert vault.audit(AuditFilter(type="key.shared"), 0, 10).total == 0


def test_a_weak_value_shows_no_prefix_and_no_fingerprint(vault: Vault) -> None:
    report = vault.adopt([found(WEAK)], PRODUCTION)

    (row,) = report.added
    assert report.weak == ("API_KEY",)
    assert (row.version.prefix, row.version.fingerprint, row.version.weak) == (None, None, True)
    assert Flag.WEAK in row.flags
    assert vault.check(WEAK, [], UNKNOWN_CALLER).valid


def test_a_weak_flag_goes_with_the_weak_value(vault: Vault) -> None:
    (row,) = vault.adopt([found(WEAK)], PRODUCTION).added
    rotation, _ = handed_over(vault, row.key.id)
    assert Flag.WEAK in vault.detail(row.key.id).summary.flags

    vault.retire(rotation.id, "so")

    assert Flag.WEAK not in vault.detail(row.key.id).summary.flags


@pytest.mark.parametrize(
    "elsewhere",
    [KeyDraft("", "staging"), KeyDraft("", "production", tenant="acme"), KeyDraft("", "production", apps=("mobile",))],
)
def test_one_value_in_two_places_is_shared_and_stays_one_key(vault: Vault, elsewhere: KeyDraft) -> None:
    vault.adopt([found(STRONG)], KeyDraft("", "production", apps=("web",)))

    report = vault.adopt([found(STRONG, "OTHER_NAME")], elsewhere)

    assert (report.added, report.present) == ((), ("API_KEY",))
    summary = vault.detail(vault.find("API_KEY").id).summary
    assert Flag.SHARED in summary.flags
    if elsewhere.apps:
        assert summary.key.apps == ("web", "mobile")


def test_a_shared_flag_goes_with_the_shared_value(vault: Vault) -> None:
    vault.adopt([found(STRONG)], PRODUCTION)
    vault.adopt([found(STRONG)], KeyDraft("", "staging"))
    key_id = vault.find("API_KEY").id
    rotation, _ = handed_over(vault, key_id)
    vault.retire(rotation.id, "so")

    assert Flag.SHARED not in vault.detail(key_id).summary.flags


def test_what_was_revoked_does_not_come_back_by_import(vault: Vault) -> None:
    (row,) = vault.adopt([found(STRONG)], PRODUCTION).added
    vault.revoke(row.key.id, None, Reason.COMPROMISE, "")

    report = vault.adopt([found(STRONG)], PRODUCTION)

    assert (report.added, report.present) == ((), ("API_KEY",))
    assert vault.check(STRONG, [], UNKNOWN_CALLER).reason is Outcome.REVOKED


def test_a_new_value_under_a_taken_name_gets_the_next_free_name(vault: Vault) -> None:
    created(vault, "API_KEY")

    report = vault.adopt([found(STRONG), found(WEAK)], PRODUCTION)

    assert [row.key.name for row in report.added] == ["API_KEY-2", "API_KEY-3"]


def test_one_bad_value_brings_nothing_in(vault: Vault) -> None:
    with pytest.raises(Invalid):
        vault.adopt([found(STRONG), found(Secret(""), "EMPTY")], PRODUCTION)
    with pytest.raises(Invalid):
        vault.adopt([found(STRONG), found(WEAK, "two\nlines")], PRODUCTION)

    assert vault.audit(AuditFilter(type="key"), 0, 1).total == 0
    assert vault.check(STRONG, [], UNKNOWN_CALLER).reason is Outcome.UNKNOWN


def test_many_at_once_are_told_by_digest_and_the_same_again_is_safe(vault: Vault) -> None:
    draft = KeyDraft("", "production", owner="payments")
    new = [new_key("one", draft, STRONG, "keys.csv:2"), new_key("two", draft, WEAK), NewKey("one", draft, "b" * 64)]

    rehearsed = vault.add_keys(new, Origin.IMPORTED, rehearse=True)
    first, again = (vault.add_keys(new, Origin.IMPORTED) for _ in range(2))
    made = vault.add_keys([NewKey("made", draft, "c" * 64, "tk_123456789")], Origin.MADE)
    with pytest.raises(Refused, match="has a key called one already"):
        vault.add_keys([NewKey("fine", draft, "d" * 64), new[2]], Origin.MADE)

    assert rehearsed == first
    assert (first.added, first.weak, [one.place for one in first.left_out]) == (2, 1, [2])
    assert (again.added, again.present, made.added) == (0, 2, 1)
    assert all(vault.check(secret, [], UNKNOWN_CALLER).valid for secret in (STRONG, WEAK))
    assert [vault.audit(AuditFilter(type=what), 0, 1).total for what in ("key.imported", "key.created")] == [2, 1]
