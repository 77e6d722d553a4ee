"""Sources of evidence: who reports, how far, and what is missing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from keytui.vault.local.columns import UtcTime, Words
from keytui.vault.local.tables.row import Row


class RecorderRow(Row, table=True):
    """One verifier process, how far its flushes came, and how far it followed the vault's changes."""

    __tablename__ = "recorders"
    __table_args__ = (Index("ix_recorders_ended_at", "ended_at"), Index("ix_recorders_last_flush_at", "last_flush_at"))

    id: str = Field(primary_key=True)
    name: str
    host: str
    pid: int
    tenant: str | None = None
    """Whose keys alone it can let in; None is everybody's."""
    started_at: datetime = Field(sa_type=UtcTime)
    last_flush_at: datetime = Field(sa_type=UtcTime)
    sequence: int = 0
    """Of the newest flush: one more is next, the same or less is a repeat, anything above leaves a gap."""
    acknowledged: int = 0
    acknowledged_at: datetime | None = Field(default=None, sa_type=UtcTime)
    dropped: int = 0
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)


class GapRow(Row, table=True):
    """A stretch that a source cannot vouch for, noted when it was found. An open end is now."""

    __tablename__ = "gaps"
    __table_args__ = (Index("ix_gaps_started_at", "started_at"), Index("ix_gaps_source", "source"))

    id: int | None = Field(default=None, primary_key=True)
    source: str
    """As evidence names it: `recorder api-1`, `log edge`."""
    tenant: str | None = None
    """Of the recorder that left it, if that serves one only."""
    kind: str
    started_at: datetime = Field(sa_type=UtcTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)
    count: int = 0


class AcknowledgementRow(Row, table=True):
    """When a recorder's verifier first said that it had taken in the changes up to a position."""

    __tablename__ = "acknowledgements"

    recorder: str = Field(primary_key=True)
    position: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=UtcTime)


class SourceRow(Row, table=True):
    """One evidence source beside the recorders, and how far its word reaches."""

    __tablename__ = "sources"

    name: str = Field(primary_key=True)
    kind: str
    since: datetime = Field(sa_type=UtcTime)
    as_of: datetime = Field(sa_type=UtcTime)
    attributable: bool = True
    forgeable: bool = False
    covers: tuple[str, ...] = Field(default=(), sa_type=Words, nullable=False)
    """Ids of keys that it should speak of even while it has nothing to say."""


class BookmarkRow(Row, table=True):
    """Where a source goes on."""

    __tablename__ = "bookmarks"

    source: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    value: str
    at: datetime = Field(sa_type=UtcTime)
