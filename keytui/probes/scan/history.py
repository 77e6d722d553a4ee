"""A git repository's history, read by the `git` program: every object that a ref or a reflog reaches, once each.

A repository is a stranger's: its configuration may name programs. None is run: no hook, pager, helper, diff or textconv
is asked for, the plumbing that is called knows none of them, and what is missing is not fetched.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

from keytui.probes.scan.search import Read

_LOOK_UP: Final = 60.0
"""Seconds that looking for one object's commit may take."""
_SETTINGS: Final = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.alternateRefsCommand=",
    "core.bigFileThreshold=16m",  # larger ones are streamed, and not held in memory
    "protocol.allow=never",
    "log.showSignature=false",
    "log.mailmap=false",
    "diff.external=",
)
_EVERYTHING: Final = ("--all", "--reflog")


@dataclass(frozen=True, slots=True)
class Object:
    """One object of a history: `blob`, `commit` or `tag`, and the name that it had when it was met first."""

    id: str
    kind: str
    name: str
    read: Read


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository. `directory` is where it was met, `common` where its objects are, also for a second worktree."""

    directory: str
    common: str


class Broken(Exception):
    """Git could not read all of it."""


class Shut(Exception):
    """Git reads nothing of a repository. `why` says so, of the repository."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def repository_of(path: Path) -> Repository | None:
    """The repository that a file or directory is in; None for none. Shut where git finds one and does not read it."""
    directory = str(path if path.is_dir() else path.parent)
    asked = "rev-parse", "--path-format=absolute", "--git-common-dir"
    done = subprocess.run(  # noqa: S603  # git's own words, and a path that the operator named
        _git(directory, *asked), capture_output=True, env=_environment(), timeout=_LOOK_UP, check=False
    )
    common = os.fsdecode(done.stdout).removesuffix("\n")
    if done.returncode == 0 and common:
        return Repository(directory, common)
    if b"dubious ownership" in done.stderr:
        raise Shut("is somebody else's repository, and git does not read it: see its safe.directory")
    if b"not a git repository" in done.stderr:
        return None
    raise Shut("is a repository that git cannot read")


def within(repository: Repository) -> Iterator[Object]:
    """Every blob, commit and tag, once each, to be read before the next is asked for. Broken when git gives up."""
    listing = ("rev-list", "--objects", *_EVERYTHING, "--missing=print")
    with ExitStack() as ours:
        listed = ours.enter_context(_running(repository, listing, subprocess.DEVNULL))
        told = cast(BinaryIO, listed.stdout)
        form = "--batch=%(objectname) %(objecttype) %(objectsize) %(rest)"
        content = ours.enter_context(_running(repository, ("cat-file", form, "--buffer"), told))
        told.close()  # so that the first learns it when the second ends
        yield from _objects(cast(BinaryIO, content.stdout))
        if listed.wait() or content.wait():
            raise Broken


def commit_of(repository: Repository, blob: str) -> str:
    """The oldest known commit that brought a blob; "" where that cannot be told, or takes too long."""
    plain = ("--topo-order", "--format=%H", "--no-ext-diff", "--no-textconv")
    words = ("log", *_EVERYTHING, *plain, f"--find-object={blob}")
    try:
        done = subprocess.run(  # noqa: S603  # git's own words, and an object's id that git told
            _git(repository.directory, *words), capture_output=True, env=_environment(), timeout=_LOOK_UP, check=False
        )
    except subprocess.TimeoutExpired:
        return ""
    return (done.stdout.decode("ascii", "replace").split() or [""])[-1]


def _objects(stream: BinaryIO) -> Iterator[Object]:
    missing = False
    while header := stream.readline():
        id_, kind, *rest = os.fsdecode(header).rstrip("\n").split(" ", 3)
        if kind == "missing":
            missing = True  # of a clone that has a part only
            continue
        rest_read = _Content(stream, int(rest[0]))
        if kind != "tree":
            yield Object(id_, kind, rest[1] if len(rest) > 1 else "", rest_read.read)
        rest_read.skip()
    if missing:
        raise Broken


class _Content:
    """One object's bytes in the stream of all of them."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._left = size

    def read(self, size: int) -> bytes:
        data = self._stream.read(min(size, self._left))
        self._left -= len(data)
        return data

    def skip(self) -> None:
        """Leave the stream at the next object, however much was read. Broken where it ends before."""
        while self._left:
            if not self.read(1 << 20):
                raise Broken
        self._stream.read(1)  # the line break behind it


@contextmanager
def _running(repository: Repository, words: Sequence[str], stdin: int | BinaryIO) -> Iterator[subprocess.Popen[bytes]]:
    """A git that is ended with us, whatever happens."""
    with subprocess.Popen(  # noqa: S603  # git's own words; nothing of a secret is in them
        _git(repository.directory, *words),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _git(directory: str, *words: str) -> list[str]:
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    return ["git", "--no-pager", "--no-replace-objects", "-C", directory, *settings, *words]


def _environment() -> dict[str, str]:
    """Ours without what would lead git elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
    return {**kept, **quiet}
