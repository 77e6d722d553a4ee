"""The target that is a file sealed to people: they open it with their own SSH or age key, and nobody else can."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyrage

from keytui.domain.errors import Invalid, NotFound, Refused
from keytui.domain.fields import Fields
from keytui.domain.keys import Key
from keytui.domain.references import Resolve
from keytui.domain.secrets import Secret
from keytui.private_file import replace_privately
from keytui.targets.kept import Kept, note_beside, read_kept, write_kept
from keytui.targets.named import errors_of
from keytui.targets.target import Abilities, filled
from keytui.text_file import TextFile, alone_in, refuse_closed

_SEALED: Final = "-----BEGIN AGE ENCRYPTED FILE-----"
_TEXT: Final = "text"
"""What the note calls the sealed text that stood there before."""


@dataclass(frozen=True, slots=True)
class SealedFileTarget:
    """A file with the secret as `age --armor` writes it. keytui cannot open it either.

    A new one has mode 0600; one that is there keeps its owner and mode, whatever it is.
    """

    name: str
    path: str
    """May hold `{id}`, `{name}` and `{environment}`."""
    recipients: tuple[str, ...]
    """Public keys, as in `ssh-ed25519 AAAA… ada` or `age1…`. Whoever has the private key of one opens it."""

    @property
    def abilities(self) -> Abilities:
        return Abilities(reads_back=False, rolls_back=True)

    def place(self, key: Key) -> str:
        return str(self._file(key))

    def rehearse(self, key: Key) -> None:
        path = self._file(key)
        with errors_of(self.name):
            standing, _ = self._standing(key, path)
            if standing is not None:
                standing.rehearse()
            else:
                refuse_closed(path.parent)

    def deliver(self, key: Key, version: int, secret: Secret) -> None:
        path, delivered = self._file(key), self._digest(secret)
        with errors_of(self.name), alone_in((path.parent,)):
            standing, kept = self._standing(key, path)
            stands = _text(standing)
            if kept is not None:
                if kept.stands(stands) and kept.delivered == delivered:
                    return
                kept.refuse_older(path, stands, version)
            sealed = self._sealed(secret)
            write_kept(note_beside(path), Kept(key.id, version, delivered, sealed.digest(), {_TEXT: stands}))
            _write(path, standing, sealed)

    def read_back(self, key: Key) -> Secret | None:
        raise Refused(f"target {self.name}: only its recipients can open {self._file(key)}", "ask one of them")

    def roll_back(self, key: Key, version: int) -> None:
        path = self._file(key)
        with errors_of(self.name), alone_in((path.parent,)):
            standing, kept = self._standing(key, path)
            if kept is None or (kept.key_id, kept.version) != (key.id, version):
                raise Refused(f"what stood in {path} before version {version} is not kept", "deliver the former again")
            stands, before = _text(standing), kept.before.get(_TEXT)
            if stands == before:
                return
            if not kept.stands(stands):
                raise Refused(f"{path} holds something else by now", "see who wrote it")
            _write(path, standing, before)

    def _standing(self, key: Key, path: Path) -> tuple[TextFile | None, Kept | None]:
        """What stands there, and the note beside it. Refused when it is another key's, or was never sealed."""
        kept = read_kept(note_beside(path))
        try:
            standing = TextFile.read(path, for_all=True)
        except NotFound:
            return None, kept
        if not standing.text.startswith(_SEALED):
            raise Refused(f"{path} holds something that is not sealed", "name another file, or remove it")
        if kept is not None:
            kept.refuse_others(path, Secret(standing.text), key)
        return standing, kept

    def _sealed(self, secret: Secret) -> Secret:
        to = [_recipient(text) for text in self.recipients]
        return Secret(pyrage.encrypt(secret.reveal().encode("utf-8", "surrogateescape"), to, armored=True).decode())

    def _digest(self, secret: Secret) -> str:
        """Of the secret and of who may open it: for another recipient it is sealed anew."""
        return hashlib.sha256("\n".join((secret.digest(), *self.recipients)).encode()).hexdigest()

    def _file(self, key: Key) -> Path:
        return Path(filled(self.path, key))


def sealed_file_target(name: str, fields: Fields, _resolve: Resolve) -> SealedFileTarget:
    """`[targets.NAME] kind = "sealed-file"`."""
    fields.only(("kind", "path", "recipients"), "a sealed-file target")
    path, recipients = fields.path("path", "/srv/handover/{name}.age"), fields.texts("recipients")
    if not recipients:
        raise fields.wrong("recipients", "names nobody", 'as in recipients = ["ssh-ed25519 AAAA… ada"]')
    for number, text in enumerate(recipients, 1):
        try:
            _recipient(text)
        except Invalid as error:
            raise fields.wrong(f"recipients: number {number}", error.message, error.hint) from None
    return SealedFileTarget(name, str(path), recipients)


def _recipient(text: str) -> object:
    """Whom a public key seals to. Invalid, unrepeated, for anything else: it may be a private one."""
    try:
        if text.startswith("age1"):
            return pyrage.x25519.Recipient.from_str(text)
        return pyrage.ssh.Recipient.from_str(text)
    except pyrage.RecipientError:
        raise Invalid(
            "is no public key that age seals to",
            "an ssh-ed25519 or ssh-rsa line as in ~/.ssh/id_ed25519.pub, or age1…; never the private one",
        ) from None


def _text(standing: TextFile | None) -> Secret | None:
    return None if standing is None else Secret(standing.text)


def _write(path: Path, standing: TextFile | None, content: Secret | None) -> None:
    """The content in the place of what stands there; nothing where it is None."""
    if content is None or standing is None:
        replace_privately(path, content)
    else:
        standing.replace(content.reveal())
