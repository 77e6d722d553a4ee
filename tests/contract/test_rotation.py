"""A rotation, verb by verb, on every path."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from keytui.domain.audit import AuditFilter
from keytui.domain.errors import AlreadyDone, Invalid, NotFound, Refused, RotationOpen, Unsafe
from keytui.domain.keys import KeyEdit, KeyState, VersionState
from keytui.domain.rotation import First, Plan, Reason, RotationState, Strategy
from keytui.domain.secrets import Secret
from keytui.domain.usage import UNKNOWN_CALLER
from keytui.domain.verdict import Question, Verdict
from keytui.domain.verification import Outcome
from keytui.probes.key_probe import Outcome as Answered
from keytui.vault.model import Delivery, Refusal
from keytui.vault.probed import Probed
from keytui.vault.protocol import Vault
from tests.contract.acts import DAY, HOUR, Reporter, created, handed_over, request, use
from tests.contract.conftest import House
from tests.world import StoppedClock

IMMEDIATE = Plan(Strategy.IMMEDIATE)
REVOKE_FIRST = Plan(Strategy.EMERGENCY, First.REVOKE, Reason.COMPROMISE)
REPLACE_FIRST = Plan(Strategy.EMERGENCY, First.REPLACE, Reason.COMPROMISE)


def states(vault: Vault, key_id: str) -> list[str]:
    """Of the key's versions, oldest first."""
    return [version.state for version in reversed(vault.detail(key_id).versions)]


def test_a_rolling_rotation_keeps_both_secrets_until_it_is_ended(vault: Vault, clock: StoppedClock) -> None:
    first = created(vault)
    rotation = vault.plan(first.key.id, Plan(), request())
    assert (rotation.state, rotation.holder) == (RotationState.PLANNED, "ada@bastion-2")

    second = vault.issue(rotation.id)
    assert second.rotation is not None
    assert second.rotation.state is RotationState.ISSUED
    assert vault.check(second.secret, [], UNKNOWN_CALLER).valid
    assert vault.check(first.secret, [], UNKNOWN_CALLER).valid

    clock.advance(HOUR)
    overlapping = vault.prove(rotation.id, second.secret)
    assert overlapping.state is RotationState.OVERLAPPING
    assert (overlapping.delivered_at, overlapping.overlap_ends_at) == (clock(), clock() + DAY)
    assert vault.find(first.key.id).rotated_at == clock()

    retired = vault.retire(rotation.id, "the owner said so")
    assert (retired.state, retired.suspended_at) == (RotationState.SUSPENDED, clock())
    assert vault.check(first.secret, [], UNKNOWN_CALLER).reason is Outcome.SUSPENDED

    restored = vault.restore(rotation.id)
    assert (restored.state, restored.suspended_at) == (RotationState.OVERLAPPING, None)
    assert vault.check(first.secret, [], UNKNOWN_CALLER).valid

    vault.retire(rotation.id, "now really")
    completed = vault.complete(rotation.id, "and for good")
    assert (completed.state, completed.closed_at) == (RotationState.COMPLETED, clock())
    assert vault.check(first.secret, [], UNKNOWN_CALLER).reason is Outcome.REVOKED
    assert vault.check(second.secret, [], UNKNOWN_CALLER).valid
    assert vault.open_rotation(first.key.id) is None


def test_the_steps_are_kept_in_order(vault: Vault) -> None:
    rotation, _ = handed_over(vault, created(vault).key.id)

    detail = vault.rotation(rotation.id)

    assert [(step.verb, step.state) for step in detail.steps] == [
        ("plan", RotationState.PLANNED),
        ("issue", RotationState.ISSUED),
        ("deliver", RotationState.DELIVERED),
        ("deliver", RotationState.OVERLAPPING),
    ]
    assert (detail.old.number, detail.new.number if detail.new else None) == (1, 2)
    assert [delivery.state for delivery in detail.deliveries] == ["proven"]


