"""What is asked of issuers elsewhere, and how they were last compared with the vault."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint
from sqlmodel import Field

from keytui.vault.local.columns import UtcTime
from keytui.vault.local.tables.row import Row


class CallRow(Row, table=True):
    """A call to a key's issuer whose outcome the vault does not have (yet): one at a time of each version."""

    __tablename__ = "calls"
    __table_args__ = (ForeignKeyConstraint(["key_id"], ["keys.id"]),)

    key_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    effect: str
    """`issue`, `suspend`, `restore` or `revoke`."""
    rotation_id: int | None = None
    began_at: datetime = Field(sa_type=UtcTime)
    actor: str
    run: str = ""
    """The process that asks: see `keytui.vault.local.processes`."""
    said: str = ""
    """How it ended without telling whether it took effect; "" while nothing was heard."""


class SyncRow(Row, table=True):
    """How an issuer was last compared with the vault."""

    __tablename__ = "syncs"

    issuer: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcTime)
    """The last try."""
    compared_at: datetime | None = Field(default=None, sa_type=UtcTime)
    """The last one that succeeded, of which the numbers are."""
    listed: int = 0
    drifted: int = 0
    error: str = ""
    """Why the last try failed; "" when it did not."""
