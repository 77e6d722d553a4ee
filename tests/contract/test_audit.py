"""The log, for those who must trust it from outside."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from keytui.domain.audit import AuditEntry, AuditFilter
from keytui.domain.errors import NotFound
from keytui.domain.keys import KeyDraft
from keytui.domain.rotation import Plan, Reason, Strategy
from keytui.domain.secrets import Secret
from keytui.vault.audit_export import every_entry
from keytui.vault.model import Found
from keytui.vault.protocol import Vault
from tests.contract.acts import created, handed_over, request
from tests.contract.conftest import House


def entries(vault: Vault, **which: object) -> list[AuditEntry]:
    return list(vault.audit(replace(AuditFilter(), **which), 0, 200).entries)  # type: ignore[arg-type]  # by name


def test_every_entry_of_a_rotation_tells_both_fingerprints(house: House) -> None:
    vault = house.vault
    key = created(vault).key
    rotation, _ = handed_over(vault, key.id)
    vault.leave_note(rotation.id, "web-2 comes on Monday")
    house.clock.advance(timedelta(hours=1))
    vault.retire(rotation.id, "so")
    vault.restore(rotation.id)
    vault.retire(rotation.id, "so")
    vault.complete(rotation.id, "so")

    new, old = vault.detail(key.id).versions
    told = entries(vault, type="rotation")
    assert {entry.event.rotation_id for entry in told} == {rotation.id}
    assert {entry.event.details.get("old_fingerprint") for entry in told} == {old.fingerprint}
    planned, *others = reversed(told)
    assert "new_fingerprint" not in planned.event.details
    assert {entry.event.details.get("new_fingerprint") for entry in others} == {new.fingerprint}
    assert None not in {entry.event.version for entry in told}


def test_the_words_of_a_rotation_are_in_its_first_entry(vault: Vault) -> None:
    key_id = created(vault).key.id
    vault.plan(key_id, Plan(reason_text="the quarter ends"), request())

    (planned,) = entries(vault, type="rotation.planned")
    assert planned.event.details["note"] == "the quarter ends"
    (told,) = json.loads(vault.audit_extract(key_id).document)["entries"]
    assert told["details"]["note"] == "the quarter ends"
    assert vault.verify_audit().broken_at is None


def test_a_weak_value_has_no_fingerprint_in_the_log(vault: Vault) -> None:
    draft = KeyDraft("", "production")
    (imported,) = vault.adopt([Found("legacy", "API_KEY", Secret("hunter2-hunter2"))], draft).added
    vault.plan(imported.key.id, Plan(Strategy.IMMEDIATE), request())
    vault.issue(vault.rotations(True, 0, 1)[0].id)

    told = [entry.event.details for entry in entries(vault, key_id=imported.key.id)]
    assert not any("old_fingerprint" in details for details in told)
    assert sum("new_fingerprint" in details for details in told) == 1


def test_a_revocation_tells_the_fingerprint_and_the_version(vault: Vault) -> None:
    issued = created(vault)
    vault.revoke(issued.key.id, None, Reason.LEAVER, "")
    (entry,) = entries(vault, type="key.revoked")
    assert (entry.event.version, entry.event.details["old_fingerprint"]) == (1, issued.version.fingerprint)


def test_the_log_is_filtered_by_who_and_by_version(house: House) -> None:
    key_id = created(house.vault).key.id
    handed_over(house.vault, key_id)
    house.as_("grace").disable(key_id, "")

    (disabled,) = (entry for entry in entries(house.vault, type="key.disabled"))
    assert disabled.actor.startswith("grace@")
    assert {entry.actor for entry in entries(house.vault, actor="grace")} == {disabled.actor}
    assert entries(house.vault, actor=disabled.actor) == entries(house.vault, actor="grace")
    assert entries(house.vault, actor="gra") == []
    second = {entry.event.type for entry in entries(house.vault, key_version=2)}
    assert {"rotation.issued", "key.disabled"} <= second
    assert "key.created" not in second


def test_auditors_call_a_rotation_by_another_name(vault: Vault) -> None:
    handed_over(vault, created(vault).key.id)
    assert entries(vault, type="key_rotation") == entries(vault, type="rotation") != []


def test_a_kept_checkpoint_holds_and_a_forged_one_does_not(vault: Vault) -> None:
    created(vault)
    kept = vault.checkpoint()
    created(vault, "another")

    assert vault.verify_audit([kept]).broken_at is None
    assert vault.verify_audit([kept, vault.checkpoint()]).broken_at is None
    for forged in (
        replace(kept, hash="0" * 64),
        replace(kept, sequence=kept.sequence + 100),
        replace(kept, signature=bytes(64)),
        replace(kept, public_key=bytes(32)),
    ):
        assert vault.verify_audit([forged]).broken_at is not None


def test_the_story_of_a_rotation_is_that_of_its_own_key(vault: Vault) -> None:
    rotation, issued = handed_over(vault, created(vault).key.id)
    other = created(vault, "other").key
    story = vault.audit_extract(rotation.key_id).document

    assert issued.secret.reveal() not in story
    assert other.id not in story
    with pytest.raises(NotFound):
        vault.audit_extract(other.id)
    with pytest.raises(NotFound):
        vault.audit_extract(other.id, rotation.id)


def test_reading_on_is_not_moved_by_entries_that_come_in(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keytui.vault.audit_export.PAGE", 2)
    for number in range(3):
        created(vault, f"key-{number}")
    before = [entry.sequence for entry in entries(vault)]
    read = list[int]()
    for entry in every_entry(vault, AuditFilter()):
        read.append(entry.sequence)
        created(vault, f"meanwhile-{entry.sequence}")
    assert read == before


def test_a_filter_ends_before_an_entry(vault: Vault) -> None:
    keys = [created(vault, f"key-{number}").key for number in range(4)]
    third = entries(vault, key_id=keys[2].id)[0].sequence
    (second, first) = entries(vault, type="key.created", before=third)
    assert [first.event.key_id, second.event.key_id] == [keys[0].id, keys[1].id]
