"""Incidents: opened, told as a timeline, closed on numbers, and found again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from keytui.domain.audit import AuditFilter
from keytui.domain.errors import Invalid, NotFound, ReadOnly, Refused
from keytui.domain.incidents import Closing, Former, Happening, Incident, IncidentDraft
from keytui.domain.rotation import First, Plan, Reason, Strategy
from keytui.domain.usage import Caller
from keytui.vault.emergency import Emergency
from keytui.vault.model import Delivery
from keytui.vault.outside import Outside
from keytui.vault.protocol import Vault
from tests.contract.acts import HOUR, Reporter, created, request, use
from tests.contract.conftest import House

CLOSING = Closing("a .env file was committed", "rotated, and the file is gone", "scan before a push")
EMERGENCY = Plan(Strategy.EMERGENCY, First.REVOKE, Reason.COMPROMISE)


def opened(vault: Vault, *key_ids: str, title: str = "in a public repository") -> Incident:
    return vault.open_incident(IncidentDraft(title, key_ids))


def a_day_of_use(house: House, key_id: str, an_hour: int = 400) -> Reporter:
    """The key is used for a day, `an_hour` requests each hour; it is the full hour afterwards."""
    reporter = Reporter(house.sink)
    for _ in range(24):
        house.clock.advance(HOUR)
        at = house.clock() - HOUR / 2
        reporter.flush(at, use(key_id, 1, at, "web-1", accepted=an_hour))
    return reporter


def replaced_at_once(vault: Vault, key_id: str, clock: House) -> None:
    rotation = vault.plan(key_id, EMERGENCY, request())
    issued = vault.issue(rotation.id)
    vault.handed_over(rotation.id, Delivery("env", "proven", clock.clock(), issued.version.fingerprint))


class TestOpening:
    def test_it_holds_the_keys_as_they_are_and_is_in_the_log_of_each(self, house: House) -> None:
        first, second = (created(house.vault, name).key.id for name in ("checkout-api", "billing"))

        incident = opened(house.vault, first, second, first)

        assert incident.open
        assert [(key.name, key.version) for key in incident.keys] == [("billing", 1), ("checkout-api", 1)]
        assert (incident.opened_by, incident.opened_at) == ("ada@bastion-2", house.clock())
        for key_id in (first, second):
            (entry,) = house.vault.audit(AuditFilter("incident", key_id=key_id), 0, 9).entries
            assert (entry.event.type, entry.event.details["incident"]) == ("incident.opened", str(incident.id))

    def test_what_cannot_be_opened(self, house: House) -> None:
        vault, key_id = house.vault, created(house.vault).key.id
        other = created(house.vault, "other", tenant="acme").key.id
        with pytest.raises(Invalid, match="title"):
            opened(vault, key_id, title=" ")
        with pytest.raises(Invalid, match="keys"):
            opened(vault)
        with pytest.raises(Invalid, match="several tenants"):
            opened(vault, key_id, other)
        with pytest.raises(NotFound):
            opened(vault, "k" * 16)
        with pytest.raises(ReadOnly):
            opened(house.as_("bob", read_only=True), key_id)


class TestTelling:
    def test_the_timeline_has_what_was_done_who_was_cut_off_and_the_notes(self, house: House) -> None:
        vault, key_id = house.vault, created(house.vault).key.id
        reporter = a_day_of_use(house, key_id)
        incident = opened(vault, key_id)
        house.clock.advance(timedelta(seconds=2))
        assert vault.incident(incident.id).let_in == (Former("checkout-api", 1),)
        replaced_at_once(vault, key_id, house)
        assert vault.incident(incident.id).let_in == ()
        house.clock.advance(timedelta(minutes=1))
        vault.note_incident(incident.id, "the host is off the network")
        now = house.clock()
        reporter.flush(now, use(key_id, 1, now, "web-1", accepted=0, refused=9), use(key_id, 2, now, "web-1"))

        told = vault.incident(incident.id)

        (web,) = told.cut_off
        assert (web.caller, web.version, web.refused) == ("web-1", 1, 9)
        assert (web.last_let_in_at, web.back_at) == (incident.opened_at - HOUR / 2, now)
        kinds = [moment.what for moment in told.timeline]
        assert (kinds[0], kinds[-1]) == (Happening.OPENED, Happening.NOTE)
        assert kinds.count(Happening.CUT_OFF) == 1
        texts = "\n".join(moment.text for moment in told.timeline)
        assert "rotation.old-revoked: checkout-api v1; reason compromise" in texts
        assert "rotation.delivered: checkout-api v2; how env" in texts
        assert "created" not in texts  # before it was opened

    def test_who_had_stopped_using_it_before_is_not_cut_off(self, house: House) -> None:
        vault, key_id = house.vault, created(house.vault).key.id
        a_day_of_use(house, key_id)
        replaced_at_once(vault, key_id, house)
        house.clock.advance(HOUR)
        assert vault.incident(opened(vault, key_id).id).cut_off == ()


class TestClosing:
    def test_the_load_has_to_be_back_and_is_said_with_numbers(self, house: House) -> None:
        vault, key_id = house.vault, created(house.vault).key.id
        reporter = a_day_of_use(house, key_id)
        incident = opened(vault, key_id)
        replaced_at_once(vault, key_id, house)
        with pytest.raises(Refused, match="too early to tell"):
            vault.close_incident(incident.id, CLOSING)

        house.clock.advance(HOUR)
        with pytest.raises(Refused, match="400 to 400 in the hours before the incident; 0 requests an hour"):
            vault.close_incident(incident.id, CLOSING)

        house.clock.advance(HOUR)
        at = house.clock() - HOUR / 2
        reporter.flush(at, use(key_id, 2, at, "web-2", accepted=379))
        with pytest.raises(Refused, match="cut off and are not back: 1"):
            vault.close_incident(incident.id, CLOSING)
        reporter.flush(at, use(key_id, 2, at, "web-1"))
        (load,) = vault.incident(incident.id).load
        assert load.back
        closed = vault.close_incident(incident.id, CLOSING)

        assert (closed.open, closed.closed_by, closed.lessons) == (False, "ada@bastion-2", "scan before a push")
        assert "380 requests an hour" in closed.load
        (entry,) = vault.audit(AuditFilter("incident.closed"), 0, 9).entries
        assert entry.event.details["load"] == closed.load
        assert vault.incident(incident.id).timeline[-1].what is Happening.CLOSED

    def test_an_override_says_why_and_is_in_the_log(self, house: House) -> None:
        vault, key_id = house.vault, created(house.vault).key.id
        a_day_of_use(house, key_id)
        incident = opened(vault, key_id)
        vault.close_incident(incident.id, replace(CLOSING, override="the shop is switched off"))
        (entry,) = vault.audit(AuditFilter("incident.closed"), 0, 9).entries
        assert entry.event.details["override"] == "the shop is switched off"

    def test_what_is_missing_is_named_and_the_end_is_final(self, house: House) -> None:
        vault = house.vault
        incident = opened(vault, created(vault).key.id)
        with pytest.raises(Invalid, match="the cause and the lessons learned"):
            vault.close_incident(incident.id, Closing(" ", "rotated", ""))
        vault.close_incident(incident.id, CLOSING)  # nothing was ever counted: nothing is missing
        with pytest.raises(Refused, match="closed by ada"):
            vault.note_incident(incident.id, "late")
        with pytest.raises(Refused, match="closed by ada"):
            vault.close_incident(incident.id, CLOSING)


class TestFinding:
    def test_closed_ones_are_found_by_key_and_by_any_of_their_words(self, house: House) -> None:
        vault = house.vault
        one, other = (created(vault, name).key.id for name in ("checkout-api", "billing"))
        first, second = opened(vault, one, title="Öffentlich"), opened(vault, other)
        vault.note_incident(first.id, "seen by Mallory")
        vault.close_incident(first.id, CLOSING)

        def found(search: str = "", open_only: bool = False) -> list[int]:
            return [each.id for each in vault.incidents(open_only=open_only, search=search)]

        assert found() == [second.id, first.id]
        assert found(open_only=True) == [second.id]
        for text in ("CHECKOUT", one, "öffentlich", "mallory", "committed", "file is gone", "a push"):
            assert found(text) == [first.id]
        assert found("%") == found("nothing of that") == []

    def test_what_is_not_there(self, house: House) -> None:
        for ask in (house.vault.incident, lambda number: house.vault.note_incident(number, "so")):
            with pytest.raises(NotFound, match="no incident #4711"):
                ask(4711)


def test_an_emergency_is_the_same_over_every_vault(house: House) -> None:
    vault, old = house.vault, created(house.vault)
    around = Outside(old.key, "", None, (), (), (), {})
    told: list[str] = []

    response = Emergency(vault, around, First.REVOKE, house.clock, lambda said: told.append(said.text)).respond("leak")

    assert response.issued is not None
    assert response.failure is None
    assert not vault.check(old.secret, (), Caller.called("test")).valid
    assert vault.check(response.issued.secret, (), Caller.called("test")).valid
    assert told == ["incident #1 is open: leak", "v1 is revoked here", "v2 is accepted, with the same scopes"]
