"""Rotations by commands: begun, handed over, watched, ended, and refused in time."""

from __future__ import annotations

import json
import re
from datetime import timedelta

from keytui import open_verifier
from keytui.clock import utc_now
from keytui.domain.rotation import Plan
from keytui.domain.secrets import Secret
from keytui.domain.usage import Flush
from keytui.vault.local.feed import LocalFeed
from tests.unit.cli.conftest import Commands
from tests.world import StoppedClock

SECRET = re.compile(r"tk_[a-z0-9]{32}")


def test_rotate_in_a_pipe_prints_the_new_secret_and_both_are_accepted(keytui: Commands) -> None:
    old = keytui.created()
    rotated = keytui("rotate", "checkout", "--label", "winter", "--overlap", "2h", "--note", "the quarter ends")
    assert SECRET.fullmatch(rotated.out)
    assert rotated.out != old
    assert rotated.out not in rotated.err
    assert "keytui verdict" in rotated.err
    for secret in (old, rotated.out):
        keytui("verify", stdin=secret)
    (rotation,) = keytui("rotations", "--json").items
    assert (rotation["state"], rotation["old_version"], rotation["new_version"]) == ("overlapping", 1, 2)
    assert rotation["verdict"] == "UNKNOWN"
    versions = keytui("show", "checkout", "--json").answer["versions"]
    assert isinstance(versions, list)
    assert versions[0]["label"] == "winter"
    assert "checkout" in keytui("rotations").out


def test_rotate_in_json_gives_rotation_key_version_and_secret(keytui: Commands) -> None:
    keytui.created()
    answer = keytui("rotate", "checkout", "--json").answer
    assert answer.keys() == {"rotation", "key", "version", "secret"}
    assert answer["version"] == 2
    keytui("verify", stdin=str(answer["secret"]))


def test_a_second_rotation_is_refused_and_names_the_first(keytui: Commands) -> None:
    keytui.created()
    keytui("rotate", "checkout")
    refused = keytui("rotate", "checkout", code=1)
    assert refused.out == ""
    assert "#1" in refused.err
    assert "--resume" in refused.err
    handed_over = keytui("rotate", "checkout", "--resume", code=1)
    assert handed_over.out == ""
    assert "keytui verdict" in handed_over.err


def test_resume_issues_again_what_nobody_received(keytui: Commands) -> None:
    keytui.created()
    assert "no open rotation" in keytui("rotate", "checkout", "--resume", code=1).err
    with keytui.vault() as vault:
        key = vault.find("checkout")
        rotation = vault.plan(key.id, Plan(), "a plan")
        lost = vault.issue(rotation.id).secret.reveal()
    assert "keeps its plan" in keytui("rotate", "checkout", "--resume", "--strategy", "immediate", code=2).err
    again = keytui("rotate", "checkout", "--resume")
    assert SECRET.fullmatch(again.out)
    assert again.out != lost
    keytui("verify", stdin=lost, code=1)
    keytui("verify", stdin=again.out)


def test_resume_issues_what_was_only_planned(keytui: Commands) -> None:
    keytui.created()
    with keytui.vault() as vault:
        vault.plan(vault.find("checkout").id, Plan(), "a plan")
    keytui("verify", stdin=keytui("rotate", "checkout", "--resume").out)


def test_dry_run_writes_nothing(keytui: Commands) -> None:
    keytui.created()
    before = keytui("audit", "--json").out
    rehearsal = keytui("rotate", "checkout", "--dry-run", "--json").answer
    assert (rehearsal["old_version"], rehearsal["new_version"]) == (1, 2)
    assert rehearsal["problems"] == []
    assert "nobody was seen" in keytui("rotate", "checkout", "--dry-run").out
    assert keytui("audit", "--json").out == before
    keytui("rotate", "checkout")
    refused = keytui("rotate", "checkout", "--dry-run", code=1)
    assert "open already" in refused.out


def test_immediate_ends_the_old_version_at_once(keytui: Commands) -> None:
    old = keytui.created()
    new = keytui("rotate", "checkout", "--strategy", "immediate", "--reason", "leaver").out
    keytui("verify", stdin=old, code=1)
    keytui("verify", stdin=new)
    assert keytui("rotations", "--json").json == []
    (ended,) = keytui("rotations", "--all", "--json").items
    assert (ended["state"], ended["reason"]) == ("completed", "leaver")


