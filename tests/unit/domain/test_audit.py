"""The audit chain: whatever is done to it shows at the first entry that does not follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytui.domain.audit import GENESIS, Actor, AuditEntry, Event, first_break, link
from tests.world import NOON

SECOND = timedelta(seconds=1)


def chain(length: int = 6) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    for sequence in range(1, length + 1):
        event = Event("key.created", f"k{sequence}", "checkout", 1, 7, {"a": "1", "b": "2"})
        previous = entries[-1].hash if entries else GENESIS
        entries.append(link(sequence, NOON + sequence * SECOND, "ada@bastion", event, previous))
    return entries


def test_an_untouched_chain_holds() -> None:
    assert first_break(chain()) is None
    assert first_break([]) is None
    assert first_break(chain()[3:], previous=chain()[2].hash, expected=4) is None


EDITS: dict[str, Callable[[AuditEntry], AuditEntry]] = {
    "at": lambda e: replace(e, at=e.at + timedelta(microseconds=1)),
    "actor": lambda e: replace(e, actor="eve"),
    "sequence": lambda e: replace(e, sequence=e.sequence + 1),
    "previous": lambda e: replace(e, previous="f" * 64),
    "hash": lambda e: replace(e, hash="f" * 64),
    "type": lambda e: replace(e, event=replace(e.event, type="key.revoked")),
    "key id": lambda e: replace(e, event=replace(e.event, key_id="k9")),
    "key name": lambda e: replace(e, event=replace(e.event, key_name="other")),
    "version": lambda e: replace(e, event=replace(e.event, version=None)),
    "rotation": lambda e: replace(e, event=replace(e.event, rotation_id=8)),
    "details": lambda e: replace(e, event=replace(e.event, details={"a": "1", "b": "3"})),
    "refused": lambda e: replace(e, event=replace(e.event, refused=True)),
    "an edit with its own hash made good": lambda e: link(e.sequence, e.at, "eve", e.event, e.previous),
}


@pytest.mark.parametrize("edit", EDITS)
@given(place=st.integers(0, 4))
def test_an_edit_shows(edit: str, place: int) -> None:
    entries = chain()
    entries[place] = EDITS[edit](entries[place])
    assert first_break(entries) == place + (2 if edit.startswith("an edit") else 1)


@given(st.integers(0, 4))
def test_a_deletion_shows(place: int) -> None:
    entries = chain()
    del entries[place]
    assert first_break(entries) == place + 1


def test_a_chain_that_was_written_anew_without_its_beginning_shows() -> None:
    assert first_break([link(2, NOON, "eve", Event("key.created"), GENESIS)]) == 1


@given(st.permutations(range(6)))
def test_a_reordering_shows(order: list[int]) -> None:
    entries = chain()
    moved = next((place for place, was in enumerate(order) if place != was), None)
    assert first_break([entries[place] for place in order]) == (None if moved is None else moved + 1)


@given(st.integers(0, 6))
def test_an_insertion_shows(place: int) -> None:
    entries = chain()
    before = entries[place - 1].hash if place else GENESIS
    entries.insert(place, link(place + 1, NOON, "eve", Event("key.created"), before))
    assert first_break(entries) == (place + 2 if place < 6 else None)
    entries[place] = chain()[0] if place else chain()[1]
    assert first_break(entries) == place + 1


def test_the_order_of_details_and_the_zone_of_a_time_are_no_edit() -> None:
    entry = chain(1)[0]
    elsewhere = entry.at.astimezone(timezone(timedelta(hours=2)))
    same = replace(entry, at=elsewhere, event=replace(entry.event, details={"b": "2", "a": "1"}))
    assert first_break([same]) is None
    assert same.at.astimezone(UTC) == entry.at


def test_an_actor_is_written_with_its_host_if_it_has_one() -> None:
    assert [str(Actor("ada", "bastion")), str(Actor("svc-deploy"))] == ["ada@bastion", "svc-deploy"]
