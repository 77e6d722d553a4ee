"""A text file that programs take settings from: read with care, and replaced at once as its readers know it.

Whoever could read it before can read it after: owner, group, mode and extended attributes (access control lists are
among them) stay. What cannot be kept so is refused before anything is written.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from keytui.domain.errors import Invalid, NotFound, Refused, Unreachable

_MOST_BYTES: Final = 1024 * 1024
_NO_LINKS: Final = getattr(os, "O_NOFOLLOW", 0)
_READ: Final = os.O_RDONLY | os.O_NONBLOCK | _NO_LINKS  # a pipe would wait for its writer
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINKS
_ACCESS_LIST: Final = "system.posix_acl_access"
_WAIT_FOR_LOCK: Final = 5.0


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file as it stood when it was read."""

    path: Path
    text: str = field(repr=False)
    """UTF-8 with its byte order mark and line breaks as they are; other bytes as `surrogateescape` has them."""
    status: os.stat_result = field(repr=False)

    @classmethod
    def read(cls, path: Path, for_all: bool = False) -> TextFile:
        """NotFound when there is none. Refused for what is no file of text, for a link, and for what anybody can read.

        `for_all` is for what anybody may read, because it holds no secret, or a sealed one.
        """
        try:
            descriptor = os.open(path, _READ)
        except FileNotFoundError:
            raise NotFound(f"there is no {path}", "make it, with the owner and mode that its readers need") from None
        except OSError as error:
            raise _unreadable(path, error) from None
        try:
            status = os.fstat(descriptor)
            _refuse_unfit(path, status)
            if not for_all:
                _refuse_others(path, status)
            content = _all_of(descriptor)
        except OSError as error:
            raise _unreadable(path, error) from None
        finally:
            os.close(descriptor)
        _refuse_other_content(path, content)
        return cls(path, content.decode("utf-8", "surrogateescape"), status)

    def rehearse(self) -> None:
        """Raise what replacing it would meet. Writes nothing."""
        refuse_closed(self.path.parent)
        if os.geteuid() != 0 and self.status.st_uid != os.geteuid():
            raise Refused(f"{self.path} belongs to another user, who could no longer read it", "write as that user")
        if os.geteuid() != 0 and self.status.st_gid not in {os.getegid(), *os.getgroups()}:
            raise Refused(f"{self.path} belongs to a group that you are not in", "its readers would be locked out")

    def replace(self, text: str) -> None:
        """Put another text in its place: a reader sees the one or the other, whole, whatever happens meanwhile.

        Only while `alone_in` its directory. Refused, with the old text in place, when it cannot, or when somebody else
        changed the file since it was read.
        """
        self.rehearse()
        try:
            content = text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raise Refused(f"what is to stand in {self.path} is no text", "give it in UTF-8") from None
        try:
            self._swap(content)
        except OSError as error:
            raise Refused(
                f"{self.path} cannot be written: {error.strerror}", "see to its directory, and that there is room"
            ) from None
        flush_names(self.path.parent)

    def _swap(self, content: bytes) -> None:
        draft = draft_beside(self.path)
        try:
            self._write(draft, content)
            if _moment(os.lstat(self.path)) != _moment(self.status):
                raise Refused(f"{self.path} was changed by somebody else just now", "do it again")
            draft.replace(self.path)
        finally:
            draft.unlink(missing_ok=True)

    def _write(self, draft: Path, content: bytes) -> None:
        with os.fdopen(os.open(draft, _NEW, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            descriptor = file.fileno()
            own = os.fstat(descriptor)
            if (own.st_uid, own.st_gid) != (self.status.st_uid, self.status.st_gid):
                os.fchown(descriptor, self.status.st_uid, self.status.st_gid)
            _copy_attributes(self.path, descriptor)
            os.fchmod(descriptor, stat.S_IMODE(self.status.st_mode))
            os.fsync(descriptor)


def refuse_closed(directory: Path) -> None:
    """Refused when nothing can be replaced there: to be `alone_in` it takes reading it, too."""
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        raise Refused(f"{directory} cannot be read and written", "make it, for the user who runs this")


def draft_beside(path: Path) -> Path:
    """Where what is to replace a file is written first, while `alone_in` its directory.

    It has one name, and what lies there is removed: the draft of a process that was killed holds a secret.
    """
    draft = path.with_name(f"{path.name}.keytui-draft")
    draft.unlink(missing_ok=True)
    return draft


@contextmanager
def alone_in(directories: Iterable[Path]) -> Iterator[None]:
    """One of us at a time in these directories: what was read is what is replaced. Unreachable after five seconds."""
    with ExitStack() as stack:
        # by their real names, or we would wait for ourselves; in one order, or two would wait for each other
        for directory in sorted(set(map(os.path.realpath, directories))):
            stack.enter_context(_alone_in(Path(directory)))
        yield


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except OSError as error:
        raise Unreachable(f"{directory} cannot be opened: {error.strerror}", "make the directory") from None
    try:
        until = time.monotonic() + _WAIT_FOR_LOCK
        while not _locked(descriptor):
            if time.monotonic() > until:
                raise Unreachable(f"another process holds {directory}", "try again later")
            time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)  # and the lock with it


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def flush_names(directory: Path) -> None:
    """New names on the disk too. Where a directory cannot be flushed the files stand there all the same."""
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Around what reads or changes a file's text: what it finds wrong in a line is said of that file."""
    try:
        yield
    except Invalid as error:
        raise Invalid(f"{path}: {error.message}", error.hint) from None


def _all_of(descriptor: int) -> bytes:
    """The whole content, or more than a file of settings has: a read may end before the file does."""
    with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as file:
        content = b""
        while len(content) <= _MOST_BYTES and (more := file.read(_MOST_BYTES + 1 - len(content))):
            content += more
    return content


def _refuse_other_content(path: Path, content: bytes) -> None:
    if len(content) > _MOST_BYTES:
        raise Refused(f"{path} has more than {_MOST_BYTES // 1024} KiB", "name a file of settings")
    if b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise Refused(f"{path} is no text: line {line} holds a null byte", "save it as UTF-8")


def _refuse_unfit(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Refused(f"{path} is no file", "name a file")
    if status.st_nlink > 1:
        raise Refused(
            f"{path} has {status.st_nlink} names, and would be replaced under one of them only",
            "let it have one name",
        )


def _refuse_others(path: Path, status: os.stat_result) -> None:
    if status.st_mode & stat.S_IRWXO:
        raise Refused(
            f"anybody on this machine can read or write {path}",
            f"`chmod o-rwx {path}`; its readers are its owner and its group",
        )


def _unreadable(path: Path, error: OSError) -> Refused:
    if error.errno == errno.ELOOP:
        return Refused(
            f"{path} is a link, which would be replaced by a file", f"name the file itself: {os.path.realpath(path)}"
        )
    return Refused(f"{path} cannot be read: {error.strerror}", "name a file that you may read")


def _moment(status: os.stat_result) -> tuple[int, int, int, int]:
    """What differs as soon as anybody has written the file, given it to others, or put another in its place."""
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _copy_attributes(path: Path, descriptor: int) -> None:
    """An access list that the directory gives to new files goes: whom it lets in could not read the old one."""
    if sys.platform != "linux":
        return
    names: list[str] = []
    given: list[str] = []
    with suppress(OSError):  # a file system that knows none
        names, given = os.listxattr(path, follow_symlinks=False), os.listxattr(descriptor)
    if _ACCESS_LIST in given and _ACCESS_LIST not in names:
        os.removexattr(descriptor, _ACCESS_LIST)
    for name in names:
        try:
            os.setxattr(descriptor, name, os.getxattr(path, name, follow_symlinks=False))
        except OSError:
            if not name.startswith("security."):  # that one the system itself gives to a new file
                raise
