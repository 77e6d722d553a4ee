"""What a verifier holds in memory: one credential per digest, and the way from a presented secret to its credential."""

from __future__ import annotations

from collections.abc import Iterable
from hmac import compare_digest
from typing import Final

from keytui.domain.secrets import Secret
from keytui.domain.verification import Credential
from keytui.verify.source import CredentialChanges, CredentialSet

_NOBODY: Final = "0" * 64


class Credentials:
    """Written by one thread, read by many without a lock: each step leaves every version as it was or as it is now."""

    def __init__(self, everything: CredentialSet) -> None:
        self._pepper = everything.pepper
        self._plain: dict[str, Credential] = {}
        self._keyed: dict[str, Credential] = {}
        self._by_key: dict[str, tuple[Credential, ...]] = {}
        self._put(everything.credentials)
        self.position = everything.position

    def take_in(self, changes: CredentialChanges) -> None:
        """Replace what is known of the keys that changed."""
        before = [old for key_id in changes.key_ids for old in self._by_key.pop(key_id, ())]
        self._put(changes.credentials)
        kept = {credential.digest for credential in changes.credentials}
        for old in before:
            if old.digest not in kept:
                self._shelf(old).pop(old.digest, None)
        self.position = changes.position

    def find(self, secret: Secret) -> Credential | None:
        """The credential of this value: found by its digest, which nobody can steer, and confirmed in constant time."""
        try:
            digest = secret.digest()
            found = self._plain.get(digest)
            if compare_digest(found.digest if found is not None else _NOBODY, digest):
                return found
            return self._weak(secret) if self._keyed else None
        except UnicodeEncodeError:
            return None  # half a character is in no secret, and the error would quote the value

    def _weak(self, secret: Secret) -> Credential | None:
        digest = secret.keyed_digest(self._pepper)
        found = self._keyed.get(digest)
        return found if compare_digest(found.digest if found is not None else _NOBODY, digest) else None

    def _put(self, credentials: Iterable[Credential]) -> None:
        by_key: dict[str, list[Credential]] = {}
        for credential in credentials:
            self._shelf(credential)[credential.digest] = credential
            by_key.setdefault(credential.key.id, []).append(credential)
        self._by_key.update((key_id, tuple(versions)) for key_id, versions in by_key.items())

    def _shelf(self, credential: Credential) -> dict[str, Credential]:
        return self._keyed if credential.keyed else self._plain