def test_a_key_has_one_open_rotation_and_it_is_named(vault: Vault) -> None:
    key_id = created(vault).key.id
    rotation = vault.plan(key_id, Plan(), request())

    with pytest.raises(RotationOpen) as refused:
        vault.plan(key_id, IMMEDIATE, request())

    assert refused.value.rotation_id == rotation.id
    assert vault.open_rotation(key_id) == rotation
    assert vault.rotations(open_only=True, offset=0, limit=10) == (rotation,)


def test_the_same_request_plans_once(vault: Vault) -> None:
    key_id = created(vault).key.id
    rotation = vault.plan(key_id, Plan(), "plan-x")
    vault.abandon(rotation.id, "")

    with pytest.raises(AlreadyDone) as repeated:
        vault.plan(key_id, Plan(), "plan-x")

    assert repeated.value.reference == str(rotation.id)


def test_issuing_twice_is_refused_and_a_lost_secret_is_issued_anew(vault: Vault) -> None:
    first = created(vault)
    rotation = vault.plan(first.key.id, Plan(label="second"), request())
    lost = vault.issue(rotation.id)

    with pytest.raises(Refused, match="issued"):
        vault.issue(rotation.id)
    found = vault.reissue(rotation.id)

    assert (found.version.number, found.version.label) == (3, "second")
    assert vault.check(lost.secret, [], UNKNOWN_CALLER).reason is Outcome.REVOKED
    assert vault.check(found.secret, [], UNKNOWN_CALLER).valid
    assert vault.check(first.secret, [], UNKNOWN_CALLER).valid
    with pytest.raises(Refused):
        vault.prove(rotation.id, lost.secret)
    assert vault.prove(rotation.id, found.secret).state is RotationState.OVERLAPPING


def test_only_the_new_secret_proves_possession(vault: Vault) -> None:
    first = created(vault)
    rotation = vault.plan(first.key.id, Plan(), request())
    issued = vault.issue(rotation.id)

    for pasted in (first.secret, Secret(""), Secret(issued.secret.reveal() + "\n")):
        with pytest.raises(Refused, match="not the new secret"):
            vault.prove(rotation.id, pasted)

    assert vault.rotation(rotation.id).rotation.state is RotationState.ISSUED
    assert vault.audit(AuditFilter(type="rotation.proven"), 0, 10).entries[0].event.refused
    vault.prove(rotation.id, issued.secret)
    with pytest.raises(Refused):
        vault.prove(rotation.id, issued.secret)


def test_deliveries_are_noted_and_the_hand_over_stays_open(vault: Vault, clock: StoppedClock) -> None:
    rotation = vault.plan(created(vault).key.id, Plan(), request())
    issued = vault.issue(rotation.id)

    vault.deliver(rotation.id, Delivery("web-env", "proven", clock(), issued.version.fingerprint))
    vault.deliver(rotation.id, Delivery("github", "failed", clock(), None, "403"))
    with pytest.raises(Refused, match="web-env"):
        vault.deliver(rotation.id, Delivery("web-env", "proven", clock(), "sha256:0000000000000000"))
    with pytest.raises(Invalid):
        vault.handed_over(rotation.id, Delivery("pipe", "failed", clock(), None))

    assert vault.rotation(rotation.id).rotation.state is RotationState.ISSUED
    handed = vault.handed_over(rotation.id, Delivery("pipe", "sent", clock(), issued.version.fingerprint))
    assert handed.state is RotationState.OVERLAPPING
    assert [one.target for one in vault.rotation(rotation.id).deliveries] == ["web-env", "github", "pipe"]


def test_a_secret_that_another_operator_replaced_on_its_way_is_not_handed_over(
    vault: Vault, clock: StoppedClock
) -> None:
    rotation = vault.plan(created(vault).key.id, Plan(), request())
    mine = vault.issue(rotation.id)
    theirs = vault.reissue(rotation.id)

    for note in (vault.deliver, vault.handed_over):
        with pytest.raises(Refused, match="not the new version"):
            note(rotation.id, Delivery("stdout", "sent", clock(), mine.version.fingerprint))

    assert vault.rotation(rotation.id).rotation.state is RotationState.ISSUED
    assert vault.prove(rotation.id, theirs.secret).state is RotationState.OVERLAPPING