def test_an_emergency_asks_what_comes_first(keytui: Commands) -> None:
    old = keytui.created()
    assert "--first revoke" in keytui("rotate", "checkout", "--strategy", "emergency", code=2).err
    keytui("verify", stdin=old)
    keytui("rotate", "checkout", "--first", "revoke", code=2)
    keytui("rotate", "checkout", "--strategy", "emergency", "--first", "replace", "--reason", "compromise")
    keytui("verify", stdin=old)
    keytui("complete", "checkout", "--force", "--note", "the thief goes first")
    keytui("verify", stdin=old, code=1)


def test_an_emergency_that_revokes_first(keytui: Commands) -> None:
    old = keytui.created()
    new = keytui("rotate", "checkout", "--strategy", "emergency", "--first", "revoke").out
    keytui("verify", stdin=old, code=1)
    keytui("verify", stdin=new)


def test_reasons_and_durations_are_checked_before_anything_is_written(keytui: Commands) -> None:
    keytui.created()
    for words in (("--reason", "other"), ("--reason", "boredom"), ("--overlap", "later"), ("--strategy", "soon")):
        keytui("rotate", "checkout", *words, code=2)
    keytui("rotate", code=2)
    keytui("rotate", "checkout", "--due", "--json", code=2)
    assert keytui("rotations", "--all", "--json").json == []
    keytui("rotate", "checkout", "--reason", "other", "--note", "because")


def test_due_rotates_every_due_key_and_nothing_else(keytui: Commands) -> None:
    for name in ("one", "two", "three"):
        keytui.created(name)
    assert "no key is due" in keytui("rotate", "--due", "--json").err
    assert "--json" in keytui("rotate", "--due", code=2).err
    keytui.live_at(lambda: utc_now() + timedelta(days=100))
    lines = [json.loads(line) for line in keytui("rotate", "--due", "--json").out.splitlines()]
    assert [line["key"]["name"] for line in lines] == ["one", "three", "two"]
    for line in lines:
        keytui("verify", stdin=line["secret"])
    assert keytui("rotate", "--due", "--json").out == ""


def test_due_goes_on_past_a_failure_and_says_that_it_is_done_in_part(keytui: Commands) -> None:
    keytui.created("one")
    keytui.created("three")
    keytui.created("two", "--expires", "1h")
    keytui.live_at(lambda: utc_now() + timedelta(days=100))
    rehearsed = keytui("rotate", "--due", "--dry-run", "--json", code=1).items
    assert [(one["key"], bool(one["problems"])) for one in rehearsed] == [
        ("one", False),
        ("three", False),
        ("two", True),
    ]
    partly = keytui("rotate", "--due", "--json", code=7)
    assert [json.loads(line)["key"]["name"] for line in partly.out.splitlines()] == ["one", "three"]
    assert "two (production)" in partly.err
    assert "2 of 3 done, 1 failed" in partly.err
    assert "two" in keytui("rotate", "--due", "--json", code=1).err, "when all of it failed, none is done in part"


def test_a_verdict_says_why_and_retiring_obeys_it(keytui: Commands) -> None:
    old = keytui.created()
    assert "no open rotation" in keytui("verdict", "checkout", code=1).err
    keytui("rotate", "checkout")
    unknown = keytui("verdict", "checkout", "--json", code=4).answer
    assert unknown["verdict"] == "UNKNOWN"
    with open_verifier("api-1") as verifier:
        assert verifier.check(Secret(old), caller="web-1").valid
    not_safe = keytui("verdict", "checkout", "--json", code=3).answer
    reasons = not_safe["reasons"]
    assert isinstance(reasons, list)
    assert all({"source", "detail", "as_of", "window"} <= reason.keys() for reason in reasons)
    assert any(reason["verdict"] == "NOT_SAFE" for reason in reasons)
    assert "web-1" in keytui("verdict", "checkout", code=3).out
    for verb in ("retire", "complete"):
        refused = keytui(verb, "checkout", code=3 if verb == "retire" else 1)
        assert refused.out == ""
    assert "web-1" in keytui("retire", "checkout", code=3).err
    keytui("verify", stdin=old)
    assert "web-1" in keytui("callers", "checkout").out
    assert keytui("usage", "checkout", "--json").answer["total_keys"] == 1


