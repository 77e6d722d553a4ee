"""Step 6 of a key that another system accepts: what that system itself said last, and nothing of our verifiers."""

from __future__ import annotations

from datetime import timedelta

from keytui.domain.audit import AuditEntry, Event
from keytui.domain.rotation import Plan, Rotation, RotationState
from keytui.tui.screens.wizard.proof import elsewhere_lines
from keytui.vault.model import Proof, Refusal
from tests.world import NOON

ROTATION = Rotation(1, "k1", "checkout", "production", Plan(), RotationState.SUSPENDED, 1, 2, NOON, "ada@bastion")
PROOF = Proof(1, None, Refusal.NOT_ASKED, "suspended", ())


def probed(number: int, version: int, expected: str, outcome: str, rotation_id: int = 1) -> AuditEntry:
    told = {"probe": "core", "expected": expected, "outcome": outcome, "said": "200", "after": "0.1 s"}
    event = Event("proof.probed", "k1", "checkout", version, rotation_id, told)
    return AuditEntry(number, NOON + timedelta(seconds=number), "ada@bastion", event, "", "0" * 64)


def lines(*entries: AuditEntry) -> str:
    """Of entries, oldest first, as they came to be."""
    return elsewhere_lines(ROTATION, PROOF, tuple(reversed(entries)), "hypercode").plain


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
