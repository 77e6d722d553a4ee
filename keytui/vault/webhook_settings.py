"""Webhooks, `[webhooks.NAME]` in `config.toml`: who is told of rotations, revocations, alerts and incidents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from keytui.domain.alerts import Severity
from keytui.domain.errors import Invalid
from keytui.domain.fields import Fields
from keytui.domain.references import Place, Reference
from keytui.domain.web_addresses import checked_web_address
from keytui.domain.webhooks import Topic
from keytui.vault.alert_delivery import severities
from keytui.vault.configuration import table
from keytui.vault.configuration_lines import names_lines

_FIELDS: Final = ("url", "secret", "events", "keys", "environments", "severity", "allow_private", "plaintext")


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where messages go, and which. Its address may itself be a secret, and then it is named by a reference."""

    name: str
    address: str | Reference
    secret: Reference
    topics: frozenset[Topic] = frozenset(Topic)
    keys: frozenset[str] = frozenset()
    """Ids or names; none is every key."""
    environments: frozenset[str] = frozenset()
    severities: tuple[Severity, ...] = tuple(Severity)
    """Of alerts, the most serious first."""
    allow_private: bool = False
    plaintext: bool = False
    """Whether it is told a new secret itself."""

    def wants(self, key_id: str, key_name: str, environment: str) -> bool:
        """Whether what happens to a key is for it. An alert about many keys is of no single key or environment."""
        if self.keys and not self.keys & {key_id, key_name}:
            return False
        return not (self.environments and environment) or environment in self.environments


@names_lines
def load_webhooks(path: Path) -> tuple[Webhook, ...]:
    """The webhooks of a `config.toml`, in its order. Invalid names file, webhook and field.

    [webhooks.deploys]
    url = "https://hooks.example.com/keytui"     # or env:NAME, file:PATH, where the address is a secret
    secret = "env:KEYTUI_WEBHOOK_SECRET"         # whsec_…, what its messages are signed with
    events = ["rotation", "revocation", "incident"]  # or "alert"; all of them without it
    keys = ["checkout-api"]                      # ids or names; every key without it
    environments = ["production"]
    severity = "warning"                         # of alerts: this and what is more serious
    allow_private = false                        # true: its address may be one of our own network
    plaintext = false                            # true: it is told new secrets, and not their fingerprints alone
    """
    return tuple(_webhook(f"{path}: [webhooks.{name}]", name, entry) for name, entry in table(path, "webhooks").items())


def _webhook(where: str, name: str, entry: Mapping[str, object]) -> Webhook:
    fields = Fields(where, entry)
    fields.only(_FIELDS, "a webhook")
    address = _address(where, fields)
    plaintext = fields.flag("plaintext")
    secret = fields.reference("secret")
    if plaintext:
        _refuse_careless(where, address, secret)
    return Webhook(
        name,
        address,
        secret,
        _topics(where, fields),
        frozenset(fields.texts("keys")),
        frozenset(fields.texts("environments")),
        severities(where, entry),
        fields.flag("allow_private"),
        plaintext,
    )


def _refuse_careless(where: str, address: str | Reference, secret: Reference) -> None:
    """Secrets go over https, to an address that stands here to be read, sealed by what can be read at once."""
    if not isinstance(address, str) or not address.startswith("https:"):
        raise Invalid(f"{where} plaintext needs an https:// address that is written here", "write it, or leave it out")
    if secret.place is Place.COMMAND:
        raise Invalid(
            f"{where} plaintext seals with the secret while a key is being rotated, too soon for a command",
            "name the secret by env: or file:",
        )


def _address(where: str, fields: Fields) -> str | Reference:
    text = fields.needed("url")
    if not text.startswith(("https:", "http:")):
        return fields.reference("url")
    try:
        return checked_web_address(text)
    except Invalid as error:
        raise Invalid(f"{where} url {error.message}", error.hint) from None


def _topics(where: str, fields: Fields) -> frozenset[Topic]:
    words = fields.texts("events", tuple(Topic))
    if not words or not set(words) <= set(Topic):
        raise Invalid(f"{where} events names one that there is not, or none", f"they are {', '.join(Topic)}")
    return frozenset(map(Topic, words))
