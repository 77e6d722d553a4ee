"""Usage: by version, by caller, by route."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from keytui.vault.local.columns import Span, UtcTime
from keytui.vault.local.tables.row import Row


class SeriesRow(Row, table=True):
    """What usage is counted under: one version as one source sees it. Our own probes stand apart.

    All recorders are one source, `recorder`: their requests add up. Every other source sees the same ones again.
    No foreign keys here and below: a recorder may still report a key's last requests, whatever became of the key, and
    a key of "" stands for secrets that belong to none.
    """

    __tablename__ = "series"
    __table_args__ = (UniqueConstraint("key_id", "version", "source", "probe", name="uq_series_version"),)

    id: int | None = Field(default=None, primary_key=True)
    key_id: str
    version: int
    source: str
    probe: bool = False


class UsageRow(Row, table=True):
    """Requests of one series in one stretch of time: `grain` minutes (1, 60 or 1440) from `at`, UTC."""

    __tablename__ = "usage"
    __table_args__ = (Index("ix_usage_at", "grain", "at"), {"sqlite_with_rowid": False})

    series: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    grain: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(primary_key=True, sa_type=UtcTime)
    first_at: datetime = Field(sa_type=UtcTime)
    last_at: datetime = Field(sa_type=UtcTime)
    accepted: int = 0
    refused: int = 0


class CallerRow(Row, table=True):
    """One caller on one version over its whole history, as one source sees it. Probes are not in it."""

    __tablename__ = "callers"
    __table_args__ = (
        UniqueConstraint("key_id", "source", "name", "declared", "version", name="uq_callers_name"),
        Index("ix_callers_last_seen", "key_id", "last_seen"),
        Index("ix_callers_first_seen", "first_seen"),
        Index(
            "ix_callers_address",
            "last_seen",
            sqlite_where=text("address <> ''"),
            postgresql_where=text("address <> ''"),
        ),
        Index("ix_callers_name", "name", "declared"),
        Index(
            "ix_callers_refused",
            "last_seen",
            sqlite_where=text("refused > 0"),
            postgresql_where=text("refused > 0"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    key_id: str
    version: int
    source: str
    name: str
    declared: bool = False
    address: str = ""
    agent: str = ""
    first_seen: datetime = Field(sa_type=UtcTime)
    last_seen: datetime = Field(sa_type=UtcTime)
    accepted: int = 0
    refused: int = 0
    longest_gap: timedelta | None = Field(default=None, sa_type=Span)
    last_accepted_at: datetime | None = Field(default=None, sa_type=UtcTime)
    recorder: str = ""
    """Name of the recorder that saw the newest accepted request; "" of other sources and where it is not known."""


class CallerUsageRow(Row, table=True):
    """Requests of one caller on one version in one stretch of time: by the minute only while a rotation is open."""

    __tablename__ = "caller_usage"
    __table_args__ = (Index("ix_caller_usage_at", "grain", "at"), {"sqlite_with_rowid": False})

    caller: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    grain: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(primary_key=True, sa_type=UtcTime)
    last_at: datetime = Field(sa_type=UtcTime)
    accepted: int = 0
    refused: int = 0


class RouteRow(Row, table=True):
    """One route of a key, as one source sees it."""

    __tablename__ = "routes"
    __table_args__ = (UniqueConstraint("key_id", "source", "route", name="uq_routes_route"),)

    id: int | None = Field(default=None, primary_key=True)
    key_id: str
    source: str
    route: str


class RouteUsageRow(Row, table=True):
    """Requests of one key to one route in one stretch of time, of an hour at least."""

    __tablename__ = "route_usage"
    __table_args__ = (Index("ix_route_usage_at", "grain", "at"), {"sqlite_with_rowid": False})

    route: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    grain: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(primary_key=True, sa_type=UtcTime)
    accepted: int = 0
    refused: int = 0


class PulseRow(Row, table=True):
    """Requests of one flush, probes left out: what the monitor draws the last minutes from."""

    __tablename__ = "pulses"
    __table_args__ = ({"sqlite_with_rowid": False},)

    at: datetime = Field(primary_key=True, sa_type=UtcTime)
    recorder: str = Field(primary_key=True)
    accepted: int = 0
    refused: int = 0
