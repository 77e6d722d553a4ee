"""An allowlist in a .env file and the vault: what others do to the file is seen, what the vault does is no drift."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from dotenv import dotenv_values

from keytui.domain.alerts import Severity
from keytui.domain.audit import AuditFilter
from keytui.domain.drift import Drift
from keytui.domain.errors import ReadOnly, Refused, Unreachable
from keytui.domain.keys import Flag, KeyDraft, KeyEdit, KeyState
from keytui.domain.query import Sort, parse
from keytui.domain.rotation import Plan, Reason
from keytui.domain.secrets import Secret, parse_format
from keytui.issuers.envlist import EnvListIssuer
from keytui.vault.model import Delivery, Found
from keytui.vault.protocol import Vault
from keytui.vault.sync_report import OWN_ABILITIES
from tests.contract.acts import DAY, HOUR, request
from tests.contract.conftest import House
from tests.world import NOON

FIRST = "Zm9yIHRlc3RzIG9ubHksIGFuZCBmb3Igbm90aGluZyE="
SECOND = "YW5vdGhlciBvbmUsIHdoaWNoIGlzIGxlZnQgYWxvbmU="
WEAK = "letmein"


class Allowlist:
    """The file, as its owner edits it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.holds(FIRST, WEAK)

    @property
    def values(self) -> list[str]:
        return (dotenv_values(self.path)["API_KEYS"] or "").split(",")

    def holds(self, *values: str) -> None:
        self.path.touch(0o600)
        self.path.write_text(f"API_KEYS={','.join(values)}\n")


@pytest.fixture
def allowlist(house: House, tmp_path: Path) -> Allowlist:
    made = Allowlist(tmp_path / ".env")
    house.issuers["reserve"] = EnvListIssuer("reserve", made.path, "API_KEYS", parse_format("base64"))
    return made


def drifts(vault: Vault) -> Sequence[tuple[str, int, str]]:
    return [(one.key.name, one.version, one.drift) for one in vault.sync("reserve").drifted]


def test_a_first_sync_brings_everything_in_and_calls_nothing_new(house: House, allowlist: Allowlist) -> None:
    vault = house.vault
    report = vault.sync("reserve")
    assert [(key.name, key.environment, key.issuer) for key in report.added] == [
        ("reserve-key", "production", "reserve"),
        ("reserve-key-2", "production", "reserve"),
    ]
    assert (report.listed, report.known, report.ended, report.skipped, report.drifted) == (2, 0, 0, (), ())
    strong, weak = (vault.detail(key.id).versions[0] for key in report.added)
    assert strong.prefix == FIRST[:12]
    assert strong.fingerprint is not None
    assert (weak.weak, weak.prefix, weak.fingerprint) == (True, None, None)
    again = vault.sync("reserve")
    assert (again.added, again.known, again.drifted, again.reconciled) == ((), 2, (), ())
    entries = [(one.event.type, one.event.key_name) for one in vault.audit(AuditFilter(), 0, 4).entries]
    assert entries == [
        ("issuer.synced", ""),
        ("issuer.synced", ""),
        ("key.found", "reserve-key-2"),
        ("key.found", "reserve-key"),
    ]
    assert FIRST not in repr(report) + repr(vault.audit(AuditFilter(), 0, 100))


def test_what_others_do_there_is_seen_and_what_is_as_here_again_is_said(house: House, allowlist: Allowlist) -> None:
    vault = house.vault
    vault.sync("reserve")
    allowlist.holds(WEAK, SECOND)
    assert drifts(vault) == [("reserve-key", 1, Drift.VANISHED), ("reserve-key-3", 1, Drift.APPEARED)]
    gone = vault.find("reserve-key")
    assert vault.detail(gone.id).versions[0].drift is Drift.VANISHED
    flagged = vault.page(parse("flag:drifted"), Sort(), 0, 9).rows
    assert [(row.key.name, Flag.DRIFTED in row.flags) for row in flagged] == [
        ("reserve-key", True),
        ("reserve-key-3", True),
    ]
    assert drifts(vault) == [("reserve-key", 1, Drift.VANISHED), ("reserve-key-3", 1, Drift.APPEARED)], "as before"
    allowlist.holds(FIRST, WEAK, SECOND)
    vault.edit(vault.find("reserve-key-3").id, KeyEdit(owner="booking"))
    report = vault.sync("reserve")
    assert (report.drifted, sorted(report.reconciled)) == ((), ["reserve-key", "reserve-key-3"])
    types = {one.event.type: one.event.details for one in vault.audit(AuditFilter(type="key"), 0, 9).entries}
    assert types["key.reconciled"]["was"] in {"vanished", "appeared"}
    assert vault.page(parse("flag:drifted"), Sort(), 0, 9).total == 0


