"""From what a site writes of its targets, `[targets.NAME]` in `config.toml`, to the targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Final

from keytui.domain.errors import Invalid
from keytui.domain.fields import Fields
from keytui.domain.text import harmless
from keytui.targets.file import file_target
from keytui.targets.piping import command_target
from keytui.targets.target import Target

GROUP: Final = "keytui.targets"
"""The entry points of targets in other packages: a kind, and what makes a target of its name and fields."""

Build = Callable[[str, Fields], Target]
_OURS: Final[Mapping[str, Build]] = {"file": file_target, "command": command_target}


def build_targets(where: str, tables: Mapping[str, Mapping[str, object]]) -> Mapping[str, Target]:
    """The targets of a configuration by name. `where` names the file; Invalid names table and field.

    [targets.checkout-env]
    kind = "file"
    path = "/srv/checkout/api-key"

    [targets.ci]
    kind = "command"
    command = ["gh", "secret", "set", "API_KEY", "--repo", "example/checkout"]
    """
    return {
        harmless(name): _built(harmless(name), Fields(f"{where}: [targets.{harmless(name)}]", entry))
        for name, entry in tables.items()
    }


def _built(name: str, fields: Fields) -> Target:
    """Only a kind that a table names is loaded: a package that lies about runs nothing by itself."""
    theirs = {point.name: point for point in entry_points(group=GROUP)}
    kind = fields.one_of("kind", (*_OURS, *sorted(set(theirs) - set(_OURS))))
    if kind in _OURS:
        return _OURS[kind](name, fields)
    try:
        build: Build = theirs[kind].load()
    except (ImportError, AttributeError) as error:
        raise Invalid(f"the target kind {kind!r} cannot be loaded: {error}", "see to the package it is from") from error
    return build(name, fields)
