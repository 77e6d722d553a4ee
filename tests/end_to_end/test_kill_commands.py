"""kill -9 at every write of a command: afterwards somebody still gets in, and resuming ends with one new version."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from keytui.domain.keys import ACCEPTED
from keytui.domain.rotation import CLOSED, RotationState
from tests.end_to_end.display import PATIENCE
from tests.end_to_end.home import Home
from tests.end_to_end.traffic import ROOT

ROTATE_WRITES = 3
"""plan, issue, hand over: each one transaction."""


def die(home: Home, moment: str, write: int, *words: str) -> str:
    """Run a command that is killed at one of its writes; what it had printed by then."""
    argv = [sys.executable, "-m", "tests.end_to_end.dying", moment, str(write), *words]
    done = subprocess.run(argv, cwd=ROOT, env=home.env, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == -signal.SIGKILL, f"it did not die: {done.returncode}\n{done.stderr}"
    return done.stdout


def undelivered(home: Home, name: str) -> list[int]:
    """The versions that are accepted and that nobody was given."""
    return [one.number for one in home.detail(name).versions if one.state in ACCEPTED and one.delivered_at is None]


def accepted(home: Home, *secrets: str) -> bool:
    """Whether anybody who holds one of these gets in."""
    return any(home.check(secret).valid for secret in secrets)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("write", range(1, ROTATE_WRITES + 1))
def test_rotate_killed_at_any_write_leaves_the_old_key_and_can_be_resumed(home: Home, moment: str, write: int) -> None:
    old = home.create("bookings")
    printed = die(home, moment, write, "rotate", "bookings")
    assert bool(printed) is (write == 3), "a secret is printed once it is stored, and before it counts as handed over"
    assert accepted(home, old)
    assert len(undelivered(home, "bookings")) <= 1

    if printed:
        home.know(printed)
    planned = home.detail("bookings").rotations
    if not planned:
        new = home.know(home.keytui("rotate", "bookings").stdout)
    elif planned[0].state is RotationState.OVERLAPPING:
        new = printed
        assert "handed over" in home.keytui("rotate", "bookings", "--resume", code=1).stderr
    else:
        assert "--resume" in home.keytui("rotate", "bookings", code=1).stderr, "a second rotation is refused"
        new = home.know(home.keytui("rotate", "bookings", "--resume").stdout)
    assert accepted(home, old)
    assert accepted(home, new)
    assert undelivered(home, "bookings") == []
    assert home.rotation("bookings").state is RotationState.OVERLAPPING
    assert printed in {"", new} or not accepted(home, printed), "what was printed and not handed over is revoked"
    with home.vault() as vault:
        assert vault.verify_audit().broken_at is None


@pytest.mark.parametrize("moment", ["before", "after"])
def test_resume_killed_as_it_issues_again_revokes_that_one_too(home: Home, moment: str) -> None:
    old = home.create("bookings")
    lost = [die(home, "after", 2, "rotate", "bookings"), die(home, moment, 1, "rotate", "bookings", "--resume")]
    assert lost == ["", ""], "it died before it could print"
    assert accepted(home, old)
    assert len(undelivered(home, "bookings")) == 1
    new = home.know(home.keytui("rotate", "bookings", "--resume").stdout)
    assert accepted(home, old)
    assert accepted(home, new)
    assert undelivered(home, "bookings") == []


@pytest.mark.parametrize("verb", ["retire", "complete", "rollback"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_the_verbs_that_end_a_rotation_happen_wholly_or_not_at_all(home: Home, verb: str, moment: str) -> None:
    old = home.create("bookings")
    new = home.rotate("bookings")
    if verb == "complete":
        home.retire("bookings")
    before = home.rotation("bookings").state
    words = [] if verb == "rollback" else ["--force", "--note", "a test"]
    die(home, moment, 1, verb, "bookings", *words)

    state = home.rotation("bookings").state
    assert (state == before) is (moment == "before")
    assert accepted(home, new) is (state is not RotationState.ROLLED_BACK)
    assert accepted(home, old) is (state in {RotationState.OVERLAPPING, RotationState.ROLLED_BACK})
    if state is before:
        home.keytui(verb, "bookings", *words)
    assert (home.rotation("bookings").state in CLOSED) is (verb != "retire")
    assert accepted(home, old, new)


@pytest.mark.parametrize("write", [2, 3])
def test_an_immediate_rotation_that_was_killed_is_brought_to_a_key_that_works(home: Home, write: int) -> None:
    old = home.create("bookings")
    die(home, "before", write, "rotate", "bookings", "--strategy", "immediate")
    assert accepted(home, old) is (write == 2), "the old one goes in the same transaction that brings the new one"
    new = home.know(home.keytui("rotate", "bookings", "--resume").stdout)
    assert accepted(home, new)
    assert not accepted(home, old)
    assert undelivered(home, "bookings") == []
    assert home.rotation("bookings").state is RotationState.COMPLETED
