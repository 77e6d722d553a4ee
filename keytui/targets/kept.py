"""What stands beside a file that is delivered to, for the way back: which version it is, and what was there before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from keytui.domain.errors import Refused
from keytui.domain.keys import Key
from keytui.domain.secrets import Secret
from keytui.plain_file import read_plain
from keytui.private_file import replace_privately

_NOTE: Final = ".before"


@dataclass(frozen=True, slots=True)
class Kept:
    """Of the last delivery to one place, written before that itself: a crash leaves the note and the old secret."""

    key_id: str
    version: int
    delivered: str
    """A digest of what was delivered."""
    written: str
    """A digest of what carries it there: the secret again, or the text that it is sealed into."""
    before: Mapping[str, Secret | None]
    """What stood there, by a name of the target's own; None where nothing did."""

    def stands(self, found: Secret | None) -> bool:
        """Whether what was found is what this delivery wrote."""
        return found is not None and found.digest() == self.written

    def refuse_others(self, path: Path, found: Secret | None, key: Key) -> None:
        """Refused when what was found there is another key's: whoever reads that would get this one's."""
        if self.key_id != key.id and self.stands(found):
            raise Refused(
                f"{path} holds the secret of another key, {self.key_id}",
                "give each key a place of its own, as with {id}; if that key needs it no more, remove it there",
            )

    def refuse_older(self, path: Path, found: Secret | None, version: int) -> None:
        """Refused when what was found there is newer than this version."""
        if self.version > version and self.stands(found):
            raise Refused(f"{path} holds version {self.version} already", "nothing is to be done: it is newer")


def note_beside(path: Path, of: str = "") -> Path:
    """Where the note of a file stands, or of one variable in it. Refused for what is such a note itself.

    What keeps `.env*` out of a repository keeps `.env.API_KEY.before` out too.
    """
    if path.suffix == _NOTE:
        raise Refused(
            f"{path} has the name of what is kept beside another file", "use {id} in the path, or end it otherwise"
        )
    return path.with_name(".".join(filter(None, (path.name, of))) + _NOTE)


def read_kept(path: Path) -> Kept | None:
    """The note of that name; None when there is none that can be read."""
    try:
        found = json.loads(read_plain(path))
        before = {str(name): None if value is None else Secret(str(value)) for name, value in found["before"].items()}
        delivered, written = str(found["delivered"]), str(found["written"])
        return Kept(str(found["key"]), int(found["version"]), delivered, written, before)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_kept(path: Path, kept: Kept) -> None:
    """Put the note there, as private as what it holds. Invalid when it cannot be written."""
    before = {name: None if value is None else value.reveal() for name, value in kept.before.items()}
    written = {
        "key": kept.key_id,
        "version": kept.version,
        "delivered": kept.delivered,
        "written": kept.written,
        "before": before,
    }
    replace_privately(path, Secret(json.dumps(written)))
