"""The target that is a secret of GitHub Actions, of a repository or an environment of it. Nobody reads it back."""

from __future__ import annotations

import base64
import dataclasses
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import quote

from nacl.exceptions import CryptoError
from nacl.public import PublicKey, SealedBox

from keytui.domain.errors import OutcomeUnknown, Refused, Unreachable
from keytui.domain.fields import Fields
from keytui.domain.keys import Key
from keytui.domain.references import Reference, Resolve
from keytui.domain.secrets import Secret
from keytui.targets.exchange import credential, whole_timeout
from keytui.targets.github_api import GithubApi
from keytui.targets.target import Abilities, filled

_FIELDS: Final = ("kind", "repository", "environment", "secret", "token", "url", "timeout")
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_SECRET: Final = re.compile(r"(?!GITHUB_)[A-Za-z_][A-Za-z0-9_]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class GithubTarget:
    """Sealed to the public key that GitHub gives for the place. Nobody can read what is there, nor restore it."""

    name: str
    url: str
    repository: str
    environment: str
    """Of the repository, "" for all of it; it may hold `{environment}` and the like, as `secret` may."""
    secret: str
    token: Reference
    resolve: Resolve = dataclasses.field(repr=False)
    timeout: timedelta = timedelta(seconds=30)

    @property
    def abilities(self) -> Abilities:
        return Abilities(reads_back=False, rolls_back=False)

    def place(self, key: Key) -> str:
        """As GitHub has them: names that differ in case alone are one there."""
        environment, secret = filled(self.environment, key).lower(), filled(self.secret, key).upper()
        parts = (self.url, self.repository.lower(), environment, secret)
        return " ".join(part for part in parts if part)

    def rehearse(self, key: Key) -> None:
        self._secrets_name(key)
        with self._open(key) as api:
            self._public_key(key, api)

    def deliver(self, key: Key, version: int, secret: Secret) -> None:
        path = f"{self._path(key)}/{self._secrets_name(key)}"
        with self._open(key) as api:
            key_id, public = self._public_key(key, api)
            reply = api.asked("PUT", path, {"encrypted_value": _sealed(secret, public), "key_id": key_id})
            if reply.status == 422:  # its key may have been changed since it was asked for
                renewed, public = self._public_key(key, api)
                if renewed != key_id:
                    reply = api.asked("PUT", path, {"encrypted_value": _sealed(secret, public), "key_id": renewed})
            if reply.status in (201, 204):
                return
            if reply.status < 300:
                raise OutcomeUnknown(
                    f"{self._here(key)}: it answered {reply.status}, which says neither made nor changed",
                    "see there when the secret was last updated",
                )
            raise api.refusal(reply)

    def read_back(self, key: Key) -> Secret | None:
        raise Refused(f"target {self.name} cannot tell what it holds", "GitHub shows a secret to its workflows alone")

    def roll_back(self, key: Key, version: int) -> None:
        raise Refused(
            f"target {self.name} cannot put back what it held before", "give it the old secret by hand, if you have it"
        )

    def _public_key(self, key: Key, api: GithubApi) -> tuple[str, PublicKey]:
        reply = api.asked("GET", f"{self._path(key)}/public-key")
        if reply.status != 200:
            raise api.refusal(reply)
        try:
            public = PublicKey(base64.b64decode(str(reply.body["key"]), validate=True))
            return str(reply.body["key_id"]), public
        except (KeyError, ValueError, CryptoError):
            raise Unreachable(f"{self._here(key)}: it answers something that is no public key", "check url") from None

    def _open(self, key: Key) -> GithubApi:
        return GithubApi(self._here(key), self.url, credential(self.resolve, self.token), self.timeout)

    def _path(self, key: Key) -> str:
        if not self.environment:
            return f"/repos/{self.repository}/actions/secrets"
        return f"/repos/{self.repository}/environments/{quote(filled(self.environment, key), safe='')}/secrets"

    def _secrets_name(self, key: Key) -> str:
        name = filled(self.secret, key)
        if not _SECRET.fullmatch(name):
            raise Refused(
                f"target {self.name}: {name!r} is no name that a secret of GitHub's can have",
                "letters, digits and underscores, no digit first, and not GITHUB_…",
            )
        return name

    def _here(self, key: Key) -> str:
        environment = filled(self.environment, key)
        return f"target {self.name}: {self.repository}{f' ({environment})' if environment else ''}"


def github_target(name: str, fields: Fields, resolve: Resolve) -> GithubTarget:
    """`[targets.NAME] kind = "github"`."""
    fields.only(_FIELDS, "a github target")
    repository = fields.needed("repository")
    if not _REPOSITORY.fullmatch(repository) or ".." in repository:
        raise fields.wrong("repository", "is no repository", 'as in "example/checkout"')
    return GithubTarget(
        name,
        fields.url("url").rstrip("/") if fields.has("url") else "https://api.github.com",
        repository,
        fields.text("environment"),
        fields.needed("secret"),
        fields.reference("token"),
        resolve,
        whole_timeout(fields),
    )


def _sealed(secret: Secret, public: PublicKey) -> str:
    """A box that only GitHub opens, in base64."""
    return base64.b64encode(SealedBox(public).encrypt(secret.reveal().encode())).decode()
