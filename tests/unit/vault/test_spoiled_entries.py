"""An entry of the log that somebody made unreadable: what reads it is refused with the way out, and hides nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import cycle
from typing import Final

import pytest

from keytui.domain.errors import Refused
from keytui.domain.incidents import IncidentDraft
from keytui.domain.keys import KeyDraft
from keytui.domain.query import parse
from keytui.domain.reviews import Decision
from keytui.domain.rotation import Plan
from keytui.vault.local.evidence.probed import refuse_let_in
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.unit.vault.access.methods import PROBED

SPOILED: Final = ("at = 'noon'", "actor = x'ff00'", "details = x'7b7d'")


@pytest.fixture
def lived(vault: LocalVault) -> tuple[str, int, int]:
    """A key, its retired rotation and its open incident: each type of entry that is read back is in its log."""
    issued = vault.create(KeyDraft("checkout", "production"), "create")
    key_id = issued.key.id
    incident = vault.open_incident(IncidentDraft("it leaked", (key_id,)))
    vault.sign_off(key_id, Decision.KEPT, "used")
    vault.note_copied(key_id, 1, "a clipboard")
    rotation = vault.plan(key_id, Plan(), "plan")
    vault.prove(rotation.id, vault.issue(rotation.id).secret)
    vault.retire(rotation.id, "it is a test")
    vault.note_probed(rotation.id, PROBED)
    return key_id, rotation.id, incident.id


def spoil(profile: Profile, change: str, of_type: str) -> None:
    with closing(sqlite3.connect(profile.directory / "vault.db")) as database:
        assert database.execute(f"UPDATE audit SET {change} WHERE type = ?", (of_type,)).rowcount > 0  # noqa: S608
        database.commit()


Ask = Callable[[LocalVault, str, int], object]
READS: Final[dict[str, tuple[str, Ask]]] = {
    "evidence": ("rotation.issued", lambda vault, key, rotation: vault.audit_extract(key, rotation)),
    "proof": ("rotation.retired", lambda vault, key, rotation: vault.proof(rotation)),
    "last review": ("key.reviewed", lambda vault, key, rotation: vault.reviews(parse(""), 0, 9)),
    "who has seen it": ("value.copied", lambda vault, key, rotation: vault.reviews(parse(""), 0, 9)),
}


@pytest.mark.parametrize(("read", "change"), zip(READS, cycle(SPOILED)))
def test_what_needs_it_is_refused(
    vault: LocalVault, profile: Profile, lived: tuple[str, int, int], read: str, change: str
) -> None:
    of_type, ask = READS[read]
    spoil(profile, change, of_type)

    with pytest.raises(Refused, match="of the audit log was changed and cannot be read") as refused:
        ask(vault, lived[0], lived[1])

    assert "keytui audit verify" in refused.value.hint


@pytest.mark.parametrize("change", SPOILED[:2])
def test_no_rotation_is_completed_on_a_word_that_cannot_be_read(
    vault: LocalVault, profile: Profile, lived: tuple[str, int, int], change: str
) -> None:
    spoil(profile, change, "proof.probed")

    with vault._ground.database.reading() as session, pytest.raises(Refused, match="cannot be read"):
        refuse_let_in(session, vault.rotation(lived[1]).rotation)


@pytest.mark.parametrize("change", SPOILED[:1])
def test_a_change_is_made_after_an_entry_that_cannot_be_read(
    vault: LocalVault, profile: Profile, lived: tuple[str, int, int], change: str
) -> None:
    spoil(profile, change, "proof.probed")  # the newest

    assert vault.create(KeyDraft("another", "production"), "another").version.number == 1
    assert vault.verify_audit().broken_at is not None


@pytest.mark.parametrize("change", SPOILED[1:])
def test_it_hides_no_incident(vault: LocalVault, profile: Profile, lived: tuple[str, int, int], change: str) -> None:
    spoil(profile, change, "rotation.retired")

    told = vault.incident(lived[2])

    assert [moment.text for moment in told.timeline if "cannot be read" in moment.text]
    assert told.incident.title == "it leaked"
