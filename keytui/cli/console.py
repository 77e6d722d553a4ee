"""Starting the console: over a profile's vault, or over the demo's."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from keytui.domain.durations import parse_duration, short
from keytui.domain.errors import Invalid, Refused
from keytui.domain.ranges import RANGES, Range
from keytui.open import glimpse, open_vault
from keytui.vault.appearance import ThemeName, load_theme
from keytui.vault.profile import configuration_path, load_profile

_MOST_KEYS = 2_000_000


def run_console(profile: str, read_only: bool, first_mode: str = "keys", over: Range = RANGES[1]) -> int:
    """The console until it is left; where the operator left for another vault or the demo, that one follows."""
    _need_terminal()
    from keytui.tui.app import Console

    while True:
        console = Console(
            open_vault,
            load_profile(profile, read_only),
            glimpse=glimpse,
            first_mode=first_mode,
            over=over,
            configuration=configuration_path(),
            theme=load_theme(configuration_path()),
            keep_theme=_keep_theme,
        )
        left_with = console.run_until_left()
        if console.wants_demo:
            return run_demo(())
        if not console.wants_profile:
            return left_with
        profile = console.wants_profile


def run_top(words: Sequence[str], profile: str, read_only: bool) -> int:
    """The console in its Usage mode; `words` are the options of `keytui top`."""
    parser = argparse.ArgumentParser(
        "keytui top",
        description="Watch live who uses which key: the console's Usage mode, opened directly.",
        allow_abbrev=False,
    )
    spans = ", ".join(short(each.span) for each in RANGES)
    parser.add_argument("--range", default="15m", metavar="D", help=f"how far to look back: {spans} (default: 15m)")
    span = parse_duration(parser.parse_args(words).range)
    over = next((each for each in RANGES if each.span == span), None)
    if over is None:
        raise Invalid(f"the monitor does not look back {short(span)}", f"one of {spans}")
    return run_console(profile, read_only, "usage", over)


def run_demo(words: Sequence[str]) -> int:
    """The console on a throwaway vault with live traffic; `words` are the options of `keytui demo`."""
    parser = argparse.ArgumentParser(
        "keytui demo",
        description="Open the console on a throwaway vault with live traffic through the real verifier.",
        allow_abbrev=False,
    )
    parser.add_argument("--keys", type=_count, default=24, metavar="N", help="how many keys it holds (default: 24)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="repeats the same world (default: 1)")
    options = parser.parse_args(words)
    _need_terminal()
    from keytui.demo import run

    return run(options.keys, options.seed, load_theme(configuration_path()))


def _keep_theme(theme: ThemeName) -> str:
    from keytui.vault.kept_theme import keep_theme

    return keep_theme(configuration_path(), theme)


def _need_terminal() -> None:
    """The console draws on standard error and reads standard input; without both it would wait for ever, unseen."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused("the console needs a terminal", "here, use the commands: `keytui --help`")
    if os.environ.get("TERM", "") in {"", "dumb"}:
        raise Refused(
            "the console needs a terminal that it can draw on, and TERM says that this one can do nothing",
            "`TERM=xterm-256color keytui` if it can; else use the commands: `keytui --help`",
        )


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= _MOST_KEYS:
        raise argparse.ArgumentTypeError(f"a number from 1 to {_MOST_KEYS}")
    return count
