"""`keytui`: where every command line begins. The console and the demo start without the machinery of the commands."""

from __future__ import annotations

import argparse
import os
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import Final

from keytui.cli.exits import Exit, name_fault, report, report_fault
from keytui.cli.signals import ENDING, heard, leave_alone
from keytui.cli.streams import discard_output, fill_missing_streams, flush_output, output_fault, stand_in_for_symbols
from keytui.domain.errors import Invalid, KeytuiError
from keytui.domain.text import harmless
from keytui.vault.profile import DEFAULT_PROFILE

COMPLETE: Final = "_KEYTUI_COMPLETE"
"""Set by the shell's own function when it asks what a word may become."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (`sys.argv` when none is given); the exit code comes back."""
    fill_missing_streams()
    _forbid_core_dumps()
    _forbid_recordings()
    words = list(sys.argv[1:] if argv is None else argv)
    with heard() as signals:
        code = _told(lambda: copy_context().run(_dispatch, words))
    lost = _told(flush_output)
    return 128 + signals.number if signals.number else lost or code


def _told(work: Callable[[], int | None]) -> int:
    """The work's exit code; an operator gets an error as a line or two and never as a traceback."""
    try:
        return work() or Exit.DONE
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else Exit.DONE
    except KeytuiError as error:
        return report(error)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        return Exit.READER_GONE
    except OSError as fault:
        found = name_fault(output_fault(fault))
        return report(found) if isinstance(found, KeytuiError) else report_fault(found)
    except Exception as fault:  # whatever it is, its text and locals could hold a secret
        return report_fault(fault)


def _dispatch(words: list[str]) -> int | None:
    stand_in_for_symbols()
    _refuse_bytes(words)
    if COMPLETE not in os.environ:
        if words[:1] == ["demo"]:
            from keytui.cli.console import run_demo

            return run_demo(words[1:])
        console = _console_only(words)
        if console is not None:
            from keytui.cli.console import run_console, run_top

            options, rest = console
            if not rest:
                return run_console(options.profile, options.read_only)
            return run_top(rest[1:], options.profile, options.read_only)
    _commands(words)
    return None


def _refuse_bytes(words: list[str]) -> None:
    """Bytes that are no text may be the name of a file that is there, and nothing else."""
    for number, word in enumerate(words, 1):
        try:
            word.encode()
        except UnicodeEncodeError as error:
            if not os.path.lexists(word.rpartition("=")[2]):
                raise Invalid(
                    f"word {number} of the command line is not UTF-8 text: it has {harmless(word[error.start])}",
                    "type it anew, or check what your terminal sends",
                ) from None


def _console_only(words: list[str]) -> tuple[argparse.Namespace, list[str]] | None:
    """The options when the line asks for nothing but the console, and `top` with its own where it asks for that."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--profile", default=DEFAULT_PROFILE)
    parser.add_argument("--read-only", action="store_true")
    try:
        options, rest = parser.parse_known_args(words)
    except argparse.ArgumentError:
        return None
    return (options, rest) if not rest or rest[0] == "top" else None


def _commands(words: list[str]) -> None:
    from keytui.cli.app import app

    ours = sys.stdout
    try:
        if COMPLETE in os.environ:
            leave_alone((*ENDING, signal.SIGINT))  # nothing is begun that would have to be undone
            from typer.main import get_command

            from keytui.cli.completing import join_words_of_bash, with_offers

            join_words_of_bash()
            with_offers(get_command(app))(words, prog_name="keytui")
        app(words, prog_name="keytui")
    finally:
        if sys.stdout is not ours:  # how typer hides that a reader left early
            sys.stdout = ours
            discard_output()
            raise BrokenPipeError


def _forbid_recordings() -> None:
    """Textual's switches for developers write what is typed, pasted and shown to files, secrets too."""
    for name in ("TEXTUAL", "TEXTUAL_LOG", "TEXTUAL_SCREENSHOT", "TEXTUAL_PRESS"):
        os.environ.pop(name, None)


def _forbid_core_dumps() -> None:
    """A crash must not write the process's memory, which may hold a secret, to a file."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
