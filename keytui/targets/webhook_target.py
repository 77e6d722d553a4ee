"""The target that is a webhook of the site's own: the new secret is posted, signed as Standard Webhooks has it."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keytui.clock import Clock, utc_now
from keytui.domain.errors import KeytuiError, OutcomeUnknown, Refused, Unreachable
from keytui.domain.fields import Fields
from keytui.domain.keys import Key
from keytui.domain.references import Reference, Resolve
from keytui.domain.secrets import Secret
from keytui.targets.exchange import whole_timeout
from keytui.targets.named import errors_of
from keytui.targets.target import Abilities
from keytui.targets.webhook import Reply, Way, check_reachable, post_signed

TYPE: Final = "secret.delivered"
_FIELDS: Final = ("kind", "url", "secret", "allow_private", "timeout")


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """Any 2xx means that it took the secret, and any other answer below 500 that it did not.

    A message has the same id each time that the same version is sent, by which its receiver leaves out what it has.
    """

    name: str
    url: str
    secret: Reference
    """What signs its messages."""
    resolve: Resolve = dataclasses.field(repr=False)
    way: Way = dataclasses.field(repr=False)
    clock: Clock = dataclasses.field(default=utc_now, repr=False)

    @property
    def abilities(self) -> Abilities:
        return Abilities(reads_back=False, rolls_back=False)

    def place(self, key: Key) -> str:
        return f"{self.url} {key.id}"

    def rehearse(self, key: Key) -> None:
        with errors_of(self.name):
            check_reachable(self.url, self.resolve(self.secret), self.way)

    def deliver(self, key: Key, version: int, secret: Secret) -> None:
        with errors_of(self.name):
            signing, now = self.resolve(self.secret), self.clock()
            body = _message(key, version, secret, now)
            reply = post_signed(self.url, signing, f"{key.id}-v{version}", body, now=now, way=self.way)
            if reply.failure:
                raise _error(reply)

    def read_back(self, key: Key) -> Secret | None:
        raise Refused(f"target {self.name} cannot tell what it holds", "ask its receiver")

    def roll_back(self, key: Key, version: int) -> None:
        raise Refused(
            f"target {self.name} cannot put back what it held before", "give its receiver the old secret by hand"
        )


def webhook_target(name: str, fields: Fields, resolve: Resolve) -> WebhookTarget:
    """`[targets.NAME] kind = "webhook"`."""
    fields.only(_FIELDS, "a webhook target")
    way = Way(fields.flag("allow_private"), timeout=whole_timeout(fields, "15s").total_seconds())
    return WebhookTarget(name, fields.url("url"), fields.reference("secret"), resolve, way)


def _message(key: Key, version: int, secret: Secret, now: datetime) -> bytes:
    content = {
        "type": TYPE,
        "timestamp": now.isoformat().replace("+00:00", "Z"),
        "data": {
            "key_id": key.id,
            "key": key.name,
            "environment": key.environment,
            "tenant": key.tenant,
            "version": version,
            "secret": secret.reveal(),
        },
    }
    return json.dumps(content).encode()


def _error(reply: Reply) -> KeytuiError:
    text = reply.failure
    if reply.retry_after is not None:
        text += f"; it wants to be left alone for {reply.retry_after.total_seconds():g} s"
    if reply.unknown or reply.status >= 500:
        return OutcomeUnknown(text, "ask its receiver what it has; the same version again has the same id")
    if reply.gone:
        return Refused(text, "take the target from the key, or see with its receiver why it is gone")
    if reply.status in (0, 429):
        return Unreachable(text, "see to its receiver, then try again")
    return Refused(text, "see with its receiver what it wants")
