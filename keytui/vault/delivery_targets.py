"""The targets that this machine delivers to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from keytui.connectors import build_connectors
from keytui.domain.references import Resolve
from keytui.targets.target import Target
from keytui.vault.configuration import table
from keytui.vault.references import from_here


def load_targets(path: Path, resolve: Resolve = from_here) -> Mapping[str, Target]:
    """The targets of a `config.toml` by name; none when it names none. Invalid names file, table and field."""
    return build_connectors("targets", str(path), table(path, "targets"), resolve)
