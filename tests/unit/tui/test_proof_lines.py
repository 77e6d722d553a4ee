"""Step 6: what a key's own systems said last, and of another issuer's key nothing of our verifiers."""

from __future__ import annotations

from datetime import timedelta

from keytui.domain.audit import AuditEntry, Event
from keytui.domain.rotation import Plan, Rotation, RotationState
from keytui.tui.screens.wizard.proof import elsewhere_lines, newest, proof_lines
from keytui.vault.model import Proof, Refusal
from keytui.vault.probed import LastWord, last_words
from tests.world import NOON

ROTATION = Rotation(1, "k1", "checkout", "production", Plan(), RotationState.SUSPENDED, 1, 2, NOON, "ada@bastion")
PROOF = Proof(1, None, Refusal.NOT_ASKED, "suspended", ())


def probed(number: int, version: int, expected: str, outcome: str, rotation_id: int = 1) -> AuditEntry:
    told = {"probe": "core", "expected": expected, "outcome": outcome, "said": "200", "after": "0.1 s"}
    event = Event("proof.probed", "k1", "checkout", version, rotation_id, told)
    return AuditEntry(number, NOON + timedelta(seconds=number), "ada@bastion", event, "", "0" * 64)


def lines(*entries: AuditEntry) -> str:
    """Of entries, oldest first, as they came to be."""
    newest_first = tuple(reversed(entries))
    return elsewhere_lines(ROTATION, PROOF, newest_first, last_words(newest_first, 1), "hypercode").plain


def test_nobody_was_asked_yet() -> None:
    said = lines(probed(1, 2, "accepted", "accepted", rotation_id=7))
    assert "hypercode accepts or refuses this key" in said
    assert "◌ new v2: not asked" in said
    assert "◌ old v1, which is suspended: not asked" in said
    assert "verifier" not in said


def test_the_last_word_counts() -> None:
    said = lines(
        probed(1, 2, "accepted", "accepted"),
        probed(2, 1, "refused", "accepted"),
        probed(3, 1, "refused", "refused"),
    )
    assert "✓ new v2, at core: accepted (200)" in said
    assert "✓ old v1, which is suspended, at core: refused (200)" in said
    assert "STILL" not in said


def test_what_is_still_let_in_is_said_in_these_words() -> None:
    said = lines(probed(1, 2, "accepted", "unclear"), probed(2, 1, "refused", "accepted"))
    assert "? new v2, at core: unclear (200)" in said
    assert "✗ old v1, which is suspended, at core: STILL ACCEPTED, although it was over (200)" in said


def test_of_our_own_key_nothing_is_called_unseen_or_unasked_that_a_system_answered() -> None:
    entries = (probed(2, 1, "refused", "refused"), probed(1, 2, "accepted", "accepted"))
    said = proof_lines(ROTATION, PROOF, Refusal.NOT_ASKED, entries, last_words(entries, 1)).plain
    assert "✓ new v2, at core: accepted (200)" in said
    assert "✓ old v1, which is suspended, at core: refused (200)" in said
    assert "not been seen" not in said
    assert "not asked" not in said
    unasked = proof_lines(ROTATION, PROOF, Refusal.NOT_ASKED, ()).plain
    assert "new v2 has not been seen accepted yet" in unasked
    assert "not asked with the old secret" in unasked


def test_what_was_heard_since_the_log_was_read_is_the_newer_word() -> None:
    logged = LastWord("core", 1, "refused", "accepted", "200", NOON)
    heard = LastWord("core", 1, "refused", "refused", "401", NOON + timedelta(seconds=9))
    assert newest((heard, logged)) == (heard,)
