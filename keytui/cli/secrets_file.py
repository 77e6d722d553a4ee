"""Where the secrets of many new keys go before the keys count: a file that only its owner reads, or a pipe.

The file is also what a broken-off run goes on from: its lines are those of the keys' own file, in the same order.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path
from typing import Final, Protocol

from keytui.cli.handover import OutputLost, claim_output, write_out
from keytui.cli.key_course import Arriving
from keytui.cli.output import alarm, as_json
from keytui.cli.streams import discard_output
from keytui.domain.errors import Invalid, Refused
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.text_file import flush_names

_BEGINS: Final = b'{"name": '
_ANOTHER: Final = "name a file that does not exist yet"
_MOST: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Written:
    """A secret that was written out, and whose it is."""

    name: str
    environment: str
    tenant: str
    secret: Secret


class SecretsOut(Protocol):
    """Takes secrets before their keys count."""

    takes_back: bool
    """Whether what was written last can be taken back."""

    def written(self) -> Iterator[Written]:
        """What an earlier run wrote, in its order."""
        ...

    def write(self, part: Sequence[Arriving]) -> None:
        """Write the part's minted secrets out, for good. Refused when they cannot be: none of its keys may count."""
        ...

    def take_back(self) -> None:
        """The last part was refused, and its secrets open nothing."""
        ...

    def leave(self) -> None:
        """Something else ended the last part: whether its keys were made is not known."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class SecretsFile:
    """A file of one JSON object a line, mode 0600."""

    takes_back = True

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self._named = harmless(str(self.path))
        try:
            self._file = self._opened()
        except OSError as error:
            raise Invalid(f"{self._named} cannot be written: {error.strerror}", _ANOTHER) from None
        try:
            self._claim()
            self._end = self._last = self._whole_lines()
            self._file.truncate(self._end)
            flush_names(self.path.parent)
        except BaseException:
            self._file.close()
            raise

    def written(self) -> Iterator[Written]:
        with self.path.open("rb") as file:
            at = 0
            while at < self._begun_with:
                line = file.readline()
                at += len(line)
                yield _read(line, self._named)

    def write(self, part: Sequence[Arriving]) -> None:
        """Past the file's buffer: what is left in one after a failure would be written later, or fail again."""
        self._last, descriptor = self._end, self._file.fileno()
        left = memoryview(_lines(part).encode())
        self._end += len(left)
        try:
            os.lseek(descriptor, self._last, os.SEEK_SET)
            while left:
                left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
        except OSError as error:
            with suppress(Refused):  # half a line at the end is known as such by the next run
                self.take_back()
            raise Refused(
                f"{self._named} cannot be written: {error.strerror}", "make room, then the same again"
            ) from None

    def take_back(self) -> None:
        self._end, descriptor = self._last, self._file.fileno()
        try:
            os.ftruncate(descriptor, self._end)
            os.fsync(descriptor)
        except OSError as error:
            raise Refused(
                f"{self._named} cannot be written: {error.strerror}",
                "the secrets in it whose keys are not there open nothing; make room, then the same again",
            ) from None

    def leave(self) -> None:
        """The next run goes on from its last line, whether that one's key was made or not."""

    def close(self) -> None:
        """A file that this run began and that has nothing goes again."""
        if self._begun_here and self._end == 0:
            with suppress(OSError):
                self.path.unlink()
        self._file.close()

    def _opened(self) -> BufferedRandom:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        try:
            descriptor, self._begun_here = os.open(self.path, flags | os.O_EXCL, 0o600), True
        except FileExistsError:
            descriptor, self._begun_here = os.open(self.path, flags, 0o600), False
        return os.fdopen(descriptor, "r+b")

    def _claim(self) -> None:
        """Refused unless it is the owner's alone, and no other run writes it."""
        status = os.fstat(self._file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise Refused(f"{self._named} is not a plain file", _ANOTHER)
        if status.st_mode & 0o077 or status.st_uid != os.geteuid():
            raise Refused(f"others can read {self._named}, or it is not yours", f"{_ANOTHER}, or `chmod 600` it")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Refused(f"another keytui writes {self._named}", "wait until that has ended") from None
        if os.fstat(self._file.fileno()).st_nlink == 0:
            raise Refused(f"another keytui has just removed {self._named}", "the same again")

    def _whole_lines(self) -> int:
        """How far whole lines of ours reach: a run that was killed may have left a part of one."""
        end = 0
        while line := self._file.readline(_MOST):
            if not line.endswith(b"\n") and (line.startswith(_BEGINS) or _BEGINS.startswith(line)):
                break
            _read(line, self._named)
            end += len(line)
        self._begun_with = end
        return end


class SecretsPipe:
    """Standard output, where it is no terminal."""

    takes_back = False

    def __init__(self) -> None:
        if sys.stdout.isatty():
            raise Invalid("secrets in number are not shown on a terminal", "name a new file: --to FILE, or pipe them")
        claim_output(show=False)
        self._last = 0

    def written(self) -> Iterator[Written]:
        return iter(())

    def write(self, part: Sequence[Arriving]) -> None:
        self._last = len(part)
        try:
            write_out(_lines(part))
        except OSError as error:
            discard_output()
            raise OutputLost(
                f"the secrets could not be written: {error.strerror}",
                "none of their keys was made: --to FILE keeps them",
            ) from None
        except KeyboardInterrupt:  # whoever reads them may take a while
            self.take_back()
            raise

    def take_back(self) -> None:
        alarm(f"the last {self._last} secrets of the output open nothing: their keys were not made")

    def leave(self) -> None:
        alarm(f"the last {self._last} secrets of the output may open nothing; `keytui list` shows which keys are there")

    def close(self) -> None:
        sys.stdout.flush()


def _lines(part: Sequence[Arriving]) -> str:
    return "".join(_line(one, one.minted) for one in part if one.minted is not None)


def _line(one: Arriving, minted: Secret) -> str:
    draft = one.new.draft
    said: dict[str, object] = {"name": one.new.name, "environment": draft.environment, "tenant": draft.tenant}
    return as_json({**said, "secret": minted.reveal()}) + "\n"


def _read(line: bytes, named: str) -> Written:
    """A line of ours. Refused for any other: the file is somebody's, and is left alone."""
    try:
        said = json.loads(line)
        name, environment, tenant, secret = (said[word] for word in ("name", "environment", "tenant", "secret"))
    except (ValueError, TypeError, KeyError, RecursionError):
        said = None
    if said is None or not all(isinstance(one, str) for one in (name, environment, tenant, secret)):
        raise Refused(f"{named} holds something else than secrets of this command", _ANOTHER)
    return Written(name, environment, tenant, Secret(secret))
