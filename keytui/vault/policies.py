"""Policy from the configuration: what a site expects of each environment's keys, beside what keytui assumes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from keytui.domain.durations import parse_duration
from keytui.domain.errors import Invalid
from keytui.domain.fields import Fields
from keytui.domain.near import meant
from keytui.domain.policy import DEVELOPMENT, STRICT_DEVELOPMENT, Policies, Policy
from keytui.domain.text import harmless
from keytui.domain.thresholds import Thresholds
from keytui.vault.configuration import table
from keytui.vault.configuration_lines import names_lines

PRESETS: Final = {"standard": Policy(), "development": DEVELOPMENT, "strict-development": STRICT_DEVELOPMENT}
_PRESET: Final = "preset"
_ALERTS: Final = "alerts"
_TARGETS: Final = "targets"
_DURATIONS: Final = tuple(
    field.name for field in fields(Policy) if field.name not in {"full_access_scopes", _ALERTS, _TARGETS}
)
_NOT_DURATIONS: Final = {_PRESET, _ALERTS, _TARGETS}
_MOST_COUNT: Final = 10**9


@names_lines
def load_policies(path: Path) -> Policies:
    """The policies in a `config.toml`; an environment that is not named keeps its default. Invalid names the field.

    [policy.development]
    preset = "strict-development"    # 30 days instead of 180

    [policy.production]
    rotation_interval = "60d"
    overlap = "12h"
    targets = ["hashicorp", "ci"]    # names or kinds of the targets that its keys may name

    [policy.production.alerts]       # where the detectors draw their lines
    burst_refusals = 100
    burst_window = "10m"
    """
    policies = Policies()
    read = {name: _policy(path, name, entry, policies.of(name)) for name, entry in table(path, "policy").items()}
    kinds = {harmless(name): str(entry.get("kind", "")) for name, entry in table(path, "targets").items()}
    return replace(policies, environments={**policies.environments, **read}, kinds=kinds)


def _policy(path: Path, environment: str, entry: Mapping[str, object], default: Policy) -> Policy:
    where = f"{path}: [policy.{environment}]"
    preset = entry.get(_PRESET)
    if preset is not None and preset not in list(PRESETS):
        hint = f"{meant(str(preset), PRESETS)}a preset is one of {', '.join(PRESETS)}"
        raise Invalid(f"{where} preset = {preset!r} is none", hint)
    base = default if preset is None else PRESETS[str(preset)]
    durations = {name: _duration(where, name, value) for name, value in entry.items() if name not in _NOT_DURATIONS}
    alerts = _thresholds(f"{path}: [policy.{environment}.{_ALERTS}]", entry.get(_ALERTS, {}), base.alerts)
    allowed = _targets(where, entry, base.targets)
    return replace(base, alerts=alerts, targets=allowed, **durations)  # type: ignore[arg-type]  # every name in it is a duration's


def _targets(where: str, entry: Mapping[str, object], default: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return Fields(where, entry).texts(_TARGETS) if _TARGETS in entry else default


def _duration(where: str, name: str, value: object) -> timedelta:
    if name not in _DURATIONS:
        known = (_PRESET, *_DURATIONS, _TARGETS, _ALERTS)
        raise Invalid(
            f"{where} has no field {name!r}",
            f"{meant(name, known)}its fields are {', '.join(known)}",
        )
    return _as_duration(where, name, value)


def _thresholds(where: str, entry: object, default: Thresholds) -> Thresholds:
    """The thresholds that a table gives; those it does not name stay as they are."""
    if not isinstance(entry, dict):
        raise Invalid(f"{where} is a table of thresholds", "as in burst_refusals = 100")
    known = {field.name: getattr(default, field.name) for field in fields(Thresholds)}
    if unknown := next((name for name in entry if name not in known), None):
        raise Invalid(f"{where} has no field {unknown!r}", f"{meant(unknown, known)}its fields are {', '.join(known)}")
    given = {name: _threshold(where, name, value, known[name]) for name, value in entry.items()}
    return replace(default, **given)  # type: ignore[arg-type]  # each has the type of the default that it replaces


def _threshold(where: str, name: str, value: object, default: object) -> timedelta | int:
    if isinstance(default, timedelta):
        return _as_duration(where, name, value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MOST_COUNT:
        raise Invalid(f"{where} {name} is a whole number above 0", f"as in {name} = {default}")
    if name.endswith("_percent") and value > 100:
        raise Invalid(f"{where} {name} is a share, at most 100", f"as in {name} = {default}")
    return value


def _as_duration(where: str, name: str, value: object) -> timedelta:
    if not isinstance(value, str):
        raise Invalid(f"{where} {name} is a duration in quotes", f'as in {name} = "24h"')
    try:
        return parse_duration(value)
    except Invalid as error:
        raise Invalid(f"{where} {name}: {error.message}", error.hint) from error
