"""The wrapped data key, and what the key files outside the database are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from keytui.vault.local.columns import UtcTime
from keytui.vault.local.tables.row import Row


class KeyringRow(Row, table=True):
    """The one data key, wrapped by the passphrase, and what slows a guesser down. There is one row, number 1."""

    __tablename__ = "keyring"
    __table_args__ = (CheckConstraint("id = 1", name="ck_keyring_one"),)

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    salt: bytes
    memory_kib: int
    iterations: int
    lanes: int
    nonce: bytes
    wrapped: bytes
    set_at: datetime = Field(sa_type=UtcTime)
    failures: int = 0
    """Wrong passphrases since the last right one."""
    failed_at: datetime | None = Field(default=None, sa_type=UtcTime)
    epoch: int = 0
    """Rises with every lock and every new passphrase: a process that unlocked at an older epoch is locked again."""


class KeyFilesRow(Row, table=True):
    """What the vault was made with, so that a server with other files is refused. There is one row, number 1."""

    __tablename__ = "key_files"
    __table_args__ = (CheckConstraint("id = 1", name="ck_key_files_one"),)

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    pepper: str
    """A check value of it."""
    signing_key: str
    """Its public part."""
