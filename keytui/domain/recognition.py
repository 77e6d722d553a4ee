"""Which version a text from outside speaks of: by digest, fingerprint, id and version, or a prefix that is unique."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from keytui.domain.secrets import PREFIX_LENGTH, Secret, fingerprint
from keytui.domain.verification import Credential

_ID_AND_VERSION: Final = re.compile(r"(?P<id>[^\s:/#@]+)[:/#@]v?(?P<version>\d{1,9})")


@dataclass(frozen=True, slots=True)
class Recognised:
    """A version that was recognised. `by_prefix`: whoever knows its first characters could have written the text.

    `whole_secret`: the text was the secret itself, and whoever reads it where it stood can use it.
    """

    key_id: str
    version: int
    by_prefix: bool = False
    whole_secret: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """What one version is recognised by elsewhere. A weak one gives its digest away to nobody, and has none here."""

    key_id: str
    version: int
    digest: str | None = None
    prefix: str | None = None


class Recogniser:
    """Recognises versions in texts. A weak value has no prefix and no public digest: only id and version, or itself."""

    def __init__(self, credentials: Iterable[Credential] = (), pepper: bytes = b"", marks: Iterable[Mark] = ()) -> None:
        self._pepper = pepper
        self._marks: list[Mark] = []
        self._digests: dict[str, Recognised] = {}
        self._keyed: dict[str, Recognised] = {}
        self._prints: dict[str, Recognised] = {}
        self._prefixes: dict[str, Recognised | None] = {}
        self._ids: dict[tuple[str, int], Recognised] = {}
        self._newest: dict[str, int] = {}
        for credential in credentials:
            key_id, number, prefix = credential.key.id, credential.version.number, credential.version.prefix
            self._learn(Mark(key_id, number) if credential.keyed else Mark(key_id, number, credential.digest, prefix))
            if credential.keyed:
                self._keyed[credential.digest] = Recognised(key_id, number)
        for mark in marks:
            self._learn(mark)

    def _learn(self, mark: Mark) -> None:
        self._marks.append(mark)
        found = Recognised(mark.key_id, mark.version)
        self._ids[mark.key_id, mark.version] = found
        self._newest[mark.key_id] = max(mark.version, self._newest.get(mark.key_id, mark.version))
        if mark.digest is None:
            return
        self._digests[mark.digest] = found
        self._prints[fingerprint(mark.digest)] = found
        if mark.prefix:
            twice = mark.prefix in self._prefixes
            self._prefixes[mark.prefix] = None if twice else Recognised(mark.key_id, mark.version, by_prefix=True)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What another process needs to recognise the same, save that it cannot tell a weak secret from any text."""
        return tuple(self._marks)

    def recognise(self, text: str) -> Recognised | None:
        """The version that a field's text names; None for an unknown one and for a prefix that several share."""
        if len(text) == PREFIX_LENGTH and text in self._prefixes:
            return self._prefixes[text]
        found = self._digests.get(text.lower().removeprefix("sha256:")) or self._prints.get(text.lower())
        return found or self._by_id(text) or self.whole_secret(text)

    def ambiguous(self, text: str) -> bool:
        """Whether it is a prefix that several versions share."""
        return text in self._prefixes and self._prefixes[text] is None

    @property
    def beginnings(self) -> frozenset[str]:
        """The first characters of every version that has some to show, those that several share included."""
        return frozenset(self._prefixes)

    def newest(self, found: Recognised) -> bool:
        """Whether no later version of the key is known: of two, the later is the one that has yet to prove itself."""
        return self._newest[found.key_id] == found.version

    def begins(self, text: str) -> bool:
        """Whether it begins as some version does: a cheap first look before `whole_secret`."""
        return text[:PREFIX_LENGTH] in self._prefixes

    def whole_secret(self, text: str) -> Recognised | None:
        """The version whose whole secret the text is."""
        if not text:
            return None
        secret = Secret(text)
        found = self._digests.get(secret.digest()) if self._digests else None
        if found is None and self._keyed and self._pepper:
            found = self._keyed.get(secret.keyed_digest(self._pepper))
        return found and Recognised(found.key_id, found.version, whole_secret=True)

    def _by_id(self, text: str) -> Recognised | None:
        match = _ID_AND_VERSION.fullmatch(text)
        return self._ids.get((match["id"], int(match["version"]))) if match else None
