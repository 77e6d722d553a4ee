"""The audit chain and its signatures."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from keytui.vault.local.columns import UtcTime
from keytui.vault.local.tables.row import Row


class AuditRow(Row, table=True):
    """One entry of the audit chain. Its sequence is the position of the change feed."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_key_id", "key_id", "sequence"),
        Index("ix_audit_type", "type", "sequence"),
        Index("ix_audit_rotation_id", "rotation_id", "sequence"),
        Index("ix_audit_at", "at"),
        Index("ix_audit_tenant", "tenant", "sequence"),
    )

    sequence: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=UtcTime)
    actor: str
    type: str
    key_id: str = ""
    key_name: str = ""
    version: int | None = None
    rotation_id: int | None = None
    details: str = "{}"
    """A JSON object of texts."""
    refused: bool = False
    previous: str
    hash: str
    tenant: str | None = None
    """Who may read it beside those who read everything: its key's tenant, or its actor's. Not under the hash: see
    `keytui.vault.local.entry_tenants`."""


class CheckpointRow(Row, table=True):
    """The chain's head at one time, signed with a key that is outside the database."""

    __tablename__ = "checkpoints"

    sequence: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    hash: str
    at: datetime = Field(sa_type=UtcTime)
    signature: bytes
