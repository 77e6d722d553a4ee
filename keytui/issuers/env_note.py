"""What stands beside a .env file, as private as it: which values have left its list, so that they can come back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from keytui.domain.errors import Refused
from keytui.domain.secrets import Secret
from keytui.issuers.issuer import Mark
from keytui.plain_file import open_plain
from keytui.private_file import replace_privately

_MOST_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Note:
    """Written before the file itself: what a crash leaves in both stands in the list, which counts."""

    suspended: tuple[Secret, ...] = field(default=(), repr=False)
    revoked: tuple[Mark, ...] = ()
    changes: int = 0
    """How often the list was changed."""
    arrived: frozenset[str] = frozenset()
    """Digests of values that came into the list, of which the service was not told."""
    left: frozenset[str] = frozenset()
    """Digests of values that left it, of which the service was not told: it may accept them still."""

    def changing(self, before: frozenset[str], after: frozenset[str]) -> Note:
        """The note of a change that the service has to be told of, by the digests in the list."""
        came, went = after - before, before - after
        return replace(self, arrived=(self.arrived | came - self.left) - went, left=(self.left | went) - came)


def read_note(path: Path) -> Note:
    """An empty one when there is none. Refused when it cannot be read: values may stand in it that nothing else has."""
    try:
        with open_plain(path) as file:
            found = json.loads(file.read(_MOST_BYTES))
        return Note(
            tuple(Secret(str(value)) for value in found["suspended"]),
            tuple(Mark(str(digest), str(prefix)) for digest, prefix in found["revoked"].items()),
            int(found["changes"]),
            frozenset(map(str, found["arrived"])),
            frozenset(map(str, found["left"])),
        )
    except FileNotFoundError:
        return Note()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Refused(f"{path} is not as keytui wrote it", "put it back, or remove it and what it held") from None


def write_note(path: Path, note: Note) -> None:
    """Refused or Invalid when it cannot be written."""
    written = {
        "suspended": [value.reveal() for value in note.suspended],
        "revoked": {mark.digest: mark.prefix for mark in note.revoked},
        "changes": note.changes,
        "arrived": sorted(note.arrived),
        "left": sorted(note.left),
    }
    replace_privately(path, Secret(json.dumps(written)))
