"""A watched rotation by commands: waived, noted, taken over, and proven."""

from __future__ import annotations

from keytui import open_verifier
from keytui.domain.usage import Caller
from tests.unit.cli.conftest import Commands


def rotated_with_a_straggler(keytui: Commands) -> tuple[str, str]:
    """A key whose old version one caller used once, before its rotation: the old secret and the new one."""
    old = keytui.created()
    with open_verifier("api-1") as verifier:
        verifier.check(old, caller=Caller.called("nightly-report"))
    return old, keytui("rotate", "checkout").out


def test_a_reason_is_waived_by_the_name_that_the_verdict_gives_it(keytui: Commands) -> None:
    keytui.created("checkout", "--app", "nightly-report")
    keytui("rotate", "checkout")
    reasons = keytui("verdict", "checkout", "--json", code=4).answer["reasons"]
    assert isinstance(reasons, list)
    assert any(reason["subject"] == "nightly-report" and not reason["waived_by"] for reason in reasons)
    assert "nightly-report" in keytui("waive", "checkout", "nightly-report", "--why", "it was switched off").out
    reasons = keytui("verdict", "checkout", "--json", code=4).answer["reasons"]
    assert isinstance(reasons, list)
    (waived,) = (reason for reason in reasons if reason["subject"] == "nightly-report")
    assert waived["waived_by"]
    assert "it was switched off" in keytui("audit", "--type", "rotation.waived").out


def test_waiving_what_the_verdict_does_not_name_is_refused_with_the_names(keytui: Commands) -> None:
    keytui.created("checkout", "--app", "web")
    keytui("rotate", "checkout")
    refused = keytui("waive", "checkout", "wbe", "--why", "a slip", code=1)
    assert "'web'" in refused.err


def test_a_note_stays_at_the_rotation(keytui: Commands) -> None:
    rotated_with_a_straggler(keytui)
    keytui("note", "checkout", "ask data about nightly-report")
    (rotation,) = keytui("rotations", "--json").items
    assert rotation["note"] == "ask data about nightly-report"


def test_taking_over_what_is_mine_is_refused(keytui: Commands) -> None:
    rotated_with_a_straggler(keytui)
    assert "yours already" in keytui("take-over", "checkout", code=1).err


def test_the_proof_asks_with_the_old_secret_only_when_it_is_given(keytui: Commands) -> None:
    old, new = rotated_with_a_straggler(keytui)
    assert keytui("proof", "checkout", "--json").answer["old"] == "not asked"
    assert keytui("proof", "checkout", "--old", "--json", stdin=old, code=1).answer["old"] == "still accepted"
    keytui("retire", "checkout", "--force", "--note", "a test")
    with open_verifier("api-1") as verifier:
        assert verifier.check(new).valid
    proof = keytui("proof", "checkout", "--old", "--json", stdin=old).answer
    assert (proof["old"], proof["old_state"]) == ("refused", "suspended")
    assert proof["new_accepted_at"] is not None
    assert "asked with it: not asked" in keytui("proof", "checkout").out


def test_a_secret_behind_the_proof_command_is_refused_unrepeated(keytui: Commands) -> None:
    old, _ = rotated_with_a_straggler(keytui)
    refused = keytui("proof", "checkout", old, code=2)
    assert old not in refused.out + refused.err


def test_a_key_that_was_never_rotated_has_no_proof(keytui: Commands) -> None:
    keytui.created()
    assert "never rotated" in keytui("proof", "checkout", code=1).err
