"""The target that is a field of a document in HashiCorp Vault's KV engine, version 2; OpenBao speaks it too."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from keytui.domain.errors import Refused
from keytui.domain.fields import Fields
from keytui.domain.keys import Key
from keytui.domain.references import Resolve
from keytui.domain.secrets import Secret
from keytui.targets.exchange import Patience, credential, whole_timeout
from keytui.targets.hashicorp_kv import Document, KvPath, KvPlace
from keytui.targets.stamp import Stamp, read_stamp, refuse_others, stamp_field
from keytui.targets.target import Abilities, filled

_FIELDS: Final = ("kind", "address", "mount", "path", "field", "token", "namespace", "certificates", "timeout")
_TRIES: Final = 5
"""How often a document is read anew when somebody else wrote it meanwhile."""
_SEGMENTS: Final = re.compile(r"[\w{}.-]+(/[\w{}.-]+)*", re.ASCII)

Changes = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class HashicorpTarget:
    """One field of one document, written only where nobody came between; the fields beside it stay as they are.

    Beside it stands a stamp with key, version, and the store's own version before it, for the way back.
    """

    name: str
    place_of: KvPlace
    """Its path may hold `{id}`, `{name}` and `{environment}`."""
    entry: str
    """The field."""
    resolve: Resolve = dataclasses.field(repr=False)
    timeout: timedelta = timedelta(seconds=30)

    @property
    def abilities(self) -> Abilities:
        return Abilities(reads_back=True, rolls_back=True, keeps_former=True)

    def place(self, key: Key) -> str:
        return f"{self._place(key)} {self.entry}"

    def rehearse(self, key: Key) -> None:
        with self._open(key) as path:
            document = path.read()
            path.check_engine()
            refuse_others(self._here(key), self._stamp(document), self._value(document), key)
            may = path.capabilities()
        if may and "root" not in may and not ("update" in may or {"create", "patch"} <= may):
            raise Refused(
                f"{self._here(key)}: {self.place_of.token} may not write there, but {', '.join(sorted(may))}",
                "let its policy create, update and patch there",
            )

    def deliver(self, key: Key, version: int, secret: Secret) -> None:
        def changes(document: Document, _path: KvPath) -> Changes:
            stands = self._value(document)
            if stands == secret:
                return {}
            refuse_others(self._here(key), self._stamp(document), stands, key, version)
            stamp = Stamp(key.id, version, secret.digest(), document.number)
            return {self.entry: secret.reveal(), stamp_field(self.entry): stamp.text()}

        self._change(key, changes)

    def read_back(self, key: Key) -> Secret | None:
        with self._open(key) as path:
            return self._value(path.read())

    def read_former(self, key: Key) -> Secret | None:
        """As long as the store keeps its own version from before the last delivery; Refused once it does not."""
        with self._open(key) as path:
            stamp = self._stamp(path.read())
            return self._before(key, stamp, path) if stamp is not None and stamp.key_id == key.id else None

    def roll_back(self, key: Key, version: int) -> None:
        def changes(document: Document, path: KvPath) -> Changes:
            stamp, stands = self._stamp(document), self._value(document)
            if stamp is None or (stamp.key_id, stamp.version) != (key.id, version):
                raise Refused(
                    f"{self._here(key)}: what stood there before version {version} is not noted",
                    "put it there by hand, or deliver again",
                )
            before = self._before(key, stamp, path)
            if stands == before:
                return {}
            if not stamp.is_on(stands):
                raise Refused(f"{self._here(key)} holds something else by now", "see who wrote it")
            return {self.entry: None if before is None else before.reveal()}

        self._change(key, changes)

    def _change(self, key: Key, changes: Callable[[Document, KvPath], Changes]) -> None:
        """What is to change is asked anew for each document as it stands; nothing is written where nothing is."""
        with self._open(key) as path:
            for _ in range(_TRIES):
                document = path.read()
                wanted = changes(document, path)
                if not wanted or path.merge(document, wanted):
                    return
        raise Refused(f"{self._here(key)}: somebody else keeps writing there", "see who does, then try again")

    def _before(self, key: Key, stamp: Stamp, path: KvPath) -> Secret | None:
        """What stood in the field in the store's version before ours."""
        if not stamp.before:
            return None
        document = path.read(stamp.before)
        if document.gone:
            raise Refused(
                f"{self._here(key)}: the store no longer keeps its version {stamp.before}, which stood there before",
                "put it there by hand",
            )
        return self._value(document)

    def _open(self, key: Key) -> KvPath:
        place = self._place(key)
        return KvPath(self._here(key), place, credential(self.resolve, place.token), Patience(self.timeout))

    def _place(self, key: Key) -> KvPlace:
        return dataclasses.replace(self.place_of, path=filled(self.place_of.path, key))

    def _here(self, key: Key) -> str:
        return f"target {self.name}: {self._place(key).path} {self.entry}"

    def _value(self, document: Document) -> Secret | None:
        found = document.data.get(self.entry)
        if found is None:
            return None
        if not isinstance(found, str):
            raise Refused(f"target {self.name}: {self.entry} holds something that is no text", "name another field")
        return Secret(found)

    def _stamp(self, document: Document) -> Stamp | None:
        return read_stamp(document.data.get(stamp_field(self.entry)))


def hashicorp_target(name: str, fields: Fields, resolve: Resolve) -> HashicorpTarget:
    """`[targets.NAME] kind = "hashicorp"`."""
    fields.only(_FIELDS, "a hashicorp target")
    certificates = str(fields.path("certificates", "/etc/ssl/vault.pem")) if fields.has("certificates") else ""
    place = KvPlace(
        fields.url("address").rstrip("/"),
        _segments(fields, "mount", "secret"),
        _segments(fields, "path"),
        fields.reference("token"),
        _segments(fields, "namespace") if fields.has("namespace") else "",
        certificates,
    )
    return HashicorpTarget(name, place, fields.needed("field"), resolve, whole_timeout(fields))


def _segments(fields: Fields, name: str, default: str = "") -> str:
    """A path without slashes around it, and with nothing in it that an address would read as something else."""
    value = (fields.text(name) or default or fields.needed(name)).strip("/")
    if not _SEGMENTS.fullmatch(value) or ".." in value:
        raise fields.wrong(name, "is no path in the store", 'as in "checkout/{name}": letters, digits, dot, dash, _')
    return value
