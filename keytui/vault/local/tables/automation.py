"""Keys that rotate by themselves, who is doing that right now, and messages that wait for their webhooks."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlmodel import Field

from keytui.vault.local.columns import Span, UtcTime
from keytui.vault.local.tables.row import Row


class AutoRotationRow(Row, table=True):
    """A key that rotates by itself."""

    __tablename__ = "auto_rotations"
    __table_args__ = (ForeignKeyConstraint(["key_id"], ["keys.id"]), Index("ix_auto_rotations_next_at", "next_at"))

    key_id: str = Field(primary_key=True)
    interval: timedelta = Field(sa_type=Span)
    keep_previous: bool = True
    next_at: datetime = Field(sa_type=UtcTime)
    rotation_id: int | None = None
    note: str = ""


class LeaseRow(Row, table=True):
    """Work that one process does at a time, across servers: whoever holds it, until when."""

    __tablename__ = "leases"

    name: str = Field(primary_key=True)
    holder: str
    until: datetime = Field(sa_type=UtcTime)


class MessageRow(Row, table=True):
    """One message to one webhook: written with what it tells, and sent until it was taken or is too old."""

    __tablename__ = "messages"
    __table_args__ = (
        Index(
            "ix_messages_due",
            "next_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_messages_webhook", "webhook", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    message_id: str
    """The webhook-id, the same each time it is sent."""
    webhook: str
    type: str
    key_id: str = ""
    body: bytes
    """JSON; sealed under the webhook's own secret when it carries plaintext."""
    nonce: bytes | None = None
    created_at: datetime = Field(sa_type=UtcTime)
    state: str
    """`waiting`, `sent`, `failed` or `dropped`."""
    attempts: int = 0
    next_at: datetime = Field(sa_type=UtcTime)
    detail: str = ""


class WebhookRow(Row, table=True):
    """What is remembered of a configured webhook."""

    __tablename__ = "webhooks"

    name: str = Field(primary_key=True)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcTime)
    """It answered 410: it wants no more messages, until somebody enables it again."""
