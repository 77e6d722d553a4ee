"""The audit log is asked for while others write: what they add must not look like tampering."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, event

from keytui.domain.keys import KeyDraft
from keytui.domain.rotation import Plan
from keytui.vault.local.vault import LocalVault


def after_the_first_look(vault: LocalVault, happens: Callable[[], object]) -> None:
    """Let something happen as soon as a reader has settled which moment it sees."""
    pending = [happens]

    def looked(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if pending and statement.startswith("SELECT"):
            pending.pop()()

    reader: Engine = vault._ground.database._reader
    event.listen(reader, "after_cursor_execute", looked)


@pytest.fixture
def key_id(vault: LocalVault) -> str:
    """A key with a rotation."""
    key_id = vault.create(KeyDraft("checkout-api", "production"), "request").key.id
    vault.plan(key_id, Plan(), "plan")
    return key_id


def test_a_busy_log_is_whole(vault: LocalVault, key_id: str) -> None:
    after_the_first_look(vault, lambda: vault.disable(key_id, "meanwhile"))

    check = vault.verify_audit()

    assert check.broken_at is None
    assert "signed by nobody" not in check.detail, "nothing that it has seen is newer than the head it knows"


def test_a_busy_log_can_be_signed(vault: LocalVault, key_id: str) -> None:
    after_the_first_look(vault, lambda: vault.disable(key_id, "meanwhile"))

    kept = vault.checkpoint()

    assert vault.verify_audit([kept]).broken_at is None


def test_evidence_of_a_busy_log_is_made(vault: LocalVault, key_id: str) -> None:
    after_the_first_look(vault, lambda: vault.disable(key_id, "meanwhile"))

    document = json.loads(vault.audit_extract(key_id).document)

    assert document["rotation"]["state"] == "planned"
    assert "key.disabled" not in {entry["type"] for entry in document["entries"]}
