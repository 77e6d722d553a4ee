"""A stamp beside a value says which version of which key it is, where several keys share one document of a store."""

from __future__ import annotations

import json
from dataclasses import dataclass

from keytui.domain.errors import Refused
from keytui.domain.keys import Key
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless


@dataclass(frozen=True, slots=True)
class Stamp:
    """What we wrote last. It counts as long as the value beside it is the one that it was written for."""

    key_id: str
    version: int
    digest: str
    """Of the secret; whoever reads it reads the secret beside it too."""
    before: int = 0
    """What the store calls its state before; 0 when there was none."""

    def is_on(self, stands: Secret | None) -> bool:
        """Whether the value is still what was written with the stamp."""
        return stands is not None and stands.digest() == self.digest

    def text(self) -> str:
        """As it is written beside the value."""
        found = {"key": self.key_id, "version": self.version, "digest": self.digest, "before": self.before}
        return json.dumps(found)


def stamp_field(field: str) -> str:
    """The name of the field beside a field."""
    return f"{field}_keytui"


def read_stamp(text: object) -> Stamp | None:
    """What stands in that field; None when that is no stamp of ours."""
    try:
        found = json.loads(str(text))
        return Stamp(str(found["key"]), int(found["version"]), str(found["digest"]), int(found["before"]))
    except (ValueError, KeyError, TypeError):
        return None


def refuse_others(where: str, stamp: Stamp | None, stands: Secret | None, key: Key, version: int | None = None) -> None:
    """Refused when another key's secret stands there, or one of this key that is newer than `version`."""
    if stamp is None or not stamp.is_on(stands):
        return
    if stamp.key_id != key.id:
        raise held_by_another(where, stamp.key_id)
    if version is not None and stamp.version > version:
        raise held_newer(where, stamp.version)


def held_by_another(where: str, key_id: str) -> Refused:
    """Whoever reads another key's secret there would get this one's."""
    return Refused(
        f"{where} holds the secret of another key, {harmless(key_id)}",
        "give each key a place of its own, as with {id}; if that key needs it no more, remove it there",
    )


def held_newer(where: str, version: int) -> Refused:
    """A process that was held up comes too late."""
    return Refused(f"{where} holds version {version} already", "nothing is to be done: it is newer")
