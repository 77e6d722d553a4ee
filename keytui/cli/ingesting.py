"""`keytui ingest`: access logs as evidence of who uses which key."""

from __future__ import annotations

import gc
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Final

import typer

from keytui.cli.ingested import numbers, refuse_nothing, remark_on, say_counts, shape_of, total
from keytui.cli.options import JsonOption
from keytui.cli.output import say_json
from keytui.cli.session import opened
from keytui.clock import utc_now
from keytui.domain.errors import Invalid, Refused
from keytui.domain.recognition import Recogniser
from keytui.domain.reports import Leak, Report
from keytui.domain.text import harmless
from keytui.probes.access_log import AccessLog, Format, PipeContent, parse_mapping, source_name
from keytui.vault.protocol import Vault

POLL: Final = 0.5
"""Seconds between two looks at a followed log: with the time that a look takes, they come at least once a second."""
_STDIN: Final = Path("-")


def ingest(
    context: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE…", help="Logs, rotated and gzip'd ones too; - is standard input."),
    ] = None,
    *,
    format_: Annotated[Format, typer.Option("--format", help="How the lines are written.")] = Format.AUTO,
    mapping: Annotated[
        list[str] | None, typer.Option("--map", metavar="FIELD=PATH", help="Where a field stands; repeat it.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on reading what comes, through rotations.")] = False,
    source: Annotated[str, typer.Option(metavar="NAME", help="What the evidence calls it; else the file's name.")] = "",
    verified: Annotated[
        bool, typer.Option("--verified", help="The service wrote the key's field, after it had accepted the key.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Count who used which key in access logs, from where the last run stopped.

    Exit code 0, also with warnings, or 1 when nothing could be read.
    """
    with _inputs(files or (), follow) as (paths, pipe):
        log = AccessLog(
            _source(source, paths),
            paths,
            pipe,
            format_=format_,
            mapping=parse_mapping(mapping or ()),
            verified=verified,
            live=follow,
        )
        with opened(context) as vault:
            run = _Run(vault, log, pipe)
            if follow:
                run.follow()
            else:
                run.to_the_end()
            run.end()
            leaks = [(leak, vault.detail(leak.key_id).summary.key.name) for leak in run.leaks]
    if json:
        say_json(shape_of(log, leaks))
    else:
        say_counts(log)
    remark_on(log, leaks)
    refuse_nothing(log)


class _Run:
    """One run over a log: its reports go into the vault one by one, each with the bookmarks that it moves."""

    def __init__(self, vault: Vault, log: AccessLog, pipe: PipeContent | None) -> None:
        self._vault = vault
        self._log = log
        self._position = vault.changes(0, 0).position
        self._recogniser = vault.recogniser()
        self._bookmarks = dict(vault.bookmarks(log.source))
        self._pipe = pipe
        self._following = False
        if pipe is not None:
            pipe.look(self._bookmarks)  # before the time is taken by which lines are judged
        self.leaks: list[Leak] = []

    def once(self, stop: threading.Event | None = None) -> None:
        """Hand over what has come, or as much of it until `stop` is set."""
        with rarely_collected():
            for report in self._log.ask(self._known(), self._bookmarks, utc_now()):
                if not self._hand_over(report) or (stop is not None and stop.is_set()):
                    break

    def to_the_end(self) -> None:
        """Hand over all there is, and what a pipe brings until it ends."""
        self.once()
        while self._pipe is not None and not self._pipe.ended:
            self.once()

    def follow(self) -> None:
        """Go on until a signal comes, or until the pipe ends."""
        self._following = True
        with _signals() as stop:
            while not (stop.is_set() or (self._pipe is not None and self._pipe.ended)):
                self.once(stop)
                stop.wait(POLL)
            self.once()

    def end(self) -> None:
        """Leave the counts in the audit log."""
        counted = total(self._log)
        if counted.lines:
            self._vault.ingested(self._log.source, {name: str(count) for name, count in numbers(counted).items()})

    def _known(self) -> Recogniser:
        """A key that was made meanwhile is known from its first line on."""
        changes = self._vault.changes(self._position, 0)
        if changes.position != self._position:
            self._position = changes.position
            self._recogniser = self._vault.recogniser()
        return self._recogniser

    def _hand_over(self, report: Report) -> bool:
        """False: another run has counted some of it, and of ours nothing was; what that left is there the next time."""
        try:
            self._vault.witness(report)
        except Refused:
            if not self._overtaken(report):
                raise
            self._log.take_back()
            return False
        self._bookmarks.update({bookmark.name: bookmark.value for bookmark in report.bookmarks})
        self._log.keep()
        self.leaks += report.leaks
        return True

    def _overtaken(self, report: Report) -> bool:
        """Whether one who follows files goes on where another run has ended; what a pipe gave is gone."""
        bookmarks = dict(self._vault.bookmarks(self._log.source))
        moved = any(bookmarks.get(mark.name) != self._bookmarks.get(mark.name) for mark in report.bookmarks)
        if not (moved and self._following and self._pipe is None):
            return False
        self._bookmarks = bookmarks
        return True


@contextmanager
def _inputs(files: Sequence[Path], follow: bool) -> Iterator[tuple[list[Path], PipeContent | None]]:
    """The files, and the one pipe."""
    if not files and sys.stdin.isatty():
        raise Invalid("no FILE was named, and nothing comes on standard input", "as in `keytui ingest access.log`")
    pipes = {path for path in files or (_STDIN,) if path == _STDIN or _fifo(path)}
    if len(pipes) > 1:
        raise Invalid("more than one pipe was named", "run one each, with a --source of its own")
    paths = [path for path in files if path not in pipes]
    with ExitStack() as ours:
        pipe = next((_pipe(path, ours) for path in pipes), None)
        if pipe is not None:
            pipe.patience = POLL
            pipe.followed = follow
        yield paths, pipe


def _fifo(path: Path) -> bool:
    """A path that cannot even be looked at is a file that cannot be opened."""
    try:
        return path.is_fifo()
    except OSError:
        return False


def _pipe(path: Path, ours: ExitStack) -> PipeContent:
    if path == _STDIN:
        return PipeContent(sys.stdin.buffer, "standard input")
    try:
        return PipeContent(ours.enter_context(path.open("rb")), str(path))
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}", "name a pipe that you may read") from None


def _source(name: str, paths: Sequence[Path]) -> str:
    if name:
        return f"log {harmless(name)}"
    names = {source_name(path.name): None for path in paths} or {"log stdin": None}
    if len(names) > 1:
        called = ", ".join(sorted(name.removeprefix("log ") for name in names))
        raise Invalid(f"these look like logs of several servers: {called}", "name them with --source, or run one each")
    return harmless(next(iter(names)))


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Look for cycles of garbage more rarely: lines make none, and looking costs a tenth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def _signals() -> Iterator[threading.Event]:
    """Set once somebody wants us to end."""
    stop = threading.Event()

    def end(_: int, __: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
