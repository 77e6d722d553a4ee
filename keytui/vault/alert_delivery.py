"""Where alerts go, `[alerts]` in `config.toml`: a command. Webhooks are told of them as of everything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from keytui.domain.alerts import Severity
from keytui.domain.errors import Invalid
from keytui.domain.text import quoted
from keytui.vault.configuration import fields_of
from keytui.vault.configuration_lines import names_lines

_FIELDS: Final = ("command", "severity")
_MOVED: Final = ("webhook", "secret")


@dataclass(frozen=True, slots=True)
class AlertDelivery:
    """Where alerts go. `severities` are those that are sent, the most serious first."""

    command: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = tuple(Severity)


@names_lines
def load_alert_delivery(path: Path) -> AlertDelivery:
    """Where a `config.toml` sends alerts; nowhere when it says nothing of it. Invalid names file, table and field.

    [alerts]
    command = ["/usr/local/bin/tell-the-team", "--urgent"]   # the alert as JSON on its standard input
    severity = "warning"                                     # this and what is more serious; notice without it
    """
    entry = fields_of(path, "alerts")
    where = f"{path}: [alerts]"
    if any(name in entry for name in _MOVED):
        raise Invalid(f"{where} names no webhook any more", "write it as [webhooks.NAME], with url and secret")
    if unknown := next((name for name in entry if name not in _FIELDS), None):
        raise Invalid(f"{where} has no field {quoted(unknown)}", f"its fields are {', '.join(_FIELDS)}")
    return AlertDelivery(_command(where, entry), severities(where, entry))


def _command(where: str, entry: Mapping[str, object]) -> tuple[str, ...]:
    words = entry.get("command", [])
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise Invalid(f"{where} command is a list of words", 'as in command = ["tell-the-team", "--urgent"]')
    if "command" in entry and not (words and words[0]):
        raise Invalid(f"{where} command names no program", "leave it out for none")
    return tuple(words)


def severities(where: str, entry: Mapping[str, object]) -> tuple[Severity, ...]:
    """Which severities a table of the configuration names: its own and what is more serious."""
    every = tuple(Severity)
    least = entry.get("severity", Severity.NOTICE)
    if least not in every:
        raise Invalid(f"{where} severity is none that there is", f"it is one of {', '.join(every)}")
    return every[: every.index(Severity(str(least))) + 1]
