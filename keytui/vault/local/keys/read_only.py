"""A vault's file opened for reading alone, by SQLite alone: for whoever cannot wait for the store, or for the file."""

from __future__ import annotations

import sqlite3
from typing import Final

from keytui.vault.local.files import DATABASE
from keytui.vault.profile import Profile

_PATIENCE: Final = 0.05
"""Seconds that a locked file is waited for."""


def read_only(profile: Profile) -> sqlite3.Connection | None:
    """The file of a profile's vault; None where the vault is elsewhere or no plain file. sqlite3.Error or OSError."""
    path = profile.directory / DATABASE
    if profile.server is not None or profile.database or not path.is_file():
        return None  # opening a pipe would wait for ever
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_PATIENCE)
