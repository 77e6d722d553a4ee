"""Forgetting a person, and usage that ages: what is counted stays counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keytui.domain.audit import AuditFilter
from keytui.domain.errors import Invalid, ReadOnly
from keytui.domain.incidents import Closing, IncidentDraft
from keytui.domain.rotation import Rotation
from keytui.domain.usage import NO_KEY, OTHER_CALLERS, UNKNOWN_CALLER, Caller, Use
from keytui.domain.verdict import Verdict
from keytui.vault.protocol import Vault
from tests.contract.acts import DAY, HOUR, LEFT, Reporter, created, handed_over, use
from tests.contract.conftest import House

ADDRESS = "192.0.2.7"
CURL = Caller.undeclared(ADDRESS, "curl/8")
NEIGHBOUR = Caller.undeclared("192.0.2.70", "curl/8")


def seen(house: House, key_id: str, *callers: Caller, version: int = 1) -> None:
    """One request of each, now."""
    at = house.clock()
    minute = at.replace(second=0, microsecond=0)
    uses = (Use(key_id, version, caller, minute, at, at, 1) for caller in callers)
    Reporter(house.sink).flush(at, *uses, closing=True)


def names(vault: Vault, key_id: str) -> set[str]:
    return {found.caller.name for found in vault.callers(key_id)}


def test_an_address_is_forgotten_everywhere_and_counts_and_times_stay(house: House) -> None:
    vault = house.vault
    one, other = created(vault).key.id, created(vault, "search-api").key.id
    seen(house, one, CURL, Caller.undeclared(ADDRESS, "firefox"), NEIGHBOUR, Caller.called("web-1", ADDRESS, "curl/8"))
    seen(house, other, CURL)
    before = {(found.accepted, found.first_seen, found.last_seen) for found in vault.callers(one)}

    assert vault.erase(ADDRESS) == 4

    assert {(found.accepted, found.first_seen, found.last_seen) for found in vault.callers(one)} == before
    assert names(vault, one) >= {"web-1", NEIGHBOUR.name}
    callers = (*vault.callers(one), *vault.callers(other))
    assert not [found for found in callers if f"{ADDRESS} " in f"{found.caller.name} {found.caller.address} "]
    assert len(names(vault, one)) == 4
    assert names(vault, one) & names(vault, other)  # the same number wherever it was the same caller


def test_a_name_is_forgotten_and_the_log_does_not_repeat_it(house: House) -> None:
    key_id = created(house.vault).key.id
    seen(house, key_id, Caller.called("ada-laptop"))

    assert house.vault.erase("ada-laptop") == 1

    (entry,) = house.vault.audit(AuditFilter(type="caller"), 0, 9).entries
    assert entry.event.type == "caller.erased"
    assert "ada-laptop" not in repr(entry)
    assert names(house.vault, key_id).isdisjoint({"ada-laptop"})


def test_nobody_is_found_twice(house: House) -> None:
    key_id = created(house.vault).key.id
    seen(house, key_id, CURL)
    house.vault.erase(ADDRESS)

    assert house.vault.erase(ADDRESS) == 0
    assert house.vault.erase("the") == 0


def test_nobody_in_particular_cannot_be_forgotten(house: House) -> None:
    with pytest.raises(Invalid):
        house.vault.erase(" ")


def test_a_person_who_is_erased_is_in_no_incident_either(house: House) -> None:
    vault, key_id = house.vault, created(house.vault).key.id
    seen(house, key_id, CURL)
    incident = vault.open_incident(IncidentDraft(f"stolen by {ADDRESS}", (key_id,)))
    vault.note_incident(incident.id, f"seen from {ADDRESS} at noon")
    vault.close_incident(incident.id, Closing(ADDRESS, f"{ADDRESS} is shut out", f"trust no {ADDRESS}", f"{ADDRESS}!"))

    assert vault.erase(ADDRESS) == 3

    told = vault.incident(incident.id)
    assert ADDRESS not in repr(told)
    (name,) = names(vault, key_id)
    assert f"seen from {name} at noon" in [moment.text for moment in told.timeline]


def test_a_reader_cannot_erase(house: House) -> None:
    with pytest.raises(ReadOnly):
        house.as_("bob", read_only=True).erase(ADDRESS)


def moved_but_for_one(house: House) -> Rotation:
    """A rotation whose straggler, known by its address, is set aside by name."""
    vault, clock = house.vault, house.clock
    key_id = created(vault).key.id
    recorder = Reporter(house.sink)

    def hours(count: int, *uses: Use) -> None:
        for _ in range(count):
            now = clock()
            recorder.flush(now, *(replace(each, minute=now, first_at=now, last_at=now) for each in uses))
            clock.advance(HOUR)

    straggler = replace(use(key_id, 1, clock()), caller=CURL)
    hours(24, use(key_id, 1, clock()), straggler)
    rotation, _ = handed_over(vault, key_id)
    hours(LEFT, use(key_id, 2, clock()))
    recorder.flush(clock())
    vault.waive(rotation.id, CURL.name, "the laptop is switched off")
    return rotation


def test_no_verdict_changes(house: House) -> None:
    rotation = moved_but_for_one(house)
    before = house.vault.verdict(rotation.id)
    assert before.verdict is Verdict.SAFE

    house.vault.erase(ADDRESS)

    assert house.vault.verdict(rotation.id).verdict is Verdict.SAFE
    assert ADDRESS not in repr(house.vault.verdict(rotation.id))
    assert ADDRESS not in repr(house.vault.rotation(rotation.id))


@pytest.mark.parametrize("nobody", [OTHER_CALLERS, UNKNOWN_CALLER])
def test_callers_that_are_not_told_apart_are_nobody_to_forget(house: House, nobody: Caller) -> None:
    key_id = created(house.vault).key.id
    seen(house, key_id, nobody)
    rotation, _ = handed_over(house.vault, key_id)
    before = house.vault.verdict(rotation.id)

    assert house.vault.erase(nobody.name) == 0

    assert house.vault.verdict(rotation.id) == before


def test_addresses_of_strangers_are_forgotten_too(house: House) -> None:
    now = house.clock()
    stranger = Use(NO_KEY, 0, Caller.undeclared("2001:db8::7"), now, now, now, refused=3)
    Reporter(house.sink).flush(now, stranger, closing=True)

    assert house.vault.erase("2001:DB8:0::7") == 1


def test_totals_stay_while_usage_ages(house: House) -> None:
    key_id = created(house.vault).key.id
    began = house.clock()
    recorder = Reporter(house.sink)
    for _ in range(100):
        recorder.flush(house.clock(), use(key_id, 1, house.clock(), accepted=3, refused=1))
        house.clock.advance(DAY / 2)

    (usage,) = house.vault.usage(key_id, began, 1)
    (caller,) = house.vault.callers(key_id)
    assert (usage.accepted, usage.refused) == (caller.accepted, caller.refused) == (300, 100)
