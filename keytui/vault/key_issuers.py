"""The issuers that this machine's configuration names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from keytui.connectors import build_connectors
from keytui.domain.errors import Invalid
from keytui.domain.fields import Fields
from keytui.domain.keys import BUILTIN
from keytui.domain.references import Resolve
from keytui.domain.text import harmless
from keytui.issuers.issuer import Issuer
from keytui.issuers.placing import OPTIONS, PlacedIssuers, fields_of_kind, placing_from
from keytui.vault.configuration import table
from keytui.vault.configuration_lines import names_lines
from keytui.vault.references import from_here


@names_lines
def load_issuers(path: Path, resolve: Resolve = from_here) -> Mapping[str, Issuer]:
    """The issuers of a `config.toml` by name; none when it names none. Invalid names file, table and field."""
    tables = {harmless(name): entry for name, entry in table(path, "issuers").items()}
    if BUILTIN in tables:
        raise Invalid(f"{path}: [issuers.{BUILTIN}] is the name of keytui's own", "give it another")
    own = {name: fields_of_kind(entry) for name, entry in tables.items()}
    built: Mapping[str, Issuer] = build_connectors("issuers", str(path), own, resolve, OPTIONS)
    placings = {name: placing_from(Fields(f"{path}: [issuers.{name}]", entry)) for name, entry in tables.items()}
    return PlacedIssuers(built, placings)
