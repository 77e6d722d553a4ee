"""Rotations, and requests that were carried out."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text, true
from sqlmodel import Field

from keytui.vault.local.columns import Span, UtcTime
from keytui.vault.local.tables.row import Row


class RotationRow(Row, table=True):
    """A rotation. A key has one open rotation at the most: the partial index holds it."""

    __tablename__ = "rotations"
    __table_args__ = (
        ForeignKeyConstraint(["key_id"], ["keys.id"]),
        Index(
            "uq_rotations_open",
            "key_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_rotations_key_id", "key_id", "id"),
        CheckConstraint(
            "(state IN ('completed', 'rolled_back', 'abandoned')) = (closed_at IS NOT NULL)",
            name="ck_rotations_closed_at",
        ),
        {"sqlite_autoincrement": True},  # a rotation's number is never used twice
    )

    id: int | None = Field(default=None, primary_key=True)
    key_id: str
    strategy: str
    first: str | None = None
    reason: str
    reason_text: str = ""
    overlap: timedelta | None = Field(default=None, sa_type=Span)
    label: str = ""
    state: str
    old_version: int
    new_version: int | None = None
    started_at: datetime = Field(sa_type=UtcTime)
    holder: str
    note: str = ""
    delivered_at: datetime | None = Field(default=None, sa_type=UtcTime)
    overlap_ends_at: datetime | None = Field(default=None, sa_type=UtcTime)
    suspended_at: datetime | None = Field(default=None, sa_type=UtcTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcTime)
    suspends: bool = Field(default=True, sa_column_kwargs={"server_default": true()})
    """Whether the key's issuer can refuse a version and accept it again."""


class StepRow(Row, table=True):
    """One move of a rotation that happened."""

    __tablename__ = "steps"
    __table_args__ = (
        ForeignKeyConstraint(["rotation_id"], ["rotations.id"]),
        Index("ix_steps_rotation_id", "rotation_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    rotation_id: int
    at: datetime = Field(sa_type=UtcTime)
    actor: str
    verb: str
    state: str
    detail: str = ""


class DeliveryRow(Row, table=True):
    """One way a new secret went to one place."""

    __tablename__ = "deliveries"
    __table_args__ = (
        ForeignKeyConstraint(["rotation_id"], ["rotations.id"]),
        Index("ix_deliveries_rotation_id", "rotation_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    rotation_id: int
    target: str
    state: str
    at: datetime = Field(sa_type=UtcTime)
    fingerprint: str | None = None
    detail: str = ""
    run: str = ""


class WaiverRow(Row, table=True):
    """One finding of a rotation's verdict, set aside by its subject."""

    __tablename__ = "waivers"
    __table_args__ = (ForeignKeyConstraint(["rotation_id"], ["rotations.id"]),)

    rotation_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    subject: str = Field(primary_key=True)
    actor: str
    at: datetime = Field(sa_type=UtcTime)
    why: str


class IdempotencyRow(Row, table=True):
    """A request that was carried out, so that a repeat is recognised. `reference` names what it made."""

    __tablename__ = "idempotency"

    request_id: str = Field(primary_key=True)
    operation: str
    reference: str
    at: datetime = Field(sa_type=UtcTime)
