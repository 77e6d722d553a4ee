"""The console over a team's server: TLS, roles, a server that goes and comes back, a token that is revoked."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from keytui.domain.access import Role
from keytui.domain.keys import VersionState
from keytui.domain.operators import OperatorDraft
from keytui.domain.rotation import RotationState
from keytui.domain.secrets import Secret
from keytui.private_file import write_new_file
from tests.end_to_end.canary import leaks_in
from tests.end_to_end.home import Home
from tests.end_to_end.steps import (
    fill_in,
    go_past_the_verdict,
    on_button,
    paste_back,
    review_and_issue,
    say_yes,
    see_keys,
    take_from_clipboard,
)
from tests.end_to_end.team_server import TeamServer, beside, free_port, key, team_server, token
from tests.end_to_end.terminal import Terminal
from tests.self_signed import LOOPBACK, SelfSigned, self_signed

COMES_BACK_WITHIN = 60.0
"""Seconds until a console sees its server again: it asks ever more rarely, every 15 s at last."""


@dataclass(frozen=True)
class Team:
    """A team's server and its clients: an operator's own machine is `home`, and what the server has is in `files`."""

    home: Home
    files: Path
    shown: SelfSigned
    port: int

    def server(self) -> AbstractContextManager[TeamServer]:
        return team_server(self.files, "--workers", "2", port=self.port, tls=self.shown)

    def operator(self, name: str, role: Role = Role.SUPER_ADMIN) -> str:
        """Somebody with a token, which stands nowhere yet."""
        return self.home.know(token(self.files, OperatorDraft(name, role)))

    def profile(self, name: str, presented: str, *options: str) -> None:
        """A profile of the team's server. Its token stands in the one place that the profile names."""
        place = write_new_file(self.home.directory.parent / f"{name}.token", Secret(presented))
        url = f"https://127.0.0.1:{self.port}"
        self.home.keytui("profiles", "add", name, url, "--token-file", str(place), *options)


@pytest.fixture
def team(home: Home, tmp_path: Path) -> Team:
    files = home.directory / "team"
    files.mkdir()
    return Team(home, files, self_signed(tmp_path, LOOPBACK), free_port())


def nothing_leaks(team: Team, server: TeamServer, terminal: Terminal) -> None:
    """No secret is in the environment or the arguments of any process of this."""
    for pid in (terminal.pid, server.process.pid, *server.workers()):
        for name in ("environ", "cmdline"):
            told = Path(f"/proc/{pid}/{name}").read_bytes()
            assert told, "a process that is there has both"
            assert not list(leaks_in(told, team.home.secrets, f"{name} of {pid}"))


def arm(terminal: Terminal, profile: str) -> None:
    """`:write`, by typing the profile's name."""
    button = on_button("Arm")
    terminal.press("W")
    terminal.display.wait_for(f"type {profile} to go on")
    disabled = terminal.display.look_of(button)
    terminal.send(profile)
    terminal.display.wait_for(lambda shown: shown.look_of(button) != disabled)
    terminal.press_towards("enter", button)
    terminal.press("enter")
    terminal.display.wait_for("▲ WRITE armed")


def create(terminal: Terminal, name: str) -> str:
    """A key by the form, and its secret."""
    terminal.press("N")
    terminal.display.wait_for("A new key")
    fill_in(terminal, name, "production", "payments", "read")
    terminal.display.wait_for(f" create {name}")
    line, column = terminal.display.place_of(on_button("Create"))
    terminal.click(line, column + 2)
    return take_from_clipboard(terminal, "o")


