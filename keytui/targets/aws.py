"""The target that is a secret in AWS Secrets Manager: put beside the one in use, read back, and made the one in use."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from keytui.domain.errors import KeytuiError, NotFound, Refused
from keytui.domain.fields import Fields
from keytui.domain.keys import Key
from keytui.domain.references import Resolve
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.targets.aws_client import AwsAccount, AwsSecret
from keytui.targets.exchange import Patience, whole_timeout
from keytui.targets.stamp import Stamp, held_by_another, held_newer, read_stamp, refuse_others, stamp_field
from keytui.targets.target import Abilities, filled

CURRENT: Final = "AWSCURRENT"
PENDING: Final = "AWSPENDING"

_FIELDS: Final = (
    "kind",
    "region",
    "secret_id",
    "field",
    "profile",
    "access_key_id",
    "secret_access_key",
    "session_token",
    "endpoint_url",
    "timeout",
)
_VERSION_ID: Final = re.compile(r"keytui-(?P<key>[A-Za-z0-9_]+)-(?P<version>\d+)-[0-9a-f]{24}")
_NOTHING: Final = Secret("")

Document = dict[str, object]


@dataclass(frozen=True, slots=True)
class AwsTarget:
    """One secret, or one field of a secret that is a JSON object, whose other fields stay as they are.

    A version's id tells key, version and what it came after, so that the same again is the same version there. What
    stood before stays under a label of ours, for the way back.
    """

    name: str
    account: AwsAccount
    secret_id: str
    """May hold `{id}`, `{name}` and `{environment}`."""
    entry: str
    """The field; "" when the secret is the whole value."""
    resolve: Resolve = dataclasses.field(repr=False)
    timeout: timedelta = timedelta(seconds=30)

    @property
    def abilities(self) -> Abilities:
        return Abilities(reads_back=True, rolls_back=True, keeps_former=True)

    def place(self, key: Key) -> str:
        where = f"{self.account.endpoint_url or 'aws'} {self.account.region} {filled(self.secret_id, key)}"
        return f"{where} {self.entry}".rstrip()

    def rehearse(self, key: Key) -> None:
        with self._open(key) as store:
            labels = store.labels()
            self._refuse_pending(key, labels, None)
            self._refuse_others(key, labels, self._in_use(store, labels), None)

    def deliver(self, key: Key, version: int, secret: Secret) -> None:
        with self._open(key, secret) as store:
            labels = store.labels()
            content = self._in_use(store, labels)
            if self._value(content) == secret:
                return
            self._refuse_others(key, labels, content, version)
            self._refuse_pending(key, labels, version)
            merged = self._with(content, secret, Stamp(key.id, version, secret.digest()))
            self._bring_in(store, key, labels, _version_id(key, version, labels.get(CURRENT, ""), self.entry), merged)

    def read_back(self, key: Key) -> Secret | None:
        with self._open(key) as store:
            try:
                labels = store.labels()
            except NotFound:
                return None
            return self._value(self._in_use(store, labels))

    def read_former(self, key: Key) -> Secret | None:
        """What has the label that a delivery leaves on the version before it."""
        with self._open(key) as store:
            before = store.labels().get(self._before(key))
            return None if before is None else self._value(store.content(before))

    def roll_back(self, key: Key, version: int) -> None:
        with self._open(key) as store:
            labels = store.labels()
            current, before = labels.get(CURRENT), labels.get(self._before(key))
            if current is None or before is None or (current == before and self._never_stood(key, version, labels)):
                raise Refused(
                    f"{self._here(key)}: what stood there before version {version} is not noted",
                    "put it there by hand, or deliver again",
                )
            if current == before:
                return
            if self.entry:
                self._put_back_field(store, key, version, labels)
            elif _parts(current) == (key.id, version):
                store.move(CURRENT, before, current)
            else:
                raise self._not_ours(key, version, current)

    def _put_back_field(self, store: AwsSecret, key: Key, version: int, labels: Mapping[str, str]) -> None:
        """The field as it was, in a document whose other fields may have changed since."""
        current, before = labels[CURRENT], labels[self._before(key)]
        content, earlier = store.content(current), store.content(before)
        stamp, stands, stood = self._stamp(content), self._value(content), self._value(earlier)
        if stamp is None or (stamp.key_id, stamp.version) != (key.id, version):
            raise self._not_ours(key, version, current)
        if stands == stood:
            return
        if not stamp.is_on(stands):
            raise self._not_ours(key, version, current)
        restored = self._with(content, stood, stamp)
        self._refuse_pending(key, labels, version)
        self._swap(store, labels, _version_id(key, version, f"{current} back", self.entry), restored)

    def _bring_in(self, store: AwsSecret, key: Key, labels: Mapping[str, str], version_id: str, content: str) -> None:
        """Beside the one in use, then in its place; what was in use keeps a label, so that it is not thrown away."""
        current, before = labels.get(CURRENT), labels.get(self._before(key))
        if current is not None and before != current:
            store.move(self._before(key), current, before)
        self._swap(store, labels, version_id, content)

    def _swap(self, store: AwsSecret, labels: Mapping[str, str], version_id: str, content: str) -> None:
        current = labels.get(CURRENT)
        store.put_pending(version_id, content)
        if store.content(version_id) != content:
            raise Refused(
                f"target {self.name}: version {version_id} is there already, and holds something else",
                "see who made it; consumers read what they read before",
            )
        if store.labels().get(CURRENT) != version_id:  # the first of all is in use at once
            store.move(CURRENT, version_id, current)
        with suppress(KeytuiError):  # it is in use: that a label is left on it hinders nobody
            store.move(PENDING, None, version_id)

    def _in_use(self, store: AwsSecret, labels: Mapping[str, str]) -> str | None:
        current = labels.get(CURRENT)
        return None if current is None else store.content(current)

    def _refuse_pending(self, key: Key, labels: Mapping[str, str], version: int | None) -> None:
        """Somebody else's rotation is under way, or was left lying; one of ours goes on."""
        pending = labels.get(PENDING)
        if pending is None or pending == labels.get(CURRENT):
            return
        whose, number = _parts(pending) or ("", 0)
        if whose != key.id:
            raise Refused(
                f"{self._here(key)}: another rotation is open there, its version is {harmless(pending)}",
                "let it end; if nobody goes on with it, take its label away: `aws secretsmanager"
                f" update-secret-version-stage --version-stage {PENDING} --remove-from-version-id …`",
            )
        if version is not None and number > version:
            raise held_newer(self._here(key), number)

    def _refuse_others(self, key: Key, labels: Mapping[str, str], content: str | None, version: int | None) -> None:
        if self.entry:
            refuse_others(self._here(key), self._stamp(content), self._value(content), key, version)
            return
        whose, number = _parts(labels.get(CURRENT, "")) or (key.id, 0)
        if whose != key.id:
            raise held_by_another(self._here(key), whose)
        if version is not None and number > version:
            raise held_newer(self._here(key), number)

    def _never_stood(self, key: Key, version: int, labels: Mapping[str, str]) -> bool:
        """Whether what went away is some other version of the key: then this one was never put in its place."""
        previous = _parts(labels.get("AWSPREVIOUS", ""))
        return previous is not None and previous[0] == key.id and previous[1] != version

    def _not_ours(self, key: Key, version: int, current: str) -> Refused:
        return Refused(
            f"{self._here(key)} does not hold version {version}, but what is called {harmless(current)} there",
            "see who wrote it",
        )

    def _open(self, key: Key, secret: Secret = _NOTHING) -> AwsSecret:
        secret_id, patience = filled(self.secret_id, key), Patience(self.timeout)
        return AwsSecret(self._here(key), secret_id, self.account, self.resolve, patience=patience, unsaid=secret)

    def _here(self, key: Key) -> str:
        return f"target {self.name}: {filled(self.secret_id, key)} {self.entry}".rstrip()

    def _before(self, key: Key) -> str:
        return f"keytui-before-{key.id}-{self.entry}".rstrip("-")

    def _document(self, content: str | None) -> Document:
        try:
            found = json.loads(content or "{}")
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Refused(
                f"target {self.name}: the secret is no JSON object, and so has no field {self.entry!r}",
                "leave out field, or name another secret",
            )
        return found

    def _value(self, content: str | None) -> Secret | None:
        if not self.entry:
            return None if content is None else Secret(content)
        found = self._document(content).get(self.entry)
        if found is None:
            return None
        if not isinstance(found, str):
            raise Refused(f"target {self.name}: {self.entry} holds something that is no text", "name another field")
        return Secret(found)

    def _stamp(self, content: str | None) -> Stamp | None:
        return read_stamp(self._document(content).get(stamp_field(self.entry)))

    def _with(self, content: str | None, secret: Secret | None, stamp: Stamp) -> str:
        """The content with the secret in it; without its field for None."""
        if not self.entry:
            return "" if secret is None else secret.reveal()
        changed = {**self._document(content), stamp_field(self.entry): stamp.text()}
        if secret is None:
            changed.pop(self.entry, None)
        else:
            changed[self.entry] = secret.reveal()
        return json.dumps(changed, ensure_ascii=False)


