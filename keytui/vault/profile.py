"""A profile: a named vault, who I am, and whether it opens read-only."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from keytui.domain.audit import Actor
from keytui.domain.errors import Invalid, NotFound
from keytui.domain.fields import Fields
from keytui.domain.references import parse_reference
from keytui.vault.configuration import FILE_NAME, table
from keytui.vault.configuration_lines import naming_lines
from keytui.vault.team_server import TeamServer

DEFAULT_PROFILE: Final = "default"
LOCAL_FIELDS: Final = ("directory", "database", "production")
REMOTE_FIELDS: Final = ("url", "token", "certificates", "production")


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
    server: TeamServer | None = None
    """The team's server that has the vault; None for one on this machine."""


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
    url = "https://keys.example.com"   # a team's server
    token = "keyring:prod"             # where the token for it stands: env:, file:, command: or keyring:
    certificates = "/etc/ssl/team.pem" # the authorities to trust instead of the system's, if it must be
    production = true                  # opens read-only until it is armed

    [profiles.bench]
    directory = "/srv/keytui/bench"    # a vault on this machine
    database = "env:DATABASE_URL"      # on PostgreSQL; without it SQLite, in the directory
    """
    entry = table(configuration_path(), "profiles").get(name)
    if entry is not None:
        with naming_lines(configuration_path()):
            return _profile(name, entry, read_only)
    if name != DEFAULT_PROFILE:
        raise NotFound(f"no profile is called {name!r}", f"name it in {configuration_path()}")
    return Profile(name, home() / "default", local_actor(), read_only)


def profile_names() -> tuple[str, ...]:
    """Every profile there is, in the order of the configuration; `default` is always one."""
    return tuple(dict.fromkeys((DEFAULT_PROFILE, *table(configuration_path(), "profiles"))))


def _profile(name: str, entry: Mapping[str, object], read_only: bool) -> Profile:
    fields = Fields(f"{configuration_path()}: [profiles.{name}]", entry)
    guarded = read_only or fields.flag("production")
    directory = Path(fields.text("directory") or home() / name).expanduser()
    if not fields.has("url"):
        fields.only(LOCAL_FIELDS, "a vault on this machine")
        return Profile(name, directory, local_actor(), guarded, database=fields.text("database"))
    fields.only(REMOTE_FIELDS, "a team's server")
    try:
        token = parse_reference(fields.needed("token"))
        server = TeamServer(fields.needed("url"), token, fields.text("certificates"))
    except Invalid as error:
        raise Invalid(f"{configuration_path()}: [profiles.{name}]: {error.message}", error.hint) from None
    return Profile(name, directory, local_actor(), guarded, server=server)
