"""What stands between the console and whoever looks at it: the terminal, tmux, and the way to a clipboard."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping
from typing import Final

from keytui.cli.streams import is_utf8
from keytui.cli.tmux import takes_unicode, tmux
from keytui.tui.clipboard import Route, route, terminal_limits
from keytui.vault.doctor.finding import Finding, fine, wants_an_eye, wrong

TERMINAL: Final = "terminal"
CLIPBOARD: Final = "clipboard"
TMUX: Final = "tmux"
_LEAST: Final = (60, 20)
_COLOURS: Final = ("truecolor", "24bit")
_LONGEST_ESCAPE: Final = 100
"""Milliseconds that tmux may hold the esc key back before it seems slow."""


def look_at_terminal(environment: Mapping[str, str]) -> Iterator[Finding]:
    """All of it; where there is none, nothing more than that."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        yield fine(TERMINAL, "none here: the console needs one, the commands do not")
        return
    yield from _screen(environment)
    yield from _clipboard(environment)
    if environment.get("TMUX"):
        yield from _settings_of_tmux(environment)


def _screen(environment: Mapping[str, str]) -> Iterator[Finding]:
    """What it can show."""
    columns, rows = shutil.get_terminal_size()
    if columns < _LEAST[0] or rows < _LEAST[1]:
        yield wants_an_eye(
            TERMINAL, f"{columns}x{rows} is small", f"the console is made for {_LEAST[0]}x{_LEAST[1]} and more"
        )
    else:
        yield fine(TERMINAL, f"{columns}x{rows}, {_colours(environment)}")
    if environment.get("TERM", "") in {"", "dumb"}:
        yield wrong(
            TERMINAL, "TERM says that this terminal can do nothing", "export TERM=xterm-256color, or what it is"
        )
    yield from _text(environment)


def _text(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Whether lines and symbols are drawn as such: what the streams were set up for as this process began."""
    if is_utf8(sys.stderr):
        if sys.flags.utf8_mode and not environment.get("PYTHONUTF8"):
            yield fine(
                TERMINAL, "the locale names no encoding: taken for UTF-8; PYTHONIOENCODING=ascii draws ASCII instead"
            )
    elif environment.get("TMUX") and not takes_unicode():
        yield wants_an_eye(
            TERMINAL,
            "tmux gives it no UTF-8: lines and symbols are drawn in ASCII",
            "if the terminal shows them: tmux -u attach, or export LC_ALL=C.UTF-8 before it",
        )
    else:
        yield wants_an_eye(
            TERMINAL,
            f"text is {sys.stderr.encoding}, not UTF-8: lines and symbols are drawn in ASCII",
            "if the terminal shows them: export LC_ALL=C.UTF-8",
        )


def _clipboard(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Where `c` in the hand-over sends a secret."""
    way = route(environment)
    limits = terminal_limits(environment)
    if way is Route.TERMINAL and limits and not (environment.get("TMUX") and _setting("set-clipboard") == "on"):
        yield wants_an_eye(CLIPBOARD, f"{way}, by SSH; {limits}", "or hand over by a file or a pipe: f and p")
    elif way is Route.TERMINAL:
        yield fine(CLIPBOARD, f"{way}, by SSH; no terminal says whether it took it, so paste it back")
    elif _local_clipboard():
        yield fine(CLIPBOARD, str(way))
    else:
        yield wants_an_eye(
            CLIPBOARD,
            "this machine has no clipboard that a program can reach",
            "install wl-clipboard or xclip; or use f or p",
        )


def _settings_of_tmux(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Those that the console suffers from."""
    clipboard, wait, term = (
        _setting("set-clipboard"),
        _setting("escape-time"),
        environment.get("TERM", ""),
    )
    found = list[Finding]()
    if clipboard and clipboard != "on":
        found.append(
            wants_an_eye(TMUX, f"set-clipboard is {clipboard}: it drops OSC 52", "tmux set -s set-clipboard on")
        )
    if wait.isdecimal() and int(wait) > _LONGEST_ESCAPE:
        found.append(wants_an_eye(TMUX, f"it holds esc back for {wait} ms", "tmux set -s escape-time 10"))
    if not term.startswith(("tmux", "screen")):
        found.append(
            wants_an_eye(
                TMUX, f"TERM is {term} within it", "tmux set -g default-terminal tmux-256color, in a new window"
            )
        )
    yield from found
    if not found:
        yield fine(TMUX, "set-clipboard, escape-time and TERM are as they should be")


def _colours(environment: Mapping[str, str]) -> str:
    if environment.get("NO_COLOR"):
        return "without colour, as NO_COLOR says"
    return "all colours" if environment.get("COLORTERM") in _COLOURS else "256 colours or fewer"


def _setting(name: str) -> str:
    return tmux("show-options", "-sv", name)


def _local_clipboard() -> bool:
    import pyperclip

    copy, _ = pyperclip.determine_clipboard()
    return bool(copy)
