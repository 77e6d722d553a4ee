"""The verdict over whole days of traffic: what makes it SAFE, and what does not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from keytui.domain.audit import AuditFilter
from keytui.domain.errors import Unsafe
from keytui.domain.rotation import Rotation, RotationState
from keytui.domain.usage import Caller
from keytui.domain.verdict import Question, Verdict
from keytui.vault.model import Issued
from tests.contract.acts import HOUR, LEFT, Reporter, created, handed_over, use
from tests.contract.conftest import House


class Day:
    """Hours that pass, with callers that send a request each, and a recorder that reports them."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._reporter = Reporter(house.sink)

    def pass_(self, hours: int, key_id: str, **callers: int) -> None:
        """Each caller uses the version that is named for it, once an hour."""
        clock = self._house.clock
        for _ in range(hours):
            clock.advance(HOUR)
            uses = [use(key_id, version, clock(), name) for name, version in callers.items()]
            self._reporter.flush(clock(), *uses)


@pytest.fixture
def day(house: House) -> Day:
    return Day(house)


@pytest.fixture
def moved(house: House, day: Day) -> tuple[Rotation, Issued, Issued]:
    """A rotation whose two callers went over to the new version, three days and two hours ago."""
    first = created(house.vault)
    day.pass_(26, first.key.id, web=1, worker=1)
    rotation, second = handed_over(house.vault, first.key.id)
    day.pass_(LEFT, first.key.id, web=2, worker=2)
    return rotation, first, second


def test_a_whole_window_without_the_old_version_is_safe(
    house: House, moved: tuple[Rotation, Issued, Issued], day: Day
) -> None:
    vault = house.vault
    rotation, first, second = moved

    assessment = vault.verdict(rotation.id)
    assert (assessment.verdict, assessment.question) == (Verdict.SAFE, Question.RETIRE)
    assert assessment.assumption
    assert vault.rotation(rotation.id).assessment == assessment
    assert vault.retire(rotation.id).state is RotationState.SUSPENDED
    assert vault.audit(AuditFilter(type="rotation.retired"), 0, 1).entries[0].event.details["verdict"] == "SAFE"

    with pytest.raises(Unsafe):
        vault.complete(rotation.id)
    day.pass_(2, first.key.id, web=2, worker=2)
    assert vault.verdict(rotation.id).question is Question.COMPLETE
    assert vault.complete(rotation.id).state is RotationState.COMPLETED
    assert {caller.version for caller in vault.detail(second.key.id).callers} == {1, 2}


@pytest.mark.parametrize("house", ["local"], indirect=True)  # a week of hours, and the rule is the domain's
@pytest.mark.parametrize(("recorded", "safe_after"), [(3 * 24, LEFT), (7 * 24 + 1, 26)])
def test_three_silent_days_until_a_week_was_recorded(house: House, day: Day, recorded: int, safe_after: int) -> None:
    """A day of silence may be the first day of a weekend that nothing has recorded yet."""
    first = created(house.vault)
    day.pass_(recorded, first.key.id, web=1)
    rotation, _ = handed_over(house.vault, first.key.id)
    day.pass_(26, first.key.id, web=2)
    a_day = house.vault.verdict(rotation.id)
    day.pass_(safe_after - 26, first.key.id, web=2)

    assert (a_day.verdict is Verdict.SAFE) == (safe_after == 26)
    assert house.vault.verdict(rotation.id).verdict is Verdict.SAFE
    if a_day.verdict is not Verdict.SAFE:
        (reason,) = a_day.reasons
        assert (reason.verdict, reason.subject) == (Verdict.UNKNOWN, "web")
        assert reason.remedy.startswith("wait 1 d 22 h more")


def test_one_request_with_the_old_version_is_not_safe(
    house: House, moved: tuple[Rotation, Issued, Issued], day: Day
) -> None:
    rotation, first, _ = moved
    day.pass_(1, first.key.id, web=2, worker=1)

    with pytest.raises(Unsafe) as refused:
        house.vault.retire(rotation.id)

    assert refused.value.assessment.verdict is Verdict.NOT_SAFE
    assert any("worker" in reason.detail + reason.subject for reason in refused.value.assessment.reasons)


def test_somebody_who_still_tries_the_suspended_version_stops_the_revocation(
    house: House, moved: tuple[Rotation, Issued, Issued], day: Day
) -> None:
    rotation, first, _ = moved
    house.vault.retire(rotation.id)
    late = Reporter(house.sink, "api-2")
    late.flush(house.clock())
    house.clock.advance(timedelta(minutes=30))
    late.flush(house.clock(), use(first.key.id, 1, house.clock(), "batch", accepted=0, refused=3))
    day.pass_(2, first.key.id, web=2, worker=2)

    with pytest.raises(Unsafe) as refused:
        house.vault.complete(rotation.id)

    assert refused.value.assessment.verdict is Verdict.NOT_SAFE
    assert house.vault.restore(rotation.id).state is RotationState.OVERLAPPING


def test_a_consumer_that_was_never_seen_can_be_waived_by_name(house: House, day: Day) -> None:
    vault = house.vault
    first = created(vault, apps=("web", "nightly"))
    day.pass_(26, first.key.id, web=1)
    rotation, _ = handed_over(vault, first.key.id)
    day.pass_(LEFT, first.key.id, web=2)
    assert vault.verdict(rotation.id).verdict is Verdict.UNKNOWN
    subject = next(reason.subject for reason in vault.verdict(rotation.id).reasons if reason.subject)

    vault.waive(rotation.id, subject, "nightly was switched off last year")

    assessment = vault.verdict(rotation.id)
    assert assessment.verdict is Verdict.SAFE
    assert [reason.waived_by for reason in assessment.reasons if reason.subject == subject] == ["ada@bastion-2"]
    assert vault.retire(rotation.id).state is RotationState.SUSPENDED


def test_probes_are_no_use(house: House, moved: tuple[Rotation, Issued, Issued]) -> None:
    rotation, first, _ = moved

    house.vault.proof(rotation.id, first.secret)
    house.vault.check(first.secret, [], Caller.called("me"))

    assert house.vault.verdict(rotation.id).verdict is Verdict.SAFE
