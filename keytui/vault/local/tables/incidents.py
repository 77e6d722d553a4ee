"""Incidents, their keys, and what operators noted of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlmodel import Field

from keytui.vault.local.columns import UtcTime
from keytui.vault.local.tables.row import Row


class IncidentRow(Row, table=True):
    """One incident. What it is closed with is empty until then."""

    __tablename__ = "incidents"
    __table_args__ = (
        CheckConstraint("(closed_at IS NULL) = (closed_by = '')", name="ck_incidents_closed"),
        {"sqlite_autoincrement": True},  # an incident's number is never used twice
    )

    id: int | None = Field(default=None, primary_key=True)
    title: str
    tenant: str = ""
    opened_by: str
    opened_at: datetime = Field(sa_type=UtcTime)
    closed_by: str = ""
    closed_at: datetime | None = Field(default=None, sa_type=UtcTime)
    cause: str = ""
    remediation: str = ""
    lessons: str = ""
    override: str = ""
    load: str = ""


class IncidentKeyRow(Row, table=True):
    """A key of an incident, with the version that was its current one when that was opened."""

    __tablename__ = "incident_keys"
    __table_args__ = (
        ForeignKeyConstraint(["incident_id"], ["incidents.id"]),
        ForeignKeyConstraint(["key_id"], ["keys.id"]),
        Index("ix_incident_keys_key_id", "key_id"),
    )

    incident_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    key_id: str = Field(primary_key=True)
    version: int


class IncidentNoteRow(Row, table=True):
    """What an operator noted of an incident."""

    __tablename__ = "incident_notes"
    __table_args__ = (
        ForeignKeyConstraint(["incident_id"], ["incidents.id"]),
        Index("ix_incident_notes_incident_id", "incident_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    incident_id: int
    at: datetime = Field(sa_type=UtcTime)
    actor: str
    note: str
