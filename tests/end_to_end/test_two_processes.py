"""A console that is open while cron rotates: it shows what happened by itself, and neither is in the other's way."""

from __future__ import annotations

import subprocess

from tests.end_to_end.display import PATIENCE, Display
from tests.end_to_end.home import KEYTUI, Home
from tests.end_to_end.steps import see_keys


def test_the_console_shows_what_cron_did_without_a_key_being_pressed(home: Home) -> None:
    names = ("bookings", "exports", "nightly")
    old = {name: home.create(name) for name in names}
    with home.terminal() as terminal:
        display = terminal.display
        see_keys(terminal, *names, *(secret[:12] for secret in old.values()))
        cron = {
            name: subprocess.Popen(
                [KEYTUI, "rotate", name], env=home.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            for name in names
        }
        for process in cron.values():
            new, remarks = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0, remarks
            assert "locked" not in remarks
            home.know(new)
            display.wait_for(new[:12])
        display.wait_for(lambda shown: shown.text.count("⇄ rotating") == len(names))
        display.wait_for(lambda shown: _rotations_in_the_mode_bar(shown, len(names)))
        assert b"locked" not in display.raw
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
    for name, secret in old.items():
        assert home.check(secret).valid, name


def _rotations_in_the_mode_bar(shown: Display, count: int) -> bool:
    return f"2 Rotations {count}" in shown.text
