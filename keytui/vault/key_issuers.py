"""The issuers that this machine's configuration names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from keytui.connectors import build_connectors
from keytui.domain.errors import Invalid
from keytui.domain.keys import BUILTIN
from keytui.domain.references import Resolve
from keytui.issuers.issuer import Issuer
from keytui.vault.configuration import table
from keytui.vault.references import from_here


def load_issuers(path: Path, resolve: Resolve = from_here) -> Mapping[str, Issuer]:
    """The issuers of a `config.toml` by name; none when it names none. Invalid names file, table and field."""
    tables = table(path, "issuers")
    if BUILTIN in tables:
        raise Invalid(f"{path}: [issuers.{BUILTIN}] is the name of keytui's own", "give it another")
    return build_connectors("issuers", str(path), tables, resolve)
