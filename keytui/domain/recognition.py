"""Which version a text from outside speaks of: by digest, fingerprint, id and version, or a prefix that is unique."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
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
    """What one version is recognised by elsewhere. A weak one gives its digest away to nobody, and has none here; one
    whose value nobody had, because its issuer tells none, may have a prefix alone.
    """

    key_id: str
    version: int
    digest: str | None = None
    prefix: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A version whose value is kept sealed: its digest is keyed, and several keys may have the same value.

    `beginning` are its first characters, where they may be shown.
    """

    key_id: str
    version: int
    digest: str
    beginning: str | None = None


class Recogniser:
    """Recognises versions in texts. A weak value has no prefix and no public digest: only id and version, or itself."""

    def __init__(
        self,
        credentials: Iterable[Credential] = (),
        pepper: bytes = b"",
        marks: Iterable[Mark] = (),
        kept: Iterable[Kept] = (),
    ) -> None:
        self._pepper = pepper
        self._marks: list[Mark] = []
        self._digests: dict[str, Recognised] = {}
        self._keyed: dict[bytes, tuple[Recognised, ...]] = {}
        self._kept_beginnings: set[str] = set()
        self._nameless = False
        self._prints: dict[str, Recognised] = {}
        self._prefixes: dict[str, Recognised | None] = {}
        self._ids: dict[tuple[str, int], Recognised] = {}
        self._newest: dict[str, int] = {}
        for credential in credentials:
            key_id, number, weak = credential.key.id, credential.version.number, credential.version.weak
            digest, prefix = None if credential.keyed else credential.digest, credential.version.prefix
            self._learn(Mark(key_id, number, digest, None if weak else prefix))
            if credential.keyed and weak:  # otherwise nobody here had its value: see `keytui sync`
                self._learn_keyed(Kept(key_id, number, credential.digest))
        for mark in marks:
            self._learn(mark)
        for one in kept:
            self._learn(Mark(one.key_id, one.version))
            self._learn_keyed(one)

    def _learn(self, mark: Mark) -> None:
        self._marks.append(mark)
        found = Recognised(mark.key_id, mark.version)
        self._ids[mark.key_id, mark.version] = found
        self._newest[mark.key_id] = max(mark.version, self._newest.get(mark.key_id, mark.version))
        if mark.digest is not None:
            self._digests[mark.digest] = found
            self._prints[fingerprint(mark.digest)] = found
        if mark.prefix:
            twice = mark.prefix in self._prefixes
            self._prefixes[mark.prefix] = None if twice else Recognised(mark.key_id, mark.version, by_prefix=True)

    def _learn_keyed(self, one: Kept) -> None:
        digest, found = bytes.fromhex(one.digest), Recognised(one.key_id, one.version, whole_secret=True)
        self._keyed[digest] = (*self._keyed.get(digest, ()), found)
        if one.beginning is None:
            self._nameless = True
        else:
            self._kept_beginnings.add(one.beginning)

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
        return frozenset(self._prefixes) | self._kept_beginnings

    @property
    def nameless(self) -> bool:
        """Whether a version is known by its keyed digest alone, so that every text has to be tried: see `keyed`."""
        return self._nameless and bool(self._pepper)

    @property
    def unknowable(self) -> tuple[Mark, ...]:
        """Versions whose secrets it cannot tell from any text: weak or kept ones without the pepper, and those that
        came in without their value.
        """
        known = {(one.key_id, one.version) for each in self._keyed.values() for one in each} if self._pepper else set()
        return tuple(mark for mark in self._marks if mark.digest is None and (mark.key_id, mark.version) not in known)

    @property
    def likely(self) -> Mapping[str, Recognised]:
        """Those of the unknowable that a unique prefix speaks of: a longer text that begins so is most likely one."""
        prefixes = (mark.prefix for mark in self.unknowable if mark.prefix and len(mark.prefix) == PREFIX_LENGTH)
        found = ((prefix, self._prefixes[prefix]) for prefix in prefixes)
        return {prefix: one for prefix, one in found if one is not None}

    def keyed(self, texts: Iterable[bytes]) -> Mapping[bytes, tuple[Recognised, ...]]:
        """Those of the texts that are a secret known by its keyed digest, and whose."""
        tried = ((text, hmac.digest(self._pepper, text, "sha256")) for text in texts)
        return {text: self._keyed[digest] for text, digest in tried if digest in self._keyed}

    def newest(self, found: Recognised) -> bool:
        """Whether no later version of the key is known: of two, the later is the one that has yet to prove itself."""
        return self._newest[found.key_id] == found.version

    def begins(self, text: str) -> bool:
        """Whether it begins as some version does: a cheap first look before `whole_secret`."""
        return text[:PREFIX_LENGTH] in self._prefixes or text[:PREFIX_LENGTH] in self._kept_beginnings

    def whole_secret(self, text: str) -> Recognised | None:
        """The version whose whole secret the text is; of several that are kept, one."""
        return next(iter(self.whole_secrets(text)), None)

    def whole_secrets(self, text: str) -> tuple[Recognised, ...]:
        """Every version whose whole secret the text is: one that is kept may be kept under several names."""
        if not text:
            return ()
        secret = Secret(text)
        found = self._digests.get(secret.digest()) if self._digests else None
        plain = (Recognised(found.key_id, found.version, whole_secret=True),) if found else ()
        keyed = bytes.fromhex(secret.keyed_digest(self._pepper)) if self._keyed and self._pepper else b""
        return (*plain, *self._keyed.get(keyed, ()))

    def _by_id(self, text: str) -> Recognised | None:
        match = _ID_AND_VERSION.fullmatch(text)
        return self._ids.get((match["id"], int(match["version"]))) if match else None