def test_a_rotation_over_a_server_that_goes_and_a_token_that_is_revoked(team: Team) -> None:
    home = team.home
    key(team.files, "checkout")
    team.profile("prod", team.operator("ada"), "--certificates", str(team.shown.trusted), "--production")
    with team.server() as server, home.terminal("--profile", "prod", columns=140) as terminal:
        display = terminal.display
        see_keys(terminal, "checkout", "READ-ONLY", "ada@127.0.0.1 · super_admin", f"127.0.0.1:{team.port}")
        terminal.press("N")
        display.wait_for("prod is read-only")
        arm(terminal, "prod")
        first = home.know(create(terminal, "bookings"))
        paste_back(terminal, first)
        see_keys(terminal, "bookings", first[:12])
        terminal.press("g")
        display.wait_for("bookings   ● active")
        review_and_issue(terminal)
        second = home.know(take_from_clipboard(terminal, "o"))
        paste_back(terminal, second)
        display.wait_for("● 4 Watch")
        nothing_leaks(team, server, terminal)

        assert server.stop() == 0
        display.wait_for("✗ unreachable")
        display.wait_for(lambda shown: "as of" in shown.lines[0])
        assert display.shows("● 4 Watch"), "what was on the screen stays"
        with team.server() as again:
            display.wait_for("● connected", COMES_BACK_WITHIN)
            display.wait_for(lambda shown: "as of" not in shown.lines[0])
            go_past_the_verdict(terminal, "T", "Retire v1 all the same", "bookings")
            display.wait_for("● 5 Retire")

            other = team.operator("grace")
            with beside(team.files) as vault:
                vault.revoke_operator("ada", "a test")
            display.wait_for("prod asks for a token")
            terminal.paste("kto_not-one-at-all")
            terminal.press("enter")
            display.wait_for("does not know that token")
            terminal.paste(other)
            terminal.press("enter")
            display.wait_until_gone("asks for a token")
            display.wait_for("grace@127.0.0.1 · super_admin")
            assert display.shows("● 5 Retire"), "the screen below was kept"
            nothing_leaks(team, again, terminal)
            terminal.press("escape")
            see_keys(terminal, "bookings", "checkout")
            terminal.press("q")
            assert terminal.wait_for_exit() == 0
    with beside(team.files) as vault:
        detail = vault.detail(vault.find("bookings").id)
        assert [version.state for version in detail.versions] == [VersionState.ACTIVE, VersionState.SUSPENDED]
        assert [rotation.state for rotation in detail.rotations] == [RotationState.SUSPENDED]
        assert vault.verify_audit().broken_at is None


def test_a_key_table_keeps_its_rows_while_the_server_is_away(team: Team) -> None:
    key(team.files, "checkout")
    team.profile("team", team.operator("ada"), "--certificates", str(team.shown.trusted))
    with team.server() as server, team.home.terminal("--profile", "team") as terminal:
        display = terminal.display
        see_keys(terminal, "checkout")
        assert server.stop() == 0
        display.wait_for("✗ unreachable")
        terminal.press("D")
        say_yes(terminal, "Disable")
        display.wait_for("cannot be reached")
        assert display.shows("checkout")
        with team.server():
            display.wait_for("● connected", COMES_BACK_WITHIN)
            key(team.files, "bookings")
            see_keys(terminal, "checkout", "bookings")
    with beside(team.files) as vault:
        assert vault.find("checkout").disabled_at is None, "nothing is done when it comes back"


def test_staff_see_why_they_may_not(team: Team) -> None:
    key(team.files, "checkout")
    team.profile("team", team.operator("joe", Role.STAFF), "--certificates", str(team.shown.trusted))
    with team.server(), team.home.terminal("--profile", "team") as terminal:
        see_keys(terminal, "checkout", "joe@127.0.0.1 · staff")
        enabled = terminal.display.look_of("sort")
        assert terminal.display.look_of("rotate") != enabled, "shown, and shown disabled"
        for action, verb in (("R", "rotate"), ("N", "create"), ("X", "revoke")):
            terminal.press(action)
            terminal.display.wait_for(f"the role staff may not {verb}: it takes super_admin")


def test_a_certificate_that_nobody_signed_is_refused(team: Team) -> None:
    key(team.files, "checkout")
    team.profile("team", team.operator("ada"))
    with team.server(), team.home.terminal("--profile", "team") as terminal:
        told = team.home.keytui("--profile", "team", "list", code=5).stderr
        assert f"the certificate of 127.0.0.1:{team.port} cannot be trusted: self-signed certificate" in told
        assert "`certificates` in the profile" in told
        assert "Traceback" not in told
        terminal.display.wait_for("cannot be trusted")
        assert not terminal.display.shows("checkout")
