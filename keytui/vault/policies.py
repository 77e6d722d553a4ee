"""Policy from the configuration: what a site expects of each environment's keys, beside what keytui assumes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from keytui.domain.durations import parse_duration
from keytui.domain.errors import Invalid
from keytui.domain.policy import DEVELOPMENT, STRICT_DEVELOPMENT, Policies, Policy
from keytui.vault.configuration import table

PRESETS: Final = {"standard": Policy(), "development": DEVELOPMENT, "strict-development": STRICT_DEVELOPMENT}
_DURATIONS: Final = tuple(field.name for field in fields(Policy) if field.name != "full_access_scopes")
_PRESET: Final = "preset"


def load_policies(path: Path) -> Policies:
    """The policies in a `config.toml`; an environment that is not named keeps its default. Invalid names the field.

    [policy.development]
    preset = "strict-development"    # 30 days instead of 180

    [policy.production]
    rotation_interval = "60d"
    overlap = "12h"
    """
    policies = Policies()
    read = {name: _policy(path, name, entry, policies.of(name)) for name, entry in table(path, "policy").items()}
    return replace(policies, environments={**policies.environments, **read})


def _policy(path: Path, environment: str, entry: Mapping[str, object], default: Policy) -> Policy:
    where = f"{path}: [policy.{environment}]"
    preset = entry.get(_PRESET)
    if preset is not None and preset not in PRESETS:
        raise Invalid(f"{where} preset = {preset!r} is none", f"a preset is one of {', '.join(PRESETS)}")
    base = default if preset is None else PRESETS[str(preset)]
    durations = {name: _duration(where, name, value) for name, value in entry.items() if name != _PRESET}
    return replace(base, **durations)  # type: ignore[arg-type]  # every name in it is a field that holds a duration


def _duration(where: str, name: str, value: object) -> timedelta:
    if name not in _DURATIONS:
        raise Invalid(f"{where} has no field {name!r}", f"its fields are {_PRESET}, {', '.join(_DURATIONS)}")
    if not isinstance(value, str):
        raise Invalid(f"{where} {name} is a duration in quotes", f'as in {name} = "24h"')
    try:
        return parse_duration(value)
    except Invalid as error:
        raise Invalid(f"{where} {name}: {error.message}", error.hint) from error
