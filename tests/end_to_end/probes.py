"""Probes in a home: described in its configuration, and asked."""

from __future__ import annotations

import json

from tests.end_to_end.home import Home


def configure(home: Home, toml: str) -> None:
    """Write the home's configuration."""
    home.vault_home.mkdir(exist_ok=True)
    path = home.vault_home / "config.toml"
    path.write_text(toml)
    path.chmod(0o600)


def answers(home: Home, *names: str, code: int = 0) -> list[dict[str, object]]:
    """`keytui probe`: one answer a probe."""
    found = json.loads(home.keytui("probe", *names, "--json", code=code).stdout)
    assert isinstance(found, list)
    return found
