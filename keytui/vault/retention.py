"""Retention from the configuration: how long a site keeps usage and the addresses of its callers."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from keytui.domain.durations import parse_duration
from keytui.domain.errors import Invalid
from keytui.domain.retention import Addresses, Retention
from keytui.vault.configuration import fields_of
from keytui.vault.configuration_lines import names_lines

_ADDRESSES: Final = "addresses"
_DURATIONS: Final = tuple(field.name for field in fields(Retention) if field.name != _ADDRESSES)


@names_lines
def load_retention(path: Path) -> Retention:
    """The retention in a `config.toml`; what is not named keeps its default. Invalid names the field.

    [retention]
    minutes = "7d"               # older ones become hours
    hours = "60d"                # older ones become days
    days = "365d"                # older ones are dropped
    address_days = "30d"         # after its last use
    addresses = "truncated"      # or "full", or "none"
    """
    where = f"{path}: [retention]"
    given = fields_of(path, "retention")
    durations = {name: _duration(where, name, value) for name, value in given.items() if name != _ADDRESSES}
    retention = replace(Retention(), **durations)  # type: ignore[arg-type]  # every name in it is a duration's
    if not retention.minutes <= retention.hours <= retention.days:
        raise Invalid(f"{where} minutes, hours and days overlap", "keep hours as long as minutes, and days as hours")
    return replace(retention, addresses=_addresses(where, given.get(_ADDRESSES, retention.addresses)))


def _duration(where: str, name: str, value: object) -> timedelta:
    if name not in _DURATIONS:
        raise Invalid(f"{where} has no field {name!r}", f"its fields are {', '.join(_DURATIONS)}, {_ADDRESSES}")
    if not isinstance(value, str):
        raise Invalid(f"{where} {name} is a duration in quotes", f'as in {name} = "90d"')
    try:
        return parse_duration(value)
    except Invalid as error:
        raise Invalid(f"{where} {name}: {error.message}", error.hint) from error


def _addresses(where: str, value: object) -> Addresses:
    try:
        return Addresses(str(value))
    except ValueError:
        known = ", ".join(f'"{each}"' for each in Addresses)
        raise Invalid(f"{where} {_ADDRESSES} = {value!r} is none", f"it is one of {known}") from None
