"""The targets that this machine delivers to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from keytui.connectors import build_connectors
from keytui.domain.fields import Fields
from keytui.domain.references import Resolve
from keytui.domain.text import harmless
from keytui.targets.configured import OPTIONS, configured, fields_of_kind
from keytui.targets.target import Target, unknown_placeholder
from keytui.vault.configuration import table
from keytui.vault.configuration_lines import names_lines
from keytui.vault.references import from_here


@names_lines
def load_targets(path: Path, resolve: Resolve = from_here) -> Mapping[str, Target]:
    """The targets of a `config.toml` by name; none when it names none. Invalid names file, table and field."""
    tables = {harmless(name): entry for name, entry in table(path, "targets").items()}
    own = {name: fields_of_kind(entry) for name, entry in tables.items()}
    built: Mapping[str, Target] = build_connectors("targets", str(path), own, resolve, OPTIONS)
    return {name: _checked(target, Fields(f"{path}: [targets.{name}]", tables[name])) for name, target in built.items()}


def _checked(target: Target, fields: Fields) -> Target:
    """With the options of its table. A command may have braces of its own; in any other place they are a mistake."""
    unknown = "" if fields.text("kind") == "command" else unknown_placeholder(target)
    if unknown:
        field = fields.that_holds(unknown)
        raise fields.wrong(
            field, f"holds {unknown}, which stands for nothing", "there are {id}, {name} and {environment}"
        )
    return configured(target, fields)
