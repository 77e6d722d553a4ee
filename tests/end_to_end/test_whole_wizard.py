"""All six steps in the console, with a service in front of which the callers move: seen there, and felt there."""

from __future__ import annotations

from keytui.domain.rotation import RotationState
from tests.end_to_end.display import Display
from tests.end_to_end.home import Home
from tests.end_to_end.steps import go_past_the_verdict, paste_back, review_and_issue, see_keys, take_from_clipboard
from tests.end_to_end.traffic import IN_FORCE_WITHIN, Service


def test_from_the_review_to_the_proof(home: Home) -> None:
    old = home.create("bookings")
    with Service(home) as service, home.terminal() as terminal:
        display = terminal.display
        assert service.accepts(old, "web-1")
        see_keys(terminal, "bookings")
        review_and_issue(terminal)
        new = home.know(take_from_clipboard(terminal, "o"))
        paste_back(terminal, new)

        display.wait_for("● 4 Watch")
        display.wait_for(lambda shown: "still on the old version" in _line_of(shown, "✗ web-1"))
        assert service.accepts(new, "web-1")
        assert service.accepts(new, "web-2")
        display.wait_for(lambda shown: "still on the old version" not in _line_of(shown, "web-1"))
        display.wait_for(lambda shown: "on the new version" in _line_of(shown, "✓ web-2"))
        display.wait_for("✗ NOT SAFE")

        go_past_the_verdict(terminal, "T", "Retire v1 all the same", "bookings")
        display.wait_for("● 5 Retire")
        assert service.seconds_until(old, accepted=False) < IN_FORCE_WITHIN
        terminal.press("U")
        display.wait_for("● 4 Watch")
        assert service.seconds_until(old, accepted=True) < IN_FORCE_WITHIN

        go_past_the_verdict(terminal, "T", "Retire v1 all the same", "bookings")
        display.wait_for("● 5 Retire")
        go_past_the_verdict(terminal, "C", "Complete v1 all the same", "bookings")
        display.wait_for("● 6 Proof")
        assert not service.accepts(old, "web-1")
        assert service.accepts(new, "web-1")
        display.wait_for("✓ new v2 was accepted")
        display.wait_for("✓ refused by every verifier")
        assert "not asked with the old secret" in _line_of(display, "old v1"), "never called refused without asking"
        terminal.press("o")
        display.wait_for("it stays masked")
        terminal.paste(old)
        display.wait_for("••••")
        terminal.press("enter")
        display.wait_for(lambda shown: "asked with the old secret: refused" in _line_of(shown, "old v1"))
    assert home.rotation("bookings").state is RotationState.COMPLETED


def _line_of(shown: Display, caller: str) -> str:
    return next((line for line in shown.lines if caller in line), "")
