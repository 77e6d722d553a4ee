"""A rotation over a real SSH connection: the secret travels by OSC 52 to the terminal that the operator sits at."""

from __future__ import annotations

from keytui.domain.keys import ACCEPTED
from keytui.domain.rotation import RotationState
from tests.end_to_end.display import PATIENCE
from tests.end_to_end.home import KEYTUI, Home
from tests.end_to_end.ssh import Bastion
from tests.end_to_end.steps import paste_back, review_and_issue, say_yes, see_keys, take_from_clipboard


def test_the_clipboard_key_carries_a_secret_that_verifies(home: Home) -> None:
    old = home.create("bookings")
    with Bastion([KEYTUI], home.env) as bastion, bastion.connect() as seat:
        home.displays.append(seat.display)
        see_keys(seat, "bookings")
        review_and_issue(seat)
        seat.display.wait_for("send to your terminal's clipboard (OSC 52)")
        new = home.know(take_from_clipboard(seat, "c"))
        assert home.answer("verify", stdin=new)["version"] == 2, "it is accepted as soon as it is issued"

        paste_back(seat, new[:-1])
        seat.display.wait_for("not the same")
        assert home.rotation("bookings").state is RotationState.ISSUED
        paste_back(seat, new)
        seat.display.wait_for("● 4 Watch")
        seat.resize(60, 20)
        seat.display.wait_for("4/6 Watch")
        seat.press("escape")
        seat.display.wait_for("enter open")
        seat.press("q")
        assert seat.wait_for_exit() == 0
        assert seat.display.restored

    assert home.rotation("bookings").state is RotationState.OVERLAPPING
    assert home.check(old).valid
    assert home.answer("verify", stdin=new)["valid"] is True


def test_a_line_that_drops_at_the_hand_over_costs_a_version_and_never_the_key(home: Home) -> None:
    old = home.create("bookings")
    with Bastion([KEYTUI], home.env) as bastion:
        with bastion.connect() as seat:
            home.displays.append(seat.display)
            see_keys(seat, "bookings")
            review_and_issue(seat)
            lost = home.know(take_from_clipboard(seat, "c"))
            seat.drop()
        bastion.programs[0].process.wait(PATIENCE)
        assert home.rotation("bookings").state is RotationState.ISSUED
        assert home.check(old).valid

        with bastion.connect() as seat:
            home.displays.append(seat.display)
            see_keys(seat, "bookings")
            seat.press("R")
            seat.display.wait_for("the secret of v2 is gone")
            seat.press("I")
            say_yes(seat, "Issue again")
            seat.display.wait_for("bookings v3")
            new = home.know(take_from_clipboard(seat, "c"))
            paste_back(seat, new)
            seat.display.wait_for("● 4 Watch")

    assert not home.check(lost).valid
    assert home.check(old).valid
    assert home.check(new).valid
    live = [version.number for version in home.detail("bookings").versions if version.state in ACCEPTED]
    assert live == [3, 1]
