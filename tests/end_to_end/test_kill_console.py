"""kill -9 of the console at each step of a rotation: opened again, the wizard stands where the vault says it is."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from keytui.domain.keys import ACCEPTED
from keytui.domain.rotation import RotationState
from tests.end_to_end.home import Home
from tests.end_to_end.steps import (
    issue,
    on_button,
    review_and_issue,
    say_yes,
    see_keys,
    take_from_clipboard,
)
from tests.end_to_end.terminal import Terminal


@contextmanager
def console_that_is_killed(home: Home) -> Iterator[Terminal]:
    """A console on the key table; kill -9 at the end of the block."""
    with home.terminal() as terminal:
        see_keys(terminal, "bookings")
        yield terminal
        terminal.signal(signal.SIGKILL)
        assert terminal.wait_for_exit() == -signal.SIGKILL


def live(home: Home) -> list[int]:
    """The versions that are accepted."""
    return [version.number for version in home.detail("bookings").versions if version.state in ACCEPTED]


def test_killed_at_every_step_of_one_rotation(home: Home) -> None:
    old = home.create("bookings")

    with console_that_is_killed(home) as terminal:  # at the review: nothing was written
        terminal.press("R")
        terminal.display.wait_for("go on to issue")
    assert home.detail("bookings").rotations == ()

    home.plan("bookings")
    with console_that_is_killed(home) as terminal:  # at the hand-over of a rotation that another process had planned
        terminal.press("R")
        issue(terminal)
        lost = home.know(take_from_clipboard(terminal, "o"))
    assert home.rotation("bookings").state is RotationState.ISSUED
    assert home.check(old).valid
    assert live(home) == [2, 1]

    with console_that_is_killed(home) as terminal:  # at the hand-over that follows from issuing again
        terminal.press("R")
        terminal.display.wait_for("the secret of v2 is gone")
        terminal.press("I")
        say_yes(terminal, "Issue again")
        lost_too = home.know(take_from_clipboard(terminal, "o"))
    assert home.check(old).valid
    assert not home.check(lost).valid
    assert live(home) == [3, 1]

    new = home.know(home.keytui("rotate", "bookings", "--resume").stdout)
    assert not home.check(lost_too).valid
    assert live(home) == [4, 1]

    with console_that_is_killed(home) as terminal:  # in the overlap
        terminal.press("R")
        terminal.display.wait_for("● 4 Watch")
    assert home.rotation("bookings").state is RotationState.OVERLAPPING
    assert home.check(old).valid
    assert home.check(new).valid

    home.retire("bookings")
    with console_that_is_killed(home) as terminal:  # while the old version is suspended
        terminal.press("R")
        terminal.display.wait_for("● 5 Retire")
    assert home.rotation("bookings").state is RotationState.SUSPENDED
    assert home.check(new).valid
    assert not home.check(old).valid

    home.keytui("restore", "bookings")
    assert home.check(old).valid, "a suspension is taken back after all of this"
    home.retire("bookings")
    home.keytui("complete", "bookings", "--force", "--note", "a test")
    assert live(home) == [4]
    assert home.check(new).version == 4


def test_killed_in_the_middle_of_issuing_from_the_console(home: Home) -> None:
    """The moment is not chosen: whatever it hits, the old key works and one version at most is nobody's."""
    old = home.create("bookings")
    with console_that_is_killed(home) as terminal:
        terminal.press("R")
        terminal.display.wait_for("go on to issue")
        terminal.press("enter")
        terminal.display.wait_for("I issue")
        terminal.press("I")
        terminal.display.wait_for(on_button("Issue v2"))
        terminal.press_towards("tab", on_button("Issue v2"))
        terminal.press("enter")
    assert home.check(old).valid
    assert live(home) in ([1], [2, 1])
    words = ("rotate", "bookings", *(["--resume"] if home.detail("bookings").rotations else []))
    new = home.know(home.keytui(*words).stdout)
    assert home.check(old).valid
    assert home.check(new).valid
    assert len(live(home)) == 2


def test_a_secret_that_had_arrived_before_the_kill_ends_the_hand_over_from_the_rotations_mode(home: Home) -> None:
    old = home.create("bookings")
    with console_that_is_killed(home) as terminal:
        review_and_issue(terminal)
        new = home.know(take_from_clipboard(terminal, "o"))
    with home.terminal() as terminal:
        see_keys(terminal, "bookings")
        terminal.press("2")
        terminal.display.wait_for("issued")
        terminal.press("enter")
        terminal.display.wait_for("the secret of v2 is gone")
        terminal.press("p")
        terminal.display.wait_for("it stays masked")
        terminal.paste(new)
        terminal.display.wait_for("••••")
        terminal.press("enter")
        terminal.display.wait_for("● 4 Watch")
    assert home.check(old).valid
    assert home.check(new).version == 2
    assert home.rotation("bookings").state is RotationState.OVERLAPPING
