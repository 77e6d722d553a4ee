"""Where alerts go, `[alerts]` in `config.toml`: a command, a webhook, or both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from keytui.domain.alerts import Severity
from keytui.domain.errors import Invalid
from keytui.domain.references import Reference, parse_reference
from keytui.domain.text import harmless
from keytui.domain.web_addresses import checked_web_address
from keytui.vault.configuration import fields_of

_FIELDS: Final = ("command", "webhook", "secret", "severity")


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """A webhook. Its address may itself be a secret, and then it is named by a reference."""

    address: str | Reference
    secret: Reference


@dataclass(frozen=True, slots=True)
class AlertDelivery:
    """Where alerts go. `severities` are those that are sent, the most serious first."""

    command: tuple[str, ...] = ()
    webhook: WebhookSettings | None = None
    severities: tuple[Severity, ...] = tuple(Severity)


def load_alert_delivery(path: Path) -> AlertDelivery:
    """Where a `config.toml` sends alerts; nowhere when it says nothing of it. Invalid names file, table and field.

    [alerts]
    command = ["/usr/local/bin/tell-the-team", "--urgent"]   # the alert as JSON on its standard input
    webhook = "https://hooks.example.com/keytui"             # or env:NAME, where the address is a secret
    secret = "env:KEYTUI_WEBHOOK_SECRET"                     # whsec_…, what the webhook's messages are signed with
    severity = "warning"                                     # this and what is more serious; notice without it
    """
    entry = fields_of(path, "alerts")
    where = f"{path}: [alerts]"
    if unknown := next((name for name in entry if name not in _FIELDS), None):
        raise Invalid(f"{where} has no field {harmless(unknown)!r}", f"its fields are {', '.join(_FIELDS)}")
    return AlertDelivery(_command(where, entry), _webhook(where, entry), _severities(where, entry))


def _command(where: str, entry: Mapping[str, object]) -> tuple[str, ...]:
    words = entry.get("command", [])
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise Invalid(f"{where} command is a list of words", 'as in command = ["tell-the-team", "--urgent"]')
    if "command" in entry and not (words and words[0]):
        raise Invalid(f"{where} command names no program", "leave it out for none")
    return tuple(words)


def _webhook(where: str, entry: Mapping[str, object]) -> WebhookSettings | None:
    if "webhook" not in entry:
        if "secret" in entry:
            raise Invalid(f"{where} secret signs what a webhook gets, and there is none", "add one, or leave it out")
        return None
    address, secret = _text(where, entry, "webhook"), _text(where, entry, "secret")
    if not secret:
        raise Invalid(f"{where} webhook needs a secret to sign with", 'add secret = "env:NAME"')
    return WebhookSettings(_address(where, address), _reference(where, "secret", secret))


def _address(where: str, text: str) -> str | Reference:
    if not text.startswith(("https:", "http:")):
        return _reference(where, "webhook", text)
    try:
        return checked_web_address(text)
    except Invalid as error:
        raise Invalid(f"{where} webhook {error.message}", error.hint) from None


def _reference(where: str, name: str, text: str) -> Reference:
    try:
        return parse_reference(text)
    except Invalid as error:
        raise Invalid(f"{where} {name}: {error.message}", error.hint) from None


def _severities(where: str, entry: Mapping[str, object]) -> tuple[Severity, ...]:
    every = tuple(Severity)
    least = entry.get("severity", Severity.NOTICE)
    if least not in every:
        raise Invalid(f"{where} severity is none that there is", f"it is one of {', '.join(every)}")
    return every[: every.index(Severity(str(least))) + 1]


def _text(where: str, entry: Mapping[str, object], name: str) -> str:
    value = entry.get(name, "")
    if not isinstance(value, str):
        raise Invalid(f"{where} {name} is a text in quotes", f'as in {name} = "…"')
    return value