def test_what_the_vault_does_itself_is_no_drift(house: House, allowlist: Allowlist) -> None:
    vault = house.vault
    vault.sync("reserve")
    issued = vault.create(KeyDraft("orders", "production", issuer="reserve"), request())
    assert drifts(vault) == []
    vault.disable(issued.key.id, "")
    assert drifts(vault) == []
    vault.enable(issued.key.id, "")
    rotation = vault.plan(issued.key.id, Plan(), request())
    new = vault.issue(rotation.id)
    assert drifts(vault) == []
    vault.handed_over(rotation.id, Delivery("stdout", "sent", NOON, new.version.fingerprint))
    vault.retire(rotation.id, "anyway")
    assert drifts(vault) == []
    vault.complete(rotation.id, "anyway")
    vault.revoke(vault.find("reserve-key").id, None, Reason.LEAVER, "")
    report = vault.sync("reserve")
    assert (report.drifted, report.added, report.listed) == ((), (), 4)


def test_what_is_over_here_and_accepted_there_is_the_worst_of_all(house: House, allowlist: Allowlist) -> None:
    vault = house.vault
    vault.sync("reserve")
    ended = vault.find("reserve-key")
    vault.revoke(ended.id, None, Reason.LEAVER, "")
    allowlist.holds(WEAK, FIRST)  # somebody put it back
    assert drifts(vault) == [("reserve-key", 1, Drift.STILL_ACCEPTED)]
    (row,) = vault.page(parse("flag:drifted"), Sort(), 0, 9).rows
    assert (row.key.state(NOON), row.flags) == (KeyState.REVOKED, (Flag.DRIFTED,))
    house.clock.advance(HOUR)
    (alert,) = vault.tend()
    assert alert.signal.severity is Severity.CRITICAL
    assert "reserve-key v1 is still accepted there" in alert.signal.detail
    allowlist.holds(WEAK)
    assert drifts(vault) == []
    house.clock.advance(HOUR)
    vault.tend()
    assert vault.alerts() == ()


def test_an_expiry_that_the_issuer_does_not_know_lets_a_key_in_for_ever(house: House, allowlist: Allowlist) -> None:
    vault = house.vault
    vault.sync("reserve")
    vault.edit(vault.find("reserve-key").id, KeyEdit(expires_at=house.clock() + DAY))
    house.clock.advance(2 * DAY)
    assert drifts(vault) == [("reserve-key", 1, Drift.STILL_ACCEPTED)]
    assert drifts(vault) == [("reserve-key", 1, Drift.STILL_ACCEPTED)]


def test_a_value_that_is_another_keys_is_left_out_and_flagged(house: House, allowlist: Allowlist) -> None:
    vault = house.vault
    vault.adopt([Found("checkout", "API_KEY", Secret(FIRST))], KeyDraft("", "staging"))
    report = vault.sync("reserve")
    assert [key.name for key in report.added] == ["reserve-key"]
    assert [one.why for one in report.skipped] == ["its value is that of checkout v1, of issuer builtin"]
    assert vault.page(parse("flag:shared"), Sort(), 0, 9).rows[0].key.name == "checkout"
    shared = AuditFilter(type="key.shared")
    assert vault.audit(shared, 0, 9).total == 1
    vault.sync("reserve")
    assert vault.audit(shared, 0, 9).total == 1


def test_what_was_suspended_there_comes_in_disabled(house: House, allowlist: Allowlist) -> None:
    issuer = house.issuers["reserve"]
    issuer.suspend(next(iter(issuer.versions())).mark)
    report = house.vault.sync("reserve")
    disabled = house.vault.find("reserve-key-2")
    assert disabled.disabled_at is not None
    assert report.drifted == ()
    house.vault.enable(disabled.id, "")
    assert sorted(allowlist.values) == sorted([FIRST, WEAK])
    assert drifts(house.vault) == []


def test_what_fails_is_remembered_and_changes_nothing(house: House, allowlist: Allowlist) -> None:
    vault = house.vault
    vault.sync("reserve")
    allowlist.path.unlink()
    for _ in range(2):
        house.clock.advance(HOUR)
        with pytest.raises(Unreachable, match="issuer reserve"):
            vault.sync("reserve")
    own, reserve = vault.issuers()
    assert (own.name, own.abilities) == ("builtin", OWN_ABILITIES)
    assert reserve.abilities is not None
    assert reserve.abilities.keeps_plaintext
    assert (reserve.compared_at, reserve.tried_at) == (NOON, NOON + 2 * HOUR)
    assert (reserve.listed, reserve.drifted) == (2, 0)
    assert "issuer reserve" in reserve.error
    failures = [one for one in vault.audit(AuditFilter(type="issuer"), 0, 9).entries if one.event.refused]
    assert [one.event.type for one in failures] == ["issuer.not-synced"], "once, however often it is tried"
    house.clock.advance(DAY)
    (alert,) = [one for one in vault.tend() if one.signal.subject == "issuer reserve"]
    assert alert.signal.detail.startswith("issuer reserve could not be compared since 2026-11-20 12:00Z: issuer")
    allowlist.holds(FIRST, WEAK)
    assert drifts(vault) == []
    assert vault.issuers()[1].error == ""


def test_what_cannot_be_compared_says_why(house: House, allowlist: Allowlist) -> None:
    with pytest.raises(Refused, match="nothing to compare"):
        house.vault.sync("builtin")
    with pytest.raises(Refused, match="no issuer is called 'nobody'"):
        house.vault.sync("nobody")
    with pytest.raises(ReadOnly):
        house.as_("grace", read_only=True).sync("reserve")
    assert house.vault.issuers()[1].tried_at is None
