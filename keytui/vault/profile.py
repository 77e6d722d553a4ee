"""A profile: a named vault, who I am, and whether it opens read-only."""

from __future__ import annotations

import getpass
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from keytui.domain.audit import Actor
from keytui.domain.errors import Invalid, NotFound
from keytui.vault.configuration import FILE_NAME, table

DEFAULT_PROFILE: Final = "default"


@dataclass(frozen=True, slots=True)
class Profile:
    """A named vault. A production profile opens read-only and is armed by typing its name."""

    name: str
    directory: Path
    """Where the vault's files are: database, pepper, signing key. 0700."""
    actor: Actor
    read_only: bool = False
    database: str = ""
    """Where the URL of a PostgreSQL database stands (`env:NAME`, `file:PATH`); "" is SQLite in the directory."""


def home() -> Path:
    """The directory of everything keytui keeps: `KEYTUI_HOME`, else the platform's data directory."""
    from platformdirs import user_data_path  # noqa: PLC0415  # half of all starts name KEYTUI_HOME

    configured = os.environ.get("KEYTUI_HOME")
    return Path(configured).expanduser() if configured else user_data_path("keytui")


def configuration_path() -> Path:
    """The configuration: the file that `KEYTUI_CONFIG` names, else `config.toml` in the home."""
    configured = os.environ.get("KEYTUI_CONFIG")
    return Path(configured).expanduser() if configured else home() / FILE_NAME


def local_actor() -> Actor:
    """The operating-system user and host."""
    return Actor(getpass.getuser(), socket.gethostname())


def load_profile(name: str = DEFAULT_PROFILE, read_only: bool = False) -> Profile:
    """The profile called `name` from `config.toml` in the home; `default` needs no entry. Invalid names file and field.

    [profiles.prod]
    directory = "/srv/keytui/prod"
    production = true        # opens read-only until it is armed
    """
    directory = home()
    configuration = configuration_path()
    entry = table(configuration, "profiles").get(name)
    if entry is None:
        if name != DEFAULT_PROFILE:
            raise NotFound(f"no profile is called {name!r}", f"name it in {configuration}")
        return Profile(name, directory / "default", local_actor(), read_only)
    where = entry.get("directory", str(directory / name))
    production = entry.get("production", False)
    if not isinstance(where, str) or not isinstance(production, bool):
        raise Invalid(
            f"profile {name!r}: `directory` is a path in quotes and `production` is true or false",
            f"mend it in {configuration}",
        )
    return Profile(name, Path(where).expanduser(), local_actor(), read_only or production)
