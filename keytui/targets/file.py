"""Files that only their owner can read: a new one, carried on from there, and one that consumers read a secret from."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Final

from keytui.domain.errors import Invalid, Refused, Unreachable
from keytui.domain.fields import Fields
from keytui.domain.keys import Key
from keytui.domain.references import Resolve
from keytui.domain.secrets import Secret
from keytui.targets.target import Abilities, filled

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
_READ: Final = os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_NOFOLLOW", 0)  # a pipe would wait for its writer
_MOST_BYTES: Final = 64 * 1024
_WAIT_FOR_LOCK: Final = 5.0


def write_new_file(path: Path, secret: Secret) -> Path:
    """Write the secret, and nothing after it, to a new file with mode 0600; its absolute path comes back.

    Refused when anything is there already, a dangling link included; Invalid when the place cannot be written.
    A file that could not be written whole is removed again.
    """
    absolute = path.expanduser().absolute()
    try:
        descriptor = os.open(absolute, _NEW, 0o600)
    except FileExistsError:
        raise Refused(f"{absolute} is there already", "name a file that does not exist yet") from None
    except (OSError, ValueError) as error:
        raise _unwritable(absolute, error) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(secret.reveal().encode())
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        absolute.unlink(missing_ok=True)
        raise _unwritable(absolute, error) from None
    return absolute


@dataclass(frozen=True, slots=True)
class _Kept:
    """What stands beside the file, as private as it: which version we wrote last, and what stood there before."""

    key_id: str
    version: int
    digest: str
    before: Secret | None


@dataclass(frozen=True, slots=True)
class FileTarget:
    """A file of mode 0600 with the secret and nothing else, replaced at once: a reader sees the old one or the new."""

    name: str
    path: str
    """May hold `{id}`, `{name}` and `{environment}`."""

    @property
    def abilities(self) -> Abilities:
        return Abilities(reads_back=True, rolls_back=True, keeps_former=True)

    def place(self, key: Key) -> str:
        return str(self._file(key))

    def rehearse(self, key: Key) -> None:
        path = self._file(key)
        self._refuse_others(path, self._content(path), key)
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise Refused(f"target {self.name}: {path.parent} cannot be written", "make it, for the user who delivers")

    def deliver(self, key: Key, version: int, secret: Secret) -> None:
        path = self._file(key)
        with self._alone(path):
            stands = self._content(path)
            if stands == secret:
                return
            self._refuse_others(path, stands, key)
            kept = _kept_beside(path)
            if kept is not None and kept.key_id == key.id and kept.version > version and _is(stands, kept):
                raise Refused(
                    f"target {self.name}: {path} holds version {kept.version} already",
                    "nothing is to be done: it is newer",
                )
            _keep(path, _Kept(key.id, version, secret.digest(), stands))
            _replace(path, secret)

    def read_back(self, key: Key) -> Secret | None:
        return self._content(self._file(key))

    def read_former(self, key: Key) -> Secret | None:
        kept = _kept_beside(self._file(key))
        return kept.before if kept is not None and kept.key_id == key.id else None

    def roll_back(self, key: Key, version: int) -> None:
        path = self._file(key)
        with self._alone(path):
            kept, stands = _kept_beside(path), self._content(path)
            if kept is None or (kept.key_id, kept.version) != (key.id, version):
                raise Refused(
                    f"target {self.name}: what stood in {path} before version {version} is not kept",
                    "put it there by hand, or deliver again",
                )
            if stands == kept.before:
                return
            if not _is(stands, kept):
                raise Refused(f"target {self.name}: {path} holds something else by now", "see who wrote it")
            if kept.before is None:
                path.unlink()
            else:
                _replace(path, kept.before)

    def _file(self, key: Key) -> Path:
        return Path(filled(self.path, key))

    def _content(self, path: Path) -> Secret | None:
        """What stands there, without a line break at its end. Refused where replacing it would lock its readers out."""
        try:
            descriptor = os.open(path, _READ)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Refused(
                f"target {self.name}: {path} cannot be read: {error.strerror}", "name a file, and no link to one"
            ) from None
        try:
            self._refuse_shared(path, os.fstat(descriptor))
            content = os.read(descriptor, _MOST_BYTES + 1)
        finally:
            os.close(descriptor)
        try:
            text = content.decode()
        except UnicodeDecodeError:
            text = ""
        if len(content) > _MOST_BYTES or (content and not text):
            raise Refused(f"target {self.name}: {path} holds something that is no secret", "name another file")
        return Secret(text.removesuffix("\n").removesuffix("\r"))

    def _refuse_others(self, path: Path, stands: Secret | None, key: Key) -> None:
        """Whoever reads another key's secret here would get this one's; two targets may name one path."""
        kept = _kept_beside(path)
        if kept is not None and kept.key_id != key.id and _is(stands, kept):
            raise Refused(
                f"target {self.name}: {path} holds the secret of another key, {kept.key_id}",
                "give each key a path of its own, as with {id}; if that key needs it no more, remove the file",
            )

    def _refuse_shared(self, path: Path, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise Refused(f"target {self.name}: {path} is no file", "name a file")
        if status.st_mode & 0o077:
            raise Refused(
                f"target {self.name}: others can read {path}, and could no longer once it is replaced",
                f"let its consumer run as its owner, then `chmod 600 {path}`",
            )
        if status.st_uid != os.geteuid():
            raise Refused(
                f"target {self.name}: {path} belongs to another user, who could no longer read it",
                "deliver as that user",
            )

    @contextmanager
    def _alone(self, path: Path) -> Iterator[None]:
        """One writer at a time: what was read is what is replaced."""
        try:
            directory = os.open(path.parent, os.O_RDONLY)
        except OSError as error:
            raise Unreachable(
                f"target {self.name}: {path.parent} cannot be opened: {error.strerror}", "make the directory"
            ) from None
        try:
            until = time.monotonic() + _WAIT_FOR_LOCK
            while not _locked(directory):
                if time.monotonic() > until:
                    raise Unreachable(f"target {self.name}: another process holds {path.parent}", "try again later")
                time.sleep(0.02)
            yield
            os.fsync(directory)
        finally:
            os.close(directory)  # and the lock with it


def file_target(name: str, fields: Fields, _resolve: Resolve) -> FileTarget:
    """`[targets.NAME] kind = "file"`."""
    fields.only(("kind", "path"), "a file target")
    return FileTarget(name, str(fields.path("path", "/srv/checkout/api-key")))


def _locked(directory: int) -> bool:
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.before")


def _kept_beside(path: Path) -> _Kept | None:
    try:
        found = json.loads(_beside(path).read_bytes())
        before = None if found["before"] is None else Secret(str(found["before"]))
        return _Kept(str(found["key"]), int(found["version"]), str(found["digest"]), before)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(path: Path, kept: _Kept) -> None:
    before = None if kept.before is None else kept.before.reveal()
    found = {"key": kept.key_id, "version": kept.version, "digest": kept.digest, "before": before}
    _replace(_beside(path), Secret(json.dumps(found)))


def _is(stands: Secret | None, kept: _Kept) -> bool:
    return stands is not None and stands.digest() == kept.digest


def _replace(path: Path, content: Secret) -> None:
    """The new content whole and on the disk before it takes the old one's place."""
    draft = write_new_file(path.with_name(f".{path.name}.{token_hex(8)}"), content)
    try:
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError | ValueError) -> Invalid:
    why = error.strerror if isinstance(error, OSError) else error
    return Invalid(f"{path} cannot be written: {why}", "name a file in a directory that you may write to")