def test_a_version_that_is_in_use_is_not_replaced_as_if_nobody_had_received_it(house: House) -> None:
    vault, clock = house.vault, house.clock
    rotation = vault.plan(created(vault).key.id, Plan(), request())
    issued = vault.issue(rotation.id)
    Reporter(house.sink).flush(clock(), use(issued.key.id, issued.version.number, clock()))

    with pytest.raises(Refused, match="did arrive"):
        vault.reissue(rotation.id)

    assert vault.check(issued.secret, [], UNKNOWN_CALLER).valid
    assert vault.prove(rotation.id, issued.secret).state is RotationState.OVERLAPPING


def test_nothing_is_delivered_before_it_is_issued(vault: Vault, clock: StoppedClock) -> None:
    rotation = vault.plan(created(vault).key.id, Plan(), request())

    with pytest.raises(Refused):
        vault.deliver(rotation.id, Delivery("pipe", "sent", clock(), None))
    with pytest.raises(Refused):
        vault.handed_over(rotation.id, Delivery("pipe", "sent", clock(), None))


def test_an_immediate_rotation_ends_the_old_secret_as_the_new_one_begins(house: House) -> None:
    vault, clock = house.vault, house.clock
    first = created(vault)
    Reporter(house.sink).flush(clock(), use(first.key.id, 1, clock()))
    assert vault.detail(first.key.id).summary.last_used_at == clock()
    clock.advance(DAY)
    rotation = vault.plan(first.key.id, IMMEDIATE, request())

    second = vault.issue(rotation.id)

    assert vault.check(first.secret, [], UNKNOWN_CALLER).reason is Outcome.REVOKED
    assert vault.check(second.secret, [], UNKNOWN_CALLER).valid
    assert second.key.rotated_at == clock()
    assert vault.detail(first.key.id).summary.last_used_at is None
    with pytest.raises(Refused, match="already revoked"):
        vault.rollback(rotation.id, "")
    with pytest.raises(Refused, match="already revoked"):
        vault.abandon(rotation.id, "")
    completed = vault.prove(rotation.id, second.secret)
    assert (completed.state, completed.overlap_ends_at) == (RotationState.COMPLETED, None)


def test_an_emergency_can_revoke_first(vault: Vault) -> None:
    first = created(vault)
    rotation = vault.plan(first.key.id, REVOKE_FIRST, request())
    assert vault.find(first.key.id).leaked

    second = vault.issue(rotation.id)

    assert not second.key.leaked
    assert vault.check(first.secret, [], UNKNOWN_CALLER).reason is Outcome.REVOKED
    assert [step.verb for step in vault.rotation(rotation.id).steps] == ["plan", "revoke-old", "issue"]
    assert vault.prove(rotation.id, second.secret).state is RotationState.COMPLETED


def test_an_emergency_can_replace_first(vault: Vault, clock: StoppedClock) -> None:
    first = created(vault)
    rotation, _ = handed_over(vault, first.key.id, REPLACE_FIRST)

    assert rotation.state is RotationState.DELIVERED
    assert vault.find(first.key.id).leaked
    assert vault.check(first.secret, [], UNKNOWN_CALLER).valid
    with pytest.raises(Unsafe):
        vault.complete(rotation.id)
    assert vault.complete(rotation.id, "it is on the internet").state is RotationState.COMPLETED
    assert vault.check(first.secret, [], UNKNOWN_CALLER).reason is Outcome.REVOKED
    assert not vault.find(first.key.id).leaked
    assert vault.find(first.key.id).rotated_at == clock()


def test_rolling_back_takes_the_old_secret_up_again(vault: Vault) -> None:
    first = created(vault)
    rotation, second = handed_over(vault, first.key.id)

    rolled_back = vault.rollback(rotation.id, "the new one broke the importer")

    assert rolled_back.state is RotationState.ROLLED_BACK
    assert vault.check(first.secret, [], UNKNOWN_CALLER).valid
    assert vault.check(second.secret, [], UNKNOWN_CALLER).reason is Outcome.REVOKED
    assert states(vault, first.key.id) == [VersionState.ACTIVE, VersionState.REVOKED]
    assert vault.find(first.key.id) == first.key
    assert vault.detail(first.key.id).summary.version.number == 1
    assert handed_over(vault, first.key.id)[1].version.number == 3


