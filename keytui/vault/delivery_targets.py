"""The targets that this machine delivers to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from keytui.domain.errors import Invalid
from keytui.targets.building import build_targets
from keytui.targets.target import Target
from keytui.vault.configuration import table


def load_targets(path: Path) -> Mapping[str, Target]:
    """The targets of a `config.toml` by name; none when it names none. Invalid names file, table and field."""
    return build_targets(str(path), table(path, "targets"))


def refuse_unknown(named: Sequence[str], path: Path) -> None:
    """Refuse names that no target has. Where none is configured another machine delivers, and knows them."""
    known = table(path, "targets")
    if not known:
        return
    for name in named:
        if name not in known:
            raise Invalid(f"no target is called {name!r}", f"the targets of {path} are {', '.join(known)}")
