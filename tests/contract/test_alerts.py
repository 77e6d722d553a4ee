"""Alerts: what opens one, that it is one, what resolves it, and who is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from keytui.domain.alerts import CLAIMED_FOR, SAME_AGAIN, Alert, AlertKind, Attempt, Severity, hold_of
from keytui.domain.audit import AuditFilter
from keytui.domain.errors import Invalid, NotFound, ReadOnly, Refused
from keytui.domain.keys import KeyEdit
from keytui.domain.rotation import Plan, Reason, Strategy
from keytui.domain.usage import NO_KEY, Caller, Flush, RouteUse, Use
from keytui.vault.protocol import Vault
from tests.contract.acts import DAY, HOUR, Reporter, created, handed_over, request, use
from tests.contract.conftest import House
from tests.world import StoppedClock

MINUTE = timedelta(minutes=1)
WEEK = 7 * DAY
EVERY = tuple(Severity)


def kinds(vault: Vault) -> list[AlertKind]:
    return [alert.signal.kind for alert in vault.alerts()]


def looked(house: House, after: timedelta = MINUTE) -> tuple[Alert, ...]:
    """What has opened at the next look of every pace but the hourly one."""
    house.clock.advance(after)
    return house.vault.tend()


def calmed(house: House) -> None:
    """Nothing happens, and somebody looks: what was seen since the look before is seen once more, then no longer."""
    looked(house)
    looked(house, HOUR)


def from_address(key_id: str, version: int, house: House, address: str, refused: int) -> Use:
    at = house.clock()
    minute = at.replace(second=0, microsecond=0)
    return Use(key_id, version, Caller.undeclared(address, "curl/8"), minute, at, at, 0, refused)


class TestOpening:
    def test_an_empty_vault_has_none(self, vault: Vault) -> None:
        assert (vault.tend(), vault.alerts(), vault.standing().alerts) == ((), (), 0)

    def test_a_burst_of_refusals_opens_one_alert_however_long_it_goes_on(self, house: House) -> None:
        key_id = created(house.vault).key.id
        reporter = Reporter(house.sink)
        for _ in range(5):
            reporter.flush(house.clock(), from_address(key_id, 1, house, "203.0.113.9", 40))
            looked(house, MINUTE)

        (alert,) = house.vault.alerts()
        assert (alert.signal.kind, alert.signal.key_id) == (AlertKind.REFUSAL_BURST, key_id)
        assert "203.0.113.9" in alert.signal.detail
        assert alert.signal.count >= 160
        assert (alert.opened_at, alert.seen_at) == (house.clock() - 4 * MINUTE, house.clock())

    def test_refusals_are_shared_out_among_the_addresses_that_had_them(self, house: House) -> None:
        key_id = created(house.vault).key.id
        Reporter(house.sink).flush(
            house.clock(),
            from_address(key_id, 1, house, "203.0.113.9", 90),
            from_address(key_id, 1, house, "203.0.113.10", 10),
        )
        (burst,) = house.vault.tend()
        assert (burst.signal.subject, burst.signal.count) == ("203.0.113.9 production", 90)

    def test_secrets_of_no_key_are_a_burst_too(self, house: House) -> None:
        Reporter(house.sink).flush(house.clock(), from_address(NO_KEY, 0, house, "203.0.113.9", 30))
        (burst,) = house.vault.tend()
        assert (burst.signal.kind, burst.signal.key_id) == (AlertKind.REFUSAL_BURST, "")

    def test_a_revoked_version_that_is_still_sent_opens_an_alert(self, house: House) -> None:
        vault, key_id = house.vault, created(house.vault).key.id
        vault.plan(key_id, Plan(Strategy.IMMEDIATE), request())
        vault.issue(vault.rotations(True, 0, 1)[0].id)
        reporter = Reporter(house.sink)
        reporter.flush(house.clock(), use(key_id, 1, house.clock(), accepted=0, refused=1))
        assert looked(house) == ()  # that one may have been under way

        house.clock.advance(2 * MINUTE)
        reporter.flush(house.clock(), use(key_id, 1, house.clock(), accepted=0, refused=1))
        (alert,) = looked(house)

        assert (alert.signal.kind, alert.signal.severity) == (AlertKind.DEAD_VERSION_USED, Severity.WARNING)
        vault.acknowledge(alert.id, "refused anyway")
        reporter.flush(house.clock(), use(key_id, 1, house.clock(), accepted=1))
        (worse,) = looked(house)
        assert (worse.signal.severity, worse.acknowledged_at) == (Severity.CRITICAL, None)
        assert (vault.alerts(), vault.standing().alerts) == ((worse,), 1)

    def test_a_spike_of_refusals_after_a_retirement_is_critical(self, house: House) -> None:
        vault, key_id = house.vault, created(house.vault).key.id
        reporter = Reporter(house.sink)
        rotation, _ = handed_over(vault, key_id)
        house.clock.advance(HOUR)
        vault.retire(rotation.id, "so")
        house.clock.advance(3 * MINUTE)
        reporter.flush(house.clock(), use(key_id, 1, house.clock(), "web-1", accepted=0, refused=12))

        opened = {alert.signal.kind: alert.signal for alert in vault.tend()}

        assert opened.keys() == {AlertKind.DEAD_VERSION_USED, AlertKind.REFUSALS_AFTER_RETIREMENT}
        spike = opened[AlertKind.REFUSALS_AFTER_RETIREMENT]
        assert (spike.severity, spike.rotation_id, spike.count) == (Severity.CRITICAL, rotation.id, 12)
        assert "; 0 in the hour before that" in spike.detail

    def test_the_minute_of_a_retirement_is_not_before_it(self, house: House) -> None:
        vault, key_id = house.vault, created(house.vault).key.id
        reporter = Reporter(house.sink)
        rotation, _ = handed_over(vault, key_id)
        house.clock.advance(HOUR)
        vault.retire(rotation.id, "so")
        reporter.flush(house.clock(), use(key_id, 1, house.clock(), "web-1", accepted=0, refused=40))
        house.clock.advance(2 * MINUTE)

        spike = {alert.signal.kind: alert.signal for alert in vault.tend()}[AlertKind.REFUSALS_AFTER_RETIREMENT]
        assert spike.count == 40
        assert "; 0 in the hour before that" in spike.detail

    def test_a_leak_stays_open_until_the_version_is_no_longer_accepted(self, house: House) -> None:
        vault, key_id = house.vault, created(house.vault).key.id
        vault.plan(key_id, Plan(Strategy.IMMEDIATE, reason=Reason.COMPROMISE), request())
        looked(house)
        assert kinds(vault) == [AlertKind.LEAK]

        vault.issue(vault.rotations(True, 0, 1)[0].id)
        looked(house)
        assert kinds(vault) == []

    def test_an_old_version_in_use_near_the_end_then_past_it(self, house: House) -> None:
        vault, key_id = house.vault, created(house.vault).key.id
        handed_over(vault, key_id)
        house.clock.advance(19 * HOUR)
        reporter = Reporter(house.sink)
        reporter.flush(house.clock(), use(key_id, 1, house.clock()))
        assert looked(house) == ()
        (near,) = looked(house, HOUR)
        (past,) = looked(house, 4 * HOUR)
        assert near.signal.kind is past.signal.kind is AlertKind.OLD_VERSION_NEAR_END
        assert near.id != past.id
        assert [alert.id for alert in vault.alerts()] == [past.id]

    def test_lifetimes_open_notices_and_warnings(self, house: House) -> None:
        vault, start = house.vault, house.clock()
        used = created(vault, "used").key.id
        created(vault, "never-used")
        created(vault, "ends", expires_at=start + 20 * DAY)
        off = created(vault, "off").key.id
        vault.disable(off, "")
        Reporter(house.sink).flush(start, use(used, 1, start), closing=True)

        def told(days: int) -> list[str]:
            house.clock.advance(start + timedelta(days=days) - house.clock())
            return [f"{alert.signal.kind} {alert.signal.key_name}" for alert in vault.tend()]

        assert told(1) == []
        assert told(6) == []
        assert told(7) == ["expiring ends", "unused used"]
        assert told(20) == ["expiring ends"]
        assert sorted(told(30)) == ["unused never-used", "unused used"]
        assert len(told(90)) == 4  # every one is due for rotation
        assert vault.standing().alerts == 1  # notices are not counted

    def test_many_of_a_kind_are_one_alert(self, house: House) -> None:
        vault = house.vault
        for number in range(21):
            created(vault, f"key-{number}", expires_at=house.clock() + 20 * DAY)
        looked(house, 10 * DAY)
        (alert,) = vault.alerts()
        assert (alert.signal.count, alert.signal.key_id) == (21, "")
        assert "21 keys that expire soon in production" in alert.signal.detail

    def test_a_new_caller_on_a_sensitive_key(self, house: House) -> None:
        vault, key_id = house.vault, created(house.vault).key.id
        vault.edit(key_id, KeyEdit(sensitive=True))  # to create it so takes a second operator at a team's vault
        plain = created(vault, "plain").key.id
        reporter = Reporter(house.sink)
        reporter.flush(house.clock(), use(key_id, 1, house.clock(), "web-1"), use(plain, 1, house.clock(), "web-1"))
        assert looked(house) == ()
        house.clock.advance(2 * DAY)
        now = house.clock()
        reporter.flush(now, *(use(one, 1, now, caller) for one in (key_id, plain) for caller in ("web-1", "stranger")))

        (alert,) = looked(house)
        assert (alert.signal.kind, alert.signal.key_id) == (AlertKind.NEW_CALLER, key_id)
        assert "stranger" in alert.signal.detail
        looked(house, DAY)
        assert AlertKind.NEW_CALLER not in kinds(vault)

    def test_a_rate_unlike_the_same_hour_of_the_weeks_before(self, house: House) -> None:
        vault, reporter, first = house.vault, Reporter(house.sink), house.clock()
        risen, fallen, calm = (created(vault, name).key.id for name in ("risen-api", "fallen-api", "calm-api"))
        reporter.flush(first - DAY, *(use(key_id, 1, first - DAY, accepted=1) for key_id in (risen, fallen, calm)))
        for week in range(4):
            at = first + week * WEEK + 30 * MINUTE
            house.clock.advance(at - house.clock())
            reporter.flush(at, use(risen, 1, at, accepted=500), use(calm, 1, at))
            reporter.flush(at, *(use(fallen, 1, at + hour, accepted=500) for hour in (-HOUR, timedelta(), HOUR)))
            looked(house, HOUR)
            assert AlertKind.PATTERN_CHANGED not in kinds(vault)
        at = first + 4 * WEEK
        house.clock.advance(at - house.clock())
        reporter.flush(at, use(risen, 1, at, accepted=5000), closing=True)

        opened = looked(house, 2 * HOUR)

        assert sorted(alert.signal.detail for alert in opened if alert.signal.kind is AlertKind.PATTERN_CHANGED) == [
            "fallen-api had 0 requests in the hour from 12:00Z; usual in that hour of the week are 500",
            "risen-api had 5,000 requests in the hour from 12:00Z; usual in that hour of the week are 500",
        ]

    def test_a_route_that_is_not_back_after_an_incident(self, house: House) -> None:
        vault, key_id = house.vault, created(house.vault).key.id
        house.sink.register("r", "api-1", "host", 1)

        def flush(number: int, **routes: int) -> None:
            now = house.clock()
            minute = now.replace(second=0, microsecond=0)
            found = tuple(RouteUse(key_id, f"/{route}", minute, count) for route, count in routes.items())
            house.sink.record(Flush("r", number, now, routes=found))

        house.clock.advance(90 * MINUTE)
        flush(1, orders=500, reports=500)
        house.clock.advance(WEEK - 90 * MINUTE)
        vault.disable(key_id, "")
        vault.enable(key_id, "")
        house.clock.advance(60 * MINUTE)
        flush(2)
        house.clock.advance(30 * MINUTE)
        flush(3, orders=500, reports=3)
        vault.tend()
        assert AlertKind.NOT_BACK not in kinds(vault)
        house.clock.advance(30 * MINUTE)
        flush(4)

        opened = [alert.signal for alert in vault.tend() if alert.signal.kind is AlertKind.NOT_BACK]

        assert [signal.subject for signal in opened] == [f"{key_id} /reports"]
        assert "3 requests" in opened[0].detail


class TestResolving:
    def test_what_comes_and_goes_resolves_after_a_while_and_not_at_once(self, house: House) -> None:
        key_id = created(house.vault).key.id
        Reporter(house.sink).flush(house.clock(), from_address(key_id, 1, house, "203.0.113.9", 40))
        (burst,) = house.vault.tend()
        hold = hold_of(AlertKind.REFUSAL_BURST)
        house.vault.tend()
        house.clock.advance(hold - MINUTE)
        house.vault.tend()
        assert house.vault.alerts()

        house.clock.advance(hold)
        house.vault.tend()

        assert house.vault.alerts() == ()
        (over,) = house.vault.alerts(resolved=True)
        assert (over.id, over.resolved_at, over.open) == (burst.id, house.clock(), False)

    def test_an_acknowledged_alert_stays_while_its_cause_does(self, house: House) -> None:
        vault, key_id = house.vault, created(house.vault, expires_at=house.clock() + DAY).key.id
        (alert,) = vault.tend()
        vault.acknowledge(alert.id, "it is renewed")
        looked(house)
        assert [one.id for one in vault.alerts()] == [alert.id]
        vault.revoke(key_id, None, Reason.LEAVER, "")
        looked(house)
        assert vault.alerts() == ()

    @pytest.mark.parametrize(("after", "same"), [(SAME_AGAIN / 2, True), (SAME_AGAIN * 2, False)])
    def test_what_comes_back_soon_is_the_same_and_later_another(
        self, house: House, after: timedelta, same: bool
    ) -> None:
        key_id = created(house.vault).key.id
        reporter = Reporter(house.sink)
        reporter.flush(house.clock(), from_address(key_id, 1, house, "203.0.113.9", 40))
        (first,) = house.vault.tend()
        calmed(house)
        assert house.vault.alerts() == ()

        house.clock.advance(after)
        reporter.flush(house.clock(), from_address(key_id, 1, house, "203.0.113.9", 40))
        opened = house.vault.tend()

        (again,) = house.vault.alerts()
        assert (again.id == first.id, opened == ()) == (same, same)

    def test_resolved_alerts_are_listed_for_30_days(self, house: House) -> None:
        key_id = created(house.vault).key.id
        Reporter(house.sink).flush(house.clock(), from_address(key_id, 1, house, "203.0.113.9", 40), closing=True)
        house.vault.tend()
        calmed(house)
        assert len(house.vault.alerts(resolved=True)) == 1
        looked(house, 31 * DAY)
        assert AlertKind.REFUSAL_BURST not in {alert.signal.kind for alert in house.vault.alerts(resolved=True)}


class TestAcknowledging:
    def test_an_acknowledged_alert_is_not_counted_and_stays_listed(self, house: House) -> None:
        vault = house.vault
        created(vault, expires_at=house.clock() + DAY)
        (alert,) = vault.tend()
        assert vault.standing().alerts == 1

        acknowledged = vault.acknowledge(alert.id, "renewing it today")

        assert (acknowledged.acknowledged_by, acknowledged.note) == ("ada@bastion-2", "renewing it today")
        assert (vault.standing().alerts, vault.alerts()) == (0, (acknowledged,))
        (entry,) = vault.audit(AuditFilter("alert.acknowledged"), 0, 9).entries
        assert (entry.event.key_name, entry.event.details["note"]) == ("checkout-api", "renewing it today")

    def test_the_log_keeps_no_address(self, house: House) -> None:
        Reporter(house.sink).flush(house.clock(), from_address(NO_KEY, 0, house, "203.0.113.9", 40))
        (alert,) = house.vault.tend()
        house.vault.acknowledge(alert.id, "a scanner")
        assert "203.0.113.9" not in repr(house.vault.audit(AuditFilter(), 0, 99))

    def test_what_cannot_be_acknowledged(self, house: House) -> None:
        vault = house.vault
        created(vault, expires_at=house.clock() + DAY)
        (alert,) = vault.tend()
        with pytest.raises(Invalid, match="note"):
            vault.acknowledge(alert.id, "  ")
        with pytest.raises(NotFound):
            vault.acknowledge(4711, "so")
        with pytest.raises(ReadOnly):
            house.as_("bob", read_only=True).acknowledge(alert.id, "so")
        vault.acknowledge(alert.id, "seen")
        with pytest.raises(Refused, match="ada@bastion-2"):
            vault.acknowledge(alert.id, "me too")

    def test_a_resolved_one_needs_nobody(self, house: House) -> None:
        vault, key_id = house.vault, created(house.vault, expires_at=house.clock() + DAY).key.id
        (alert,) = vault.tend()
        vault.revoke(key_id, None, Reason.LEAVER, "")
        looked(house)
        with pytest.raises(Refused, match="resolved"):
            vault.acknowledge(alert.id, "late")


class TestTending:
    def test_a_look_a_moment_ago_is_enough_whoever_looked(self, house: House) -> None:
        created(house.vault, expires_at=house.clock() + DAY)
        assert len(house.vault.tend()) == 1
        created(house.vault, "other", expires_at=house.clock() + DAY)
        assert house.as_("bob").tend() == ()
        assert [alert.signal.key_name for alert in looked(house)] == ["other"]

    def test_it_works_in_a_read_only_profile_and_writes_no_log(self, house: House) -> None:
        created(house.vault, expires_at=house.clock() + DAY)
        bob = house.as_("bob", read_only=True)
        entries = house.vault.audit(AuditFilter(), 0, 1).total
        assert len(bob.tend()) == 1
        assert house.vault.audit(AuditFilter(), 0, 1).total == entries

    def test_a_clock_that_went_back_stops_no_look(self, house: House) -> None:
        house.clock.advance(DAY)
        house.vault.tend()
        house.clock.advance(-DAY)
        created(house.vault, expires_at=house.clock() + DAY)
        assert len(house.vault.tend()) == 1


class TestTelling:
    @pytest.fixture
    def alert(self, house: House) -> Alert:
        created(house.vault, expires_at=house.clock() + DAY)
        (alert,) = house.vault.tend()
        return alert

    def test_each_destination_is_told_once(self, house: House, alert: Alert) -> None:
        vault = house.vault
        for destination in ("a", "b"):
            claimed = vault.claim_notification(destination, EVERY)
            assert claimed is not None
            assert claimed.alert.id == alert.id
            vault.note_attempt(claimed, Attempt())
        looked(house, DAY / 2)
        assert vault.claim_notification("a", EVERY) is None
        assert vault.claim_notification("b", EVERY) is None

    def test_what_one_has_claimed_no_other_sends_until_it_has_plainly_died(self, house: House, alert: Alert) -> None:
        claimed = house.vault.claim_notification("a", EVERY)
        bob = house.as_("bob")
        assert bob.claim_notification("a", EVERY) is None
        house.clock.advance(CLAIMED_FOR)
        again = bob.claim_notification("a", EVERY)
        assert claimed is not None
        assert again is not None
        assert claimed.id == again.id

    def test_a_failure_is_tried_again_with_growing_pauses_and_said_meanwhile(self, house: House, alert: Alert) -> None:
        vault, pauses, ids = house.vault, [], set()
        for _ in range(3):
            claimed = vault.claim_notification("a", EVERY)
            assert claimed is not None
            ids.add(claimed.id)
            vault.note_attempt(claimed, Attempt("it answered 500"))
            failed = house.clock()
            assert vault.alerts()[0].unsent == "a: it answered 500"
            while vault.claim_notification("a", EVERY) is None:
                house.clock.advance(MINUTE)
            pauses.append(house.clock() - failed)
            house.clock.advance(CLAIMED_FOR)
        assert pauses == [MINUTE, 4 * MINUTE, 16 * MINUTE]
        claimed = vault.claim_notification("a", EVERY)
        assert claimed is not None
        vault.note_attempt(claimed, Attempt())
        assert vault.alerts()[0].unsent == ""
        assert ids == {claimed.id}

    def test_acknowledged_and_less_serious_ones_are_not_sent(self, house: House, alert: Alert) -> None:
        assert house.vault.claim_notification("a", (Severity.CRITICAL,)) is None
        house.vault.acknowledge(alert.id, "seen")
        assert house.vault.claim_notification("a", EVERY) is None

    def test_what_resolved_unsent_is_told_for_a_day(self, house: House, alert: Alert) -> None:
        house.vault.revoke(alert.signal.key_id, None, Reason.LEAVER, "")
        looked(house)
        assert house.vault.alerts() == ()
        claimed = house.vault.claim_notification("a", EVERY)
        assert claimed is not None
        assert claimed.alert.resolved_at == house.clock()
        house.clock.advance(DAY + MINUTE)
        assert house.vault.claim_notification("b", EVERY) is None

    def test_two_vaults_give_different_ids(self, house: House, alert: Alert, clock: StoppedClock) -> None:
        claimed = house.vault.claim_notification("a", EVERY)
        assert claimed is not None
        first = house.vault.audit(AuditFilter(), house.vault.audit(AuditFilter(), 0, 1).total - 1, 1).entries[0]
        assert claimed.id == f"alert-{first.hash[:12]}-{alert.id}"
