"""The target that is a file with the secret and nothing else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from keytui.domain.errors import NotFound, Refused
from keytui.domain.fields import Fields
from keytui.domain.keys import Key
from keytui.domain.references import Resolve
from keytui.domain.secrets import Secret
from keytui.private_file import replace_privately
from keytui.targets.kept import Kept, note_beside, read_kept, write_kept
from keytui.targets.named import errors_of
from keytui.targets.target import Abilities, filled
from keytui.text_file import TextFile, alone_in, refuse_closed

_LONGEST: Final = 64 * 1024
_CONTENT: Final = "content"
"""What the note calls what stood there before."""


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
        with errors_of(self.name):
            self._standing(key, path)
            refuse_closed(path.parent)

    def deliver(self, key: Key, version: int, secret: Secret) -> None:
        path = self._file(key)
        with errors_of(self.name), alone_in((path.parent,)):
            stands, kept = self._standing(key, path, secret)
            if stands == secret:
                return
            if kept is not None:
                kept.refuse_older(path, stands, version)
            digest = secret.digest()
            write_kept(note_beside(path), Kept(key.id, version, digest, digest, {_CONTENT: stands}))
            replace_privately(path, secret)

    def read_back(self, key: Key) -> Secret | None:
        with errors_of(self.name):
            return _content(self._file(key))

    def read_former(self, key: Key) -> Secret | None:
        with errors_of(self.name):
            kept = read_kept(note_beside(self._file(key)))
        return kept.before.get(_CONTENT) if kept is not None and kept.key_id == key.id else None

    def roll_back(self, key: Key, version: int) -> None:
        path = self._file(key)
        with errors_of(self.name), alone_in((path.parent,)):
            stands, kept = self._standing(key, path)
            if kept is None or (kept.key_id, kept.version) != (key.id, version):
                raise Refused(
                    f"what stood in {path} before version {version} is not kept",
                    "put it there by hand, or deliver again",
                )
            before = kept.before.get(_CONTENT)
            if stands == before:
                return
            if not kept.stands(stands):
                raise Refused(f"{path} holds something else by now", "see who wrote it")
            replace_privately(path, before)

    def _standing(self, key: Key, path: Path, wanted: Secret | None = None) -> tuple[Secret | None, Kept | None]:
        """What stands there, and the note beside it. Refused when it is another key's, unless it is what is wanted."""
        kept, stands = read_kept(note_beside(path)), _content(path)
        if kept is not None and stands != wanted:
            kept.refuse_others(path, stands, key)
        return stands, kept

    def _file(self, key: Key) -> Path:
        return Path(filled(self.path, key))


def file_target(name: str, fields: Fields, _resolve: Resolve) -> FileTarget:
    """`[targets.NAME] kind = "file"`."""
    fields.only(("kind", "path"), "a file target")
    return FileTarget(name, str(fields.path("path", "/srv/checkout/api-key")))


def _content(path: Path) -> Secret | None:
    """What stands there, without a line break at its end. Refused where replacing it would lock its readers out."""
    try:
        file = TextFile.read(path, for_all=True)
    except NotFound:
        return None
    _refuse_shared(path, file.status)
    if len(file.text) > _LONGEST or not _is_text(file.text):
        raise Refused(f"{path} holds something that is no secret", "name another file")
    return Secret(file.text.removesuffix("\n").removesuffix("\r"))


def _refuse_shared(path: Path, status: os.stat_result) -> None:
    if status.st_mode & 0o077:
        raise Refused(
            f"others can read {path}, and could no longer once it is replaced",
            f"let its consumer run as its owner, then `chmod 600 {path}`",
        )
    if status.st_uid != os.geteuid():
        raise Refused(f"{path} belongs to another user, who could no longer read it", "deliver as that user")


def _is_text(content: str) -> bool:
    try:
        content.encode()
    except UnicodeEncodeError:
        return False
    return True
