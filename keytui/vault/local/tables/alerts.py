"""Alerts, and who was told of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlmodel import Field

from keytui.vault.local.columns import UtcTime
from keytui.vault.local.tables.row import Row


class AlertRow(Row, table=True):
    """One alert. A kind and subject has one open alert at the most: the partial index holds it."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index(
            "uq_alerts_open",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("resolved_at IS NULL"),
            postgresql_where=text("resolved_at IS NULL"),
        ),
        Index("ix_alerts_resolved_at", "resolved_at"),
        {"sqlite_autoincrement": True},  # an alert's number is never used twice
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    subject: str
    severity: str
    detail: str
    key_id: str = ""
    key_name: str = ""
    rotation_id: int | None = None
    count: int = 0
    opened_at: datetime = Field(sa_type=UtcTime)
    seen_at: datetime = Field(sa_type=UtcTime)
    acknowledged_at: datetime | None = Field(default=None, sa_type=UtcTime)
    acknowledged_by: str = ""
    note: str = ""
    resolved_at: datetime | None = Field(default=None, sa_type=UtcTime)


class NotificationRow(Row, table=True):
    """One alert's way to one destination: each is told once, and tried again until it was."""

    __tablename__ = "notifications"
    __table_args__ = (ForeignKeyConstraint(["alert_id"], ["alerts.id"]),)

    alert_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    destination: str = Field(primary_key=True)
    attempts: int = 0
    """Tries that have ended, well or not."""
    claimed_at: datetime | None = Field(default=None, sa_type=UtcTime)
    """When a process took it upon itself to try; None while nobody does."""
    next_at: datetime | None = Field(default=None, sa_type=UtcTime)
    """Not to be tried before."""
    sent_at: datetime | None = Field(default=None, sa_type=UtcTime)
    failure: str = ""
    """What went wrong the last time."""


class LookRow(Row, table=True):
    """When some process last looked for alerts or old addresses, so that no other does the same at the same time.

    Or what the time was then, and since when the clock is ahead of it: see `clock_leaps`.
    """

    __tablename__ = "looks"

    what: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcTime)
