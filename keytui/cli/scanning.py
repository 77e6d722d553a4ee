"""`keytui scan`: secrets of this vault's keys, where they should not lie."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from keytui.cli.counting import counted
from keytui.cli.exits import Exit
from keytui.cli.options import JsonOption
from keytui.cli.output import remark, say, say_json
from keytui.cli.plainly import plain
from keytui.cli.scanned import Finding, findings, say_findings, shape_of
from keytui.cli.session import opened
from keytui.clock import utc_now
from keytui.domain.errors import KeytuiError
from keytui.domain.keys import VersionState
from keytui.domain.reports import Leak
from keytui.probes.scan import Hit, PipeFile, Scan
from keytui.vault.protocol import Vault

_STDIN: Final = Path("-")
_EVERY: Final = 0.5
"""Seconds between two remarks on how far it is."""
_MOST_TOLD: Final = 200
"""Places in one message to the vault."""
_MOST_SHOWN: Final = 20
"""Places that were not looked at, of those that are named."""


def scan(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files and directories; - is standard input.")],
    *,
    git_history: Annotated[
        bool, typer.Option("--git-history", help="Also everything that the git repositories there remember.")
    ] = False,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="PATTERN", help="Leave out what is called so, as in '*.min.js'; repeat it."),
    ] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Flag the keys that were found as leaked, in the vault.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Look for secrets of this vault's keys, any version, and say which to rotate.

    Exit code 0 when none is found that is or may come to be accepted, 3 when one is, 7 when none is and not all could
    be looked at.
    """
    with opened(context) as vault:
        if report:
            vault.note_leaks(())  # whoever may not is told so before an hour of looking
        recogniser = vault.recogniser()
        pace = _Pace()
        run = Scan(recogniser, pace.read, exclude or ())
        pipe = PipeFile("(standard input)", sys.stdin.buffer) if _STDIN in paths else None
        hits: list[Hit] = []
        with _cut_short(hits), pace.shown():
            for hit in run.over([path for path in paths if path != _STDIN], pipe, history=git_history):
                hits.append(hit)
                pace.found += 1
            found = findings(vault, hits, utc_now())
        unknowable = len(recogniser.unknowable) - len(recogniser.likely)
        if json:
            say_json(shape_of(found, run, unknowable))
        else:
            say_findings(found)
        _remark_on(run, found, unknowable, report)
        if report:
            _report(vault, found)
    raise typer.Exit(_code(found, run))


def _report(vault: Vault, found: Sequence[Finding]) -> None:
    """What is revoked already is no news, and what only begins as a secret is no proof."""
    now = utc_now()
    leaks = [
        Leak(one.key.id, one.version.number, hit.place, now)
        for one in found
        if one.version.state is not VersionState.REVOKED
        for hit in one.hits
        if not hit.likely
    ]
    for first in range(0, len(leaks), _MOST_TOLD):
        vault.note_leaks(leaks[first : first + _MOST_TOLD])


def _code(found: Sequence[Finding], run: Scan) -> Exit:
    if any(not one.over for one in found):
        return Exit.NOT_SAFE
    return Exit.PARTLY if run.unread else Exit.DONE


def _remark_on(run: Scan, found: Sequence[Finding], unknowable: int, report: bool) -> None:
    for unread in run.unread[:_MOST_SHOWN]:
        remark(f"not looked at: {unread.place} {unread.why}")
    if len(run.unread) > _MOST_SHOWN:
        remark(f"and {len(run.unread) - _MOST_SHOWN} more; --json names all")
    if unknowable:
        remark(
            f"{unknowable} versions cannot be found from here: weak and kept values are known to the vault's own host"
        )
    in_git = f" and {counted(run.objects, 'object')} of git" if run.objects else ""
    looked_at = f"{counted(run.files, 'file')}{in_git}"
    remark(f"{_size(run.size)} in {looked_at}: {_count(found)}")
    if found and not report:
        remark("nothing was changed; --report flags these keys as leaked")


def _count(found: Sequence[Finding]) -> str:
    if not found:
        return "no secret of this vault"
    end = sum(1 for one in found if not one.over)
    return f"secrets of {counted(len(found), 'version')}, {end} to be ended"


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


@contextmanager
def _cut_short(hits: Sequence[Hit]) -> Iterator[None]:
    """Where it ends early, by ctrl+c or because the vault went away, what was found until then is told."""
    try:
        yield
    except (KeytuiError, KeyboardInterrupt):
        for hit in hits:
            say(hit.place)
        remark(f"ended early: secrets were found in {len(hits)} places until then")
        raise


class _Pace:
    """How far it is, for somebody who watches."""

    def __init__(self) -> None:
        self.found = 0
        self._size = 0
        self._began = self._told = time.monotonic()
        self._watched = sys.stderr.isatty() and not plain()

    def read(self, size: int) -> None:
        """So many bytes more were looked at."""
        self._size += size
        now = time.monotonic()
        if self._watched and now - self._told >= _EVERY:
            self._told = now
            rate = self._size / (now - self._began)
            sys.stderr.write(f"\r\x1b[K{_size(self._size)}, {_size(int(rate))}/s, found in {self.found} places")
            sys.stderr.flush()

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Leaves the line as it was."""
        try:
            yield
        finally:
            if self._watched:
                sys.stderr.write("\r\x1b[K")
