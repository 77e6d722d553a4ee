"""How the vault stands: the status line, the change feed, the calendar, the log, and who may write."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from keytui.domain.audit import AuditFilter
from keytui.domain.errors import NotFound, ReadOnly, Refused
from keytui.domain.keys import KeyDraft, KeyEdit
from keytui.domain.rotation import Plan, Reason
from keytui.domain.secrets import Secret
from keytui.domain.usage import Caller
from keytui.domain.verification import Outcome
from keytui.vault.model import Found
from keytui.vault.protocol import Vault
from tests.contract.acts import DAY, HOUR, Reporter, created, handed_over, request, use
from tests.contract.conftest import House
from tests.world import StoppedClock


def test_the_status_line_counts_what_wants_an_eye(house: House) -> None:
    vault, clock = house.vault, house.clock
    created(vault, "expiring", expires_at=clock() + HOUR)
    leaked = created(vault, "leaked").key.id
    vault.plan(leaked, Plan(reason=Reason.COMPROMISE), request())
    handed_over(vault, created(vault, "overdue").key.id, Plan(overlap=HOUR))
    vault.tend()
    assert (vault.standing().open_rotations, vault.standing().alerts) == (2, 2)  # one expires, one has leaked

    clock.advance(HOUR)
    vault.tend()

    standing = vault.standing()
    assert (standing.profile, standing.actor, standing.read_only) == ("prod", "ada@bastion-2", False)
    assert (standing.open_rotations, standing.alerts) == (2, 3)


def test_a_clock_behind_the_newest_entry_is_told(house: House) -> None:
    created(house.vault)
    assert house.vault.standing().clock_off == timedelta()
    house.clock.advance(-HOUR)
    assert house.vault.standing().clock_off == -HOUR


def test_a_read_only_profile_refuses_every_mutation_until_its_name_is_typed(house: House) -> None:
    key = created(house.vault).key
    rotation, _ = handed_over(house.vault, key.id)
    vault = house.as_("bob", read_only=True)
    entries = house.vault.audit(AuditFilter(), 0, 1).total
    mutations: list[Callable[[], object]] = [
        lambda: created(vault, "new"),
        lambda: vault.adopt([Found("K", "K", Secret("hk_" + "a1B2" * 10 + "xyz"))], KeyDraft("", "production")),
        lambda: vault.edit(key.id, KeyEdit(owner="x")),
        lambda: vault.disable(key.id, ""),
        lambda: vault.enable(key.id, ""),
        lambda: vault.revoke(key.id, None, Reason.LEAVER, ""),
        lambda: vault.plan(key.id, Plan(), request()),
        lambda: vault.issue(rotation.id),
        lambda: vault.reissue(rotation.id),
        lambda: vault.prove(rotation.id, Secret("x")),
        lambda: vault.retire(rotation.id, "so"),
        lambda: vault.restore(rotation.id),
        lambda: vault.complete(rotation.id, "so"),
        lambda: vault.rollback(rotation.id, ""),
        lambda: vault.abandon(rotation.id, ""),
        lambda: vault.waive(rotation.id, "a", "b"),
        lambda: vault.leave_note(rotation.id, "n"),
        lambda: vault.take_over(rotation.id),
    ]

    for mutation in mutations:
        with pytest.raises(ReadOnly) as refused:
            mutation()
        assert ":write" in refused.value.hint
    assert house.vault.audit(AuditFilter(), 0, 1).total == entries
    assert vault.check(Secret("unknown"), [], Caller.called("me")).reason is Outcome.UNKNOWN

    with pytest.raises(Refused):
        vault.arm("PROD")
    until = vault.arm("prod")
    assert until == house.clock() + timedelta(minutes=15)
    assert (vault.standing().read_only, vault.standing().armed_until) == (True, until)
    vault.edit(key.id, KeyEdit(owner="x"))
    house.clock.advance(timedelta(minutes=15))
    with pytest.raises(ReadOnly):
        vault.edit(key.id, KeyEdit(owner="y"))
    assert vault.standing().armed_until is None


def test_the_feed_tells_what_moved_since_a_position(vault: Vault) -> None:
    start = vault.changes(0, 0)
    first, second = created(vault, "first").key.id, created(vault, "second").key.id

    moved = vault.changes(start.position, 5)

    assert set(moved.key_ids) == {first, second}
    assert vault.changes(moved.position, 0).key_ids == ()
    vault.disable(first, "")
    assert vault.changes(moved.position, 5).key_ids == (first,)


def test_the_feed_waits_and_wakes_at_a_change(house: House) -> None:
    key_id = created(house.vault).key.id
    bob = house.as_("bob")  # at a team's vault this adds bob to the operators, which the feed tells too
    position = house.vault.changes(0, 0).position
    began = time.monotonic()

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(house.vault.changes, position, 20.0)
        bob.disable(key_id, "")
        moved = waiting.result(20)

    assert moved.key_ids == (key_id,)
    assert moved.position > position
    assert time.monotonic() - began < 10


def test_the_feed_wakes_at_a_flush_and_says_how_fresh_usage_is(house: House) -> None:
    key_id = created(house.vault).key.id
    position = house.vault.changes(0, 0).position
    reporter = Reporter(house.sink)

    reporter.flush(house.clock(), use(key_id, 1, house.clock()))

    told = house.vault.changes(position, 0)
    assert (told.position, told.key_ids, told.usage_as_of) == (position, (), house.clock())


def test_a_closed_vault_keeps_nobody_waiting(house: House) -> None:
    created(house.vault)
    bob = house.as_("bob")
    position = bob.changes(0, 0).position
    began = time.monotonic()

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(bob.changes, position, 30.0)
        bob.close()
        waiting.result(20)

    assert time.monotonic() - began < 10


def test_the_calendar_tells_what_falls_due_overdue_things_first(vault: Vault, clock: StoppedClock) -> None:
    start = clock()
    created(vault, "expires", expires_at=start + 20 * DAY)
    created(vault, "slow", "development")
    rotated = created(vault, "rotated").key.id
    rotation, _ = handed_over(vault, rotated, Plan(overlap=HOUR))

    clock.advance(2 * DAY)
    soon = vault.schedule(clock() + 30 * DAY)
    later = vault.schedule(clock() + 400 * DAY)

    assert [(due.what, due.key.name, due.at) for due in soon] == [
        ("overlap end", "rotated", start + HOUR),
        ("expiry", "expires", start + 20 * DAY),
    ]
    assert soon[0].rotation_id == rotation.id
    assert [(due.what, due.key.name, due.at) for due in later[2:]] == [
        ("rotation", "expires", start + 90 * DAY),
        ("rotation", "slow", start + 180 * DAY),
    ]


def test_diagnosis_tells_why_and_records_no_use(vault: Vault) -> None:
    issued = created(vault)
    value = issued.secret.reveal()

    accepted = vault.diagnose(issued.secret)
    spaced = vault.diagnose(Secret(f" {value}\n"))
    cut = vault.diagnose(Secret(value[:-3]))
    unknown = vault.diagnose(Secret("certainly-not-a-key"))

    assert accepted.check.valid
    assert "white space" in spaced.findings[0][0]
    assert (cut.check.reason, bool(cut.findings)) == (Outcome.UNKNOWN, True)
    assert unknown.findings
    assert value[12:] not in repr((accepted, spaced, cut))
    assert vault.callers(issued.key.id) == ()


def test_a_check_is_a_probe_and_never_counts_as_use(vault: Vault) -> None:
    issued = created(vault)

    vault.check(issued.secret, [], Caller.called("me"))

    summary = vault.detail(issued.key.id).summary
    assert (summary.last_used_at, sum(summary.activity), vault.callers(issued.key.id)) == (None, 0, ())


def test_the_log_is_told_by_type_key_and_time(vault: Vault, clock: StoppedClock) -> None:
    first = created(vault, "first").key.id
    clock.advance(DAY)
    created(vault, "second")
    vault.disable(first, "a note")

    def told(**which: object) -> list[str]:
        page = vault.audit(AuditFilter(**which), 0, 10)  # type: ignore[arg-type]  # each case names its own fields
        assert page.total == len(page.entries)
        told = [f"{entry.event.type} {entry.event.key_name}" for entry in page.entries]
        return [each for each in told if each != "operator.added "]  # who asks a team's vault was added to it

    assert told() == ["key.disabled first", "key.created second", "key.created first", "vault.created "]
    assert told(type="key") == told()[:3]
    assert told(type="key.disabled") == ["key.disabled first"]
    assert told(type="ke") == []
    assert told(key_id=first) == ["key.disabled first", "key.created first"]
    assert told(since=clock()) == ["key.disabled first", "key.created second"]
    assert told(until=clock()) == ["key.created first", "vault.created "]
    assert vault.audit(AuditFilter(), 1, 1).entries[0].event.key_name == "second"
    assert vault.verify_audit().broken_at is None


def test_what_does_not_exist_is_not_found(vault: Vault) -> None:
    for ask in (vault.detail, vault.open_rotation, vault.callers):
        with pytest.raises(NotFound):
            ask("nobody")
    for ask_rotation in (vault.rotation, vault.verdict, vault.proof, vault.issue, vault.restore):
        with pytest.raises(NotFound):
            ask_rotation(4711)