def test_safe_retires_and_completes_without_an_override(keytui: Commands) -> None:
    clock = StoppedClock()
    keytui.live_at(clock)
    old = keytui.created()
    recorded = LocalFeed.open(keytui.profile, clock, silent_for=timedelta(days=9))
    recorded.register("a recorder", "api-1", "here", 1)

    def wait(by: timedelta, flush: int) -> None:
        """Time goes by under the recorder's eyes, and nobody comes."""
        clock.advance(by)
        recorded.record(Flush("a recorder", flush, clock()))

    new = keytui("rotate", "checkout").out
    keytui("verify", stdin=new)
    wait(timedelta(hours=25), 1)
    safe = keytui("verdict", "checkout", "--json").answer
    assert safe["verdict"] == "SAFE"
    assert "would escape this" in str(safe["assumption"])
    assert keytui("verdict", "checkout").out.startswith("SAFE to retire")
    keytui("retire", "checkout")
    keytui("complete", "checkout", code=4)
    wait(timedelta(hours=2), 2)
    assert keytui("complete", "checkout", "--json").answer["state"] == "completed"
    recorded.close()
    keytui("verify", stdin=old, code=1)
    keytui("verify", stdin=new)


def test_going_past_a_verdict_needs_a_reason(keytui: Commands) -> None:
    old = keytui.created()
    keytui("rotate", "checkout")
    keytui("retire", "checkout", "--force", code=2)
    keytui("retire", "checkout", "--note", "why not", code=2)
    keytui("verify", stdin=old)
    retired = keytui("retire", "checkout", "--force", "--note", "nobody has it", "--json").answer
    assert retired["state"] == "suspended"
    assert keytui("verify", "--json", stdin=old, code=1).answer["reason"] == "suspended"
    assert "nobody has it" in keytui("audit").out


def test_restore_takes_a_retirement_back_and_complete_ends_it(keytui: Commands) -> None:
    old = keytui.created()
    keytui("rotate", "checkout")
    keytui("retire", "checkout", "--force", "--note", "a test")
    assert keytui("restore", "checkout", "--json").answer["state"] == "overlapping"
    keytui("verify", stdin=old)
    keytui("retire", "checkout", "--force", "--note", "a test")
    assert keytui("complete", "checkout", code=4).out == ""
    assert "completed" in keytui("complete", "checkout", "--force", "--note", "a test").out
    assert keytui("verify", "--json", stdin=old, code=1).answer["reason"] == "revoked"


def test_a_rollback_that_would_cut_callers_off_needs_a_yes_where_nobody_is_asked(keytui: Commands) -> None:
    keytui.created()
    new = keytui("rotate", "checkout").out
    with open_verifier("api") as verifier:
        assert verifier.check(Secret(new), caller="web-1").valid

    refused = keytui("rollback", "checkout", code=2).err

    assert "v2 is used by web-1, and nobody is here to confirm it" in refused
    assert "say --yes in a script" in refused
    keytui("verify", stdin=new)
    keytui("rollback", "checkout", "--yes")
    keytui("verify", stdin=new, code=1)


def test_rollback_and_abandon_go_back_to_the_old_version(keytui: Commands) -> None:
    old = keytui.created()
    new = keytui("rotate", "checkout").out
    assert "rollback" in keytui("abandon", "checkout", code=1).err
    assert keytui("rollback", "checkout", "--note", "it broke", "--json").answer["state"] == "rolled_back"
    keytui("verify", stdin=old)
    keytui("verify", stdin=new, code=1)
    with keytui.vault() as vault:
        vault.plan(vault.find("checkout").id, Plan(), "a plan")
    assert keytui("abandon", "checkout", "--json").answer["state"] == "abandoned"
    keytui("verify", stdin=old)


def test_a_read_only_profile_says_how_to_write(keytui: Commands) -> None:
    secret = keytui.created()
    assert "--read-only" in keytui("--read-only", "rotate", "checkout", code=6).err
    keytui("--read-only", "list")
    (keytui.home / "config.toml").write_text("[profiles.prod]\nproduction = true\n")
    new = ("create", "other", "--env", "production", "--owner", "o", "--scope", "s")
    assert "--write prod" in keytui("--profile", "prod", *new, code=6).err
    keytui("--profile", "prod", "--write", "production", *new, code=1)
    keytui("--profile", "prod", "--write", "prod", *new)
    keytui("--read-only", "--write", "default", *new, code=2)
    keytui("verify", stdin=secret)
