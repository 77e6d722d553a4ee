"""The chain hashed as its rows stand finds what the domain's own rule finds, whatever was done to an entry."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from keytui.domain.audit import GENESIS, Event, first_break, link
from keytui.vault.local.chain import first_broken
from keytui.vault.local.entry_rows import insert_entries
from keytui.vault.local.mapping import entry_of
from keytui.vault.local.tables import AuditRow
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.world import NOON

TEXTS = st.one_of(
    st.sampled_from(["", "production", 'a "b"', "back\\slash", '", "', '": "', "naïve", "日本", "😀"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8),
)
EVENTS = st.builds(
    Event,
    type=st.sampled_from(["key.created", "rotation.completed"]),
    key_id=TEXTS,
    key_name=TEXTS,
    version=st.none() | st.integers(0, 9),
    rotation_id=st.none() | st.integers(0, 9),
    details=st.dictionaries(TEXTS, TEXTS, max_size=4),
    refused=st.booleans(),
)
AT = st.integers(-(10**15), 10**15).map(lambda passed: NOON + timedelta(microseconds=passed))
OTHERS: Mapping[str, st.SearchStrategy[object]] = {"version": st.integers(0, 9), "at": AT, "refused": st.booleans()}
WRITTEN = {"env": "production", "reason": "scheduled"}
SPELT_OTHERWISE = (
    '{"reason": "scheduled", "env": "production"}',
    '{"env":"production","reason":"scheduled"}',
    '{"env": "production", "env": "production", "reason": "scheduled"}',
    '{"env": "\\u0070roduction", "reason": "scheduled"}',
)
"""The same to who reads it: nothing was changed."""
CHANGED = (
    '{"env": "production"}',
    '{"env","production"],["reason","scheduled"}',
    '{"env": "production", "reason", "scheduled"}',
    '[["env","production"],["reason","scheduled"]]',
    '{"env": "production", "reason": "scheduled"',
    '{"env": "production", "reason": "scheduled"}}',
    '{"env": "production", "reason": 1}',
    "{}",
    "",
    "no json",
)


@pytest.fixture
def vault(on_either: Profile) -> Iterator[LocalVault]:
    vault = LocalVault.open(on_either)
    yield vault
    vault.close()


def write(session: Session, events: list[Event]) -> None:
    session.connection().execute(delete(AuditRow))
    previous, at = GENESIS, NOON
    for number, event in enumerate(events, 1):
        at += timedelta(seconds=17, microseconds=number)
        entry = link(number, at, "ada@bastion-2", event, previous)
        insert_entries(session, [(entry, "")])
        previous = entry.hash


def by_the_rule(session: Session) -> int | None:
    rows = session.exec(select(AuditRow).order_by(col(AuditRow.sequence)))
    return first_break([entry_of(row) for row in rows])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(EVENTS, min_size=1, max_size=4),
    st.sampled_from(["actor", "type", "key_id", "key_name", "details", "previous", "hash", "version", "at", "refused"]),
    st.data(),
)
def test_an_entry_that_was_changed_is_found_as_by_the_rule(
    vault: LocalVault, events: list[Event], column: str, data: st.DataObject
) -> None:
    with vault._ground.database.writing() as session:
        write(session, events)
        assert first_broken(session) is None
        place = data.draw(st.integers(1, len(events)))
        changed = update(AuditRow).where(col(AuditRow.sequence) == place)
        session.connection().execute(changed.values({column: data.draw(OTHERS.get(column, TEXTS))}))
        session.expire_all()
        assert first_broken(session) == by_the_rule(session)


def test_details_may_be_spelt_otherwise_and_not_say_otherwise(vault: LocalVault) -> None:
    with vault._ground.database.writing() as session:
        write(session, [Event("key.created", "id", "name", 1, details=WRITTEN), Event("key.edited")])
        for details, broken in ((one, one in CHANGED) for one in (json.dumps(WRITTEN), *SPELT_OTHERWISE, *CHANGED)):
            session.connection().execute(update(AuditRow).where(col(AuditRow.sequence) == 1).values(details=details))
            session.expire_all()
            assert first_broken(session) == by_the_rule(session) == (1 if broken else None), details
