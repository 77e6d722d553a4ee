"""The targets that this machine delivers to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from keytui.targets.building import build_targets
from keytui.targets.target import Target
from keytui.vault.configuration import table


def load_targets(path: Path) -> Mapping[str, Target]:
    """The targets of a `config.toml` by name; none when it names none. Invalid names file, table and field."""
    return build_targets(str(path), table(path, "targets"))