def aws_target(name: str, fields: Fields, resolve: Resolve) -> AwsTarget:
    """`[targets.NAME] kind = "aws"`."""
    fields.only(_FIELDS, "an aws target")
    credentials = {
        part: fields.reference(part) if fields.has(part) else None
        for part in ("access_key_id", "secret_access_key", "session_token")
    }
    if (credentials["access_key_id"] is None) is not (credentials["secret_access_key"] is None):
        raise fields.wrong("access_key_id", "and secret_access_key go together", "give both, or neither")
    account = AwsAccount(
        fields.needed("region"),
        fields.url("endpoint_url") if fields.has("endpoint_url") else "",
        fields.text("profile"),
        **credentials,
    )
    return AwsTarget(name, account, fields.needed("secret_id"), fields.text("field"), resolve, whole_timeout(fields))


def _version_id(key: Key, version: int, after: str, entry: str) -> str:
    """The same for the same key, version and what it comes after: a token of AWS's, 32 to 64 characters."""
    rest = hashlib.sha256(f"{after}\0{entry}".encode()).hexdigest()[:24]
    return f"keytui-{key.id}-{version}-{rest}"


def _parts(version_id: str) -> tuple[str, int] | None:
    """Key and version of an id that is ours."""
    parts = _VERSION_ID.fullmatch(version_id)
    return None if parts is None else (parts["key"], int(parts["version"]))