def test_abandoning_is_for_what_was_never_handed_over(vault: Vault) -> None:
    first = created(vault)
    planned = vault.plan(first.key.id, Plan(), request())
    assert vault.abandon(planned.id, "").state is RotationState.ABANDONED
    rotation = vault.plan(first.key.id, Plan(), request())
    issued = vault.issue(rotation.id)
    assert vault.abandon(rotation.id, "changed my mind").state is RotationState.ABANDONED
    assert vault.check(issued.secret, [], UNKNOWN_CALLER).reason is Outcome.REVOKED
    assert vault.check(first.secret, [], UNKNOWN_CALLER).valid
    handed, _ = handed_over(vault, first.key.id)

    with pytest.raises(Refused, match="handed over"):
        vault.abandon(handed.id, "")


def test_a_retirement_without_safe_is_refused_with_its_reasons_and_audited(vault: Vault) -> None:
    rotation, _ = handed_over(vault, created(vault).key.id)

    with pytest.raises(Unsafe) as refused:
        vault.retire(rotation.id)

    assessment = refused.value.assessment
    assert (assessment.verdict, assessment.question) == (Verdict.UNKNOWN, Question.RETIRE)
    assert assessment.reasons
    assert vault.rotation(rotation.id).rotation.state is RotationState.OVERLAPPING
    entry = vault.audit(AuditFilter(type="rotation.retired"), 0, 1).entries[0]
    assert (entry.event.refused, entry.event.details["verdict"]) == (True, "UNKNOWN")


def test_an_override_is_audited_with_the_verdict_that_it_overrode(vault: Vault) -> None:
    rotation, _ = handed_over(vault, created(vault).key.id)

    vault.retire(rotation.id, "the owner said so")
    vault.complete(rotation.id, "and again")

    for type_, note in (("rotation.retired", "the owner said so"), ("rotation.completed", "and again")):
        entry = vault.audit(AuditFilter(type=type_), 0, 1).entries[0]
        assert (entry.event.details["verdict"], entry.event.details["override"]) == ("UNKNOWN", note)
        assert entry.event.details["reasons"]


def test_a_verdict_has_its_time(vault: Vault) -> None:
    key_id = created(vault).key.id
    planned = vault.plan(key_id, Plan(), request())
    with pytest.raises(Refused, match="not handed"):
        vault.verdict(planned.id)
    assert vault.rotation(planned.id).assessment is None
    issued = vault.issue(planned.id)
    vault.prove(planned.id, issued.secret)

    assert vault.verdict(planned.id).question is Question.RETIRE
    vault.retire(planned.id, "so")
    assert vault.verdict(planned.id).question is Question.COMPLETE
    vault.complete(planned.id, "so")
    with pytest.raises(Refused, match="ended"):
        vault.verdict(planned.id)
    assert vault.rotation(planned.id).assessment is None


def test_the_end_of_the_overlap_retires_nothing(vault: Vault, clock: StoppedClock) -> None:
    first = created(vault)
    rotation, _ = handed_over(vault, first.key.id, Plan(overlap=HOUR))

    clock.advance(30 * DAY)

    assert vault.rotation(rotation.id).rotation.overdue(clock())
    vault.tend()
    assert vault.standing().alerts == 1
    assert vault.check(first.secret, [], UNKNOWN_CALLER).valid


def test_a_grace_never_outlives_the_original_expiry(vault: Vault, clock: StoppedClock) -> None:
    first = created(vault, expires_at=clock() + 2 * HOUR)
    rotation, second = handed_over(vault, first.key.id)
    assert rotation.overlap_ends_at == clock() + 2 * HOUR

    vault.edit(first.key.id, KeyEdit(expires_at=clock() + 90 * DAY))
    clock.advance(2 * HOUR)

    assert vault.check(first.secret, [], UNKNOWN_CALLER).reason is Outcome.EXPIRED
    assert vault.check(second.secret, [], UNKNOWN_CALLER).valid


