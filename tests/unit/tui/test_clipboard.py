"""Where a secret goes when it is sent to a clipboard, with the environment and the terminal handed in."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import pytest

from keytui.domain.errors import Refused
from keytui.domain.secrets import Secret
from keytui.tui.clipboard import Route, copy_locally, route, send_to_terminal, terminal_limits
from tests.world import eventually

SECRET = Secret("tk_canary0000000000000000000000000")


@pytest.mark.parametrize("variable", ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"])
def test_under_ssh_the_terminal_gets_it(variable: str) -> None:
    assert route({variable: "something", "DISPLAY": ":0"}) is Route.TERMINAL


@pytest.mark.parametrize("environment", [{}, {"DISPLAY": ":0"}, {"TMUX": "/tmp/tmux"}, {"SSH_TTY": ""}])  # noqa: S108
def test_elsewhere_the_local_clipboard_gets_it(environment: dict[str, str]) -> None:
    assert route(environment) is Route.LOCAL


def test_tmux_and_screen_are_recognised_and_their_limits_told() -> None:
    assert "set-clipboard on" in terminal_limits({"TMUX": "/tmp/tmux-0/default,1,0"})  # noqa: S108
    assert "screen drops" in terminal_limits({"STY": "12.pts-0"})
    assert terminal_limits({"TERM": "xterm"}) == ""


def test_the_terminal_is_sent_exactly_the_secret() -> None:
    written: list[str] = []
    send_to_terminal(written.append, SECRET)
    (sequence,) = written
    assert sequence.startswith("\x1b]52;c;")
    assert sequence.endswith("\a")
    assert base64.b64decode(sequence[7:-1]).decode() == SECRET.reveal()


@pytest.fixture
def clipboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A graphical session's clipboard, kept in a file by an `xclip` of our own."""
    content = tmp_path / "clipboard"
    install_xclip(tmp_path, monkeypatch, f'case "$*" in *-o*) cat {content};; *) cat > {content};; esac')
    return content


def install_xclip(directory: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    script = directory / "xclip"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)


def test_the_local_clipboard_is_emptied_while_it_still_holds_the_secret(clipboard: Path) -> None:
    copy_locally(SECRET, timeout=20, clear_after=0.3)
    eventually(lambda: clipboard.read_text() == "", within=10)


def test_a_clipboard_that_holds_something_else_by_then_is_left_alone(clipboard: Path) -> None:
    copy_locally(SECRET, timeout=20, clear_after=1)
    assert clipboard.read_text() == SECRET.reveal()
    clipboard.write_text("the operator's own")
    with pytest.raises(AssertionError, match="did not come true"):
        eventually(lambda: clipboard.read_text() != "the operator's own", within=2)


def test_a_helper_that_hangs_is_given_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_xclip(tmp_path, monkeypatch, "sleep 60")
    began = time.monotonic()
    with pytest.raises(Refused, match="no clipboard took it within 1 s") as caught:
        copy_locally(SECRET, timeout=1)
    assert time.monotonic() - began < 10
    assert SECRET.reveal() not in str(caught.value)


def test_a_machine_without_a_clipboard_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(Refused, match="no clipboard took it within"):
        copy_locally(SECRET, timeout=20)