def test_a_disabled_key_stays_disabled_through_a_rotation(vault: Vault, clock: StoppedClock) -> None:
    key_id = created(vault).key.id
    vault.disable(key_id, "")

    rotation, issued = handed_over(vault, key_id)
    vault.retire(rotation.id, "so")
    vault.complete(rotation.id, "so")

    assert vault.find(key_id).state(clock()) is KeyState.DISABLED
    assert vault.check(issued.secret, [], UNKNOWN_CALLER).reason is Outcome.DISABLED


def test_an_expired_key_is_not_rotated(vault: Vault, clock: StoppedClock) -> None:
    key_id = created(vault, expires_at=clock() + HOUR).key.id
    clock.advance(HOUR)

    with pytest.raises(Refused, match="expired") as refused:
        vault.plan(key_id, Plan(), request())
    assert refused.value.hint


def test_a_rehearsal_says_what_planning_would_and_writes_nothing(house: House) -> None:
    vault, clock = house.vault, house.clock
    key_id = created(vault).key.id
    Reporter(house.sink).flush(clock(), use(key_id, 1, clock(), "web-1"))
    before = vault.audit(AuditFilter(), 0, 1).total

    rolling = vault.rehearse(key_id, Plan())
    immediate = vault.rehearse(key_id, IMMEDIATE)

    assert (rolling.problems, rolling.old.number, rolling.next_number, rolling.overlap) == ((), 1, 2, DAY)
    assert [each.caller.name for each in rolling.callers] == ["web-1"]
    assert any("web-1" in warning for warning in immediate.warnings)
    assert immediate.overlap == timedelta()
    assert vault.audit(AuditFilter(), 0, 1).total == before
    vault.plan(key_id, Plan(), request())
    assert any("open already" in problem for problem in vault.rehearse(key_id, Plan()).problems)


def test_acting_on_anothers_rotation_takes_it_over_and_says_so(house: House) -> None:
    rotation = house.vault.plan(created(house.vault).key.id, Plan(), request())
    house.vault.leave_note(rotation.id, "the importer is slow to move")
    bob = house.as_("bob")

    bob.issue(rotation.id)

    taken = house.vault.rotation(rotation.id)
    assert (taken.rotation.holder, taken.rotation.note) == ("bob@bastion-2", "the importer is slow to move")
    assert [step.verb for step in taken.steps] == ["plan", "take-over", "issue"]
    entry = house.vault.audit(AuditFilter(type="rotation.taken-over"), 0, 1).entries[0]
    assert (entry.actor, entry.event.details["previously"]) == ("bob@bastion-2", "ada@bastion-2")
    assert house.vault.take_over(rotation.id).holder == "ada@bastion-2"
    with pytest.raises(Refused, match="yours already"):
        house.vault.take_over(rotation.id)


def test_a_waiver_is_kept_with_who_and_why(vault: Vault) -> None:
    rotation, _ = handed_over(vault, created(vault, apps=("web",)).key.id)

    waived = vault.waive(rotation.id, "web", "switched off last year")

    assert [(waiver.subject, waiver.actor, waiver.why) for waiver in waived.waivers] == [
        ("web", "ada@bastion-2", "switched off last year")
    ]
    with pytest.raises(Invalid):
        vault.waive(rotation.id, "web", "")
    with pytest.raises(Invalid):
        vault.waive(rotation.id, "", "because")
    vault.rollback(rotation.id, "")
    with pytest.raises(Refused, match="ended"):
        vault.waive(rotation.id, "web", "too late")


def test_the_proof_shows_both_secrets_and_every_verifier(house: House) -> None:
    vault, clock = house.vault, house.clock
    first = created(vault)
    rotation, second = handed_over(vault, first.key.id)
    fast, slow = Reporter(house.sink, "api-1"), Reporter(house.sink, "api-2")
    assert vault.proof(rotation.id).new_accepted_at is None
    assert vault.proof(rotation.id, first.secret).old is Refusal.ACCEPTED
    vault.check(second.secret, [], UNKNOWN_CALLER)
    clock.advance(timedelta(seconds=5))

    vault.retire(rotation.id, "so")
    position = vault.changes(0, 0).position
    fast.flush(clock() + timedelta(seconds=0.4), acknowledged=position)
    half = vault.proof(rotation.id)
    slow.flush(clock() + timedelta(seconds=0.9), acknowledged=position)
    whole = vault.proof(rotation.id, first.secret)

    assert (half.old, half.old_state) == (Refusal.NOT_ASKED, "suspended")
    assert half.refused_everywhere_after is None
    assert [each.after for each in half.acknowledgements] == [timedelta(seconds=0.4), None]
    assert whole.old is Refusal.REFUSED
    assert whole.refused_everywhere_after == timedelta(seconds=0.9)
    assert whole.new_accepted_at == clock() - timedelta(seconds=5)
    with pytest.raises(Refused, match="not the old secret"):
        vault.proof(rotation.id, second.secret)
    asked = vault.audit(AuditFilter(type="proof.asked"), 0, 10).entries
    assert [entry.event.details["old"] for entry in asked] == ["refused", "still accepted"]


def test_what_a_system_said_of_a_version_is_in_the_log_even_once_the_rotation_is_over(vault: Vault) -> None:
    rotation, _ = handed_over(vault, created(vault).key.id, Plan(Strategy.IMMEDIATE))
    still_in = Probed("edge", 1, Answered.REFUSED, Answered.ACCEPTED, "200", timedelta(seconds=10.1))

    assert vault.note_probed(rotation.id, still_in).state is RotationState.COMPLETED

    (entry,) = vault.audit(AuditFilter(type="proof.probed"), 0, 10).entries
    assert (entry.event.version, entry.event.rotation_id) == (1, rotation.id)
    told = {"probe": "edge", "expected": "refused", "outcome": "accepted", "said": "200", "after": "10.1 s"}
    assert told.items() <= entry.event.details.items()
    with pytest.raises(Refused, match="v3 is no version of rotation"):
        vault.note_probed(rotation.id, replace(still_in, version=3))


def test_a_copy_is_in_the_log_and_among_the_open_rotations_deliveries(house: House) -> None:
    vault = house.vault
    first = created(vault)
    vault.note_copied(first.key.id, 1, "a clipboard")
    rotation = vault.plan(first.key.id, Plan(), request())
    issued = vault.issue(rotation.id)
    house.clock.advance(HOUR)

    house.as_("bob").note_copied(first.key.id, 2, "a clipboard")

    copies = vault.audit(AuditFilter(type="value.copied"), 0, 10).entries
    assert [(one.actor, one.event.version, one.event.rotation_id, one.event.details) for one in copies] == [
        ("bob@bastion-2", 2, rotation.id, {"how": "a clipboard"}),
        ("ada@bastion-2", 1, None, {"how": "a clipboard"}),
    ]
    detail = vault.rotation(rotation.id)
    assert detail.deliveries == (Delivery("a clipboard", "sent", house.clock(), issued.version.fingerprint),)
    assert (detail.rotation.state, detail.rotation.holder) == (RotationState.ISSUED, "ada@bastion-2")


def test_a_copy_that_cannot_be_is_not_noted(vault: Vault) -> None:
    key = created(vault).key
    vault.edit(key.id, KeyEdit(targets=("web",)))
    rotation = vault.plan(key.id, Plan(), request())
    vault.issue(rotation.id)
    with pytest.raises(NotFound, match="no version 3"):
        vault.note_copied(key.id, 3, "a clipboard")
    with pytest.raises(Invalid, match="a copy goes somewhere"):
        vault.note_copied(key.id, 2, "")
    with pytest.raises(Invalid, match="web is a target"):
        vault.note_copied(key.id, 2, "web")
    assert vault.audit(AuditFilter(type="value.copied"), 0, 10).total == 0
    assert vault.rotation(rotation.id).deliveries == ()
