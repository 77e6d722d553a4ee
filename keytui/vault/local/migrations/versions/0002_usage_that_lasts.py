"""Usage by version and by caller apart and by grains, evidence sources, alerts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _set_aside("gaps", "ix_gaps_recorder", "ix_gaps_started_at")
    _set_aside("callers", "ix_callers_last_seen")
    _set_aside("usage", "ix_usage_key_id", "ix_usage_minute")
    _make_sources()
    _make_callers()
    _make_usage()
    _make_alerts()
    _carry_over()
    _go_on_counting()
    for name in ("gaps", "callers", "usage"):
        op.drop_table(f"old_{name}")
    with op.batch_alter_table("recorders", schema=None) as batch_op:
        batch_op.drop_column("unknown_refused")


def _set_aside(table: str, *indexes: str) -> None:
    """Make room for a new table of the same name; indexes and constraints keep theirs when their table is renamed."""
    for index in indexes:
        op.drop_index(index, table_name=table)
    op.rename_table(table, f"old_{table}")
    if table == "callers" and op.get_context().dialect.name == "postgresql":  # in SQLite it has its table's name in it
        op.drop_constraint("uq_callers_name", "old_callers")


def _make_sources() -> None:
    op.create_table(
        "gaps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_gaps_started_at", "gaps", ["started_at"])
    op.create_index("ix_gaps_source", "gaps", ["source"])
    op.create_table(
        "sources",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("attributable", sa.Boolean(), nullable=False),
        sa.Column("forgeable", sa.Boolean(), nullable=False),
        sa.Column("covers", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "bookmarks",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "name"),
    )


def _make_callers() -> None:
    op.create_table(
        "callers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("declared", sa.Boolean(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("longest_gap", sa.BigInteger(), nullable=True),
        sa.Column("last_accepted_at", sa.BigInteger(), nullable=True),
        sa.Column("recorder", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key_id", "source", "name", "declared", "version", name="uq_callers_name"),
    )
    op.create_index("ix_callers_last_seen", "callers", ["key_id", "last_seen"])
    op.create_index(
        "ix_callers_address",
        "callers",
        ["last_seen"],
        sqlite_where=sa.text("address <> ''"),
        postgresql_where=sa.text("address <> ''"),
    )
    op.create_index("ix_callers_name", "callers", ["name", "declared"])
    op.create_index(
        "ix_callers_refused",
        "callers",
        ["last_seen"],
        sqlite_where=sa.text("refused > 0"),
        postgresql_where=sa.text("refused > 0"),
    )
    op.create_table(
        "caller_usage",
        sa.Column("caller", sa.Integer(), autoincrement=False, nullable=False),
        *_grain(),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        *_counts(),
        sa.PrimaryKeyConstraint("caller", "grain", "at"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_caller_usage_at", "caller_usage", ["grain", "at"])


def _make_usage() -> None:
    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("probe", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key_id", "version", "source", "probe", name="uq_series_version"),
    )
    op.create_table(
        "usage",
        sa.Column("series", sa.Integer(), autoincrement=False, nullable=False),
        *_grain(),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        *_counts(),
        sa.PrimaryKeyConstraint("series", "grain", "at"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_usage_at", "usage", ["grain", "at"])
    op.create_table(
        "routes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key_id", "source", "route", name="uq_routes_route"),
    )
    op.create_table(
        "route_usage",
        sa.Column("route", sa.Integer(), autoincrement=False, nullable=False),
        *_grain(),
        *_counts(),
        sa.PrimaryKeyConstraint("route", "grain", "at"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_route_usage_at", "route_usage", ["grain", "at"])
    op.create_table(
        "pulses",
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("recorder", sa.String(), nullable=False),
        *_counts(),
        sa.PrimaryKeyConstraint("at", "recorder"),
        sqlite_with_rowid=False,
    )


def _grain() -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column("grain", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )


def _counts() -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
    )


def _make_alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("key_name", sa.String(), nullable=False),
        sa.Column("rotation_id", sa.Integer(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged_at", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alerts_resolved_at", "alerts", ["resolved_at"])
    op.create_index(
        "ix_keys_leaked", "keys", ["id"], sqlite_where=sa.text("leaked = 1"), postgresql_where=sa.text("leaked")
    )
    op.create_table(
        "notifications",
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("destination", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=True),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("failure", sa.String(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"]),
        sa.PrimaryKeyConstraint("alert_id", "destination"),
    )
    op.create_table(
        "looks",
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("what"),
    )
    op.create_index(
        "uq_alerts_open",
        "alerts",
        ["kind", "subject"],
        unique=True,
        sqlite_where=sa.text("resolved_at IS NULL"),
        postgresql_where=sa.text("resolved_at IS NULL"),
    )


def _carry_over() -> None:
    """Every row that was there, its totals unchanged: minutes by version, and the same minutes by caller."""
    op.execute(
        "INSERT INTO gaps (id, source, kind, started_at, ended_at, count) "
        "SELECT g.id, 'recorder ' || coalesce(r.name, g.recorder), g.kind, g.started_at, g.ended_at, g.count "
        "FROM old_gaps g LEFT JOIN recorders r ON r.id = g.recorder"
    )
    op.execute(
        "INSERT INTO callers (id, key_id, version, source, name, declared, address, agent, first_seen, last_seen, "
        "accepted, refused, longest_gap, last_accepted_at, recorder) "
        "SELECT id, key_id, version, 'recorder', name, declared, address, agent, first_seen, last_seen, "
        "accepted, refused, longest_gap, last_accepted_at, '' FROM old_callers"
    )
    op.execute(
        "INSERT INTO series (key_id, version, source, probe) "
        "SELECT DISTINCT key_id, version, 'recorder', probe FROM old_usage"
    )
    op.execute(
        "INSERT INTO usage (series, grain, at, first_at, last_at, accepted, refused) "
        "SELECT s.id, 1, u.minute, min(u.first_at), max(u.last_at), sum(u.accepted), sum(u.refused) "
        "FROM old_usage u JOIN series s ON s.key_id = u.key_id AND s.version = u.version AND s.probe = u.probe "
        "GROUP BY s.id, u.minute"
    )
    op.execute(
        "INSERT INTO caller_usage (caller, grain, at, last_at, accepted, refused) "
        "SELECT c.id, 1, u.minute, u.last_at, u.accepted, u.refused "
        "FROM old_usage u JOIN callers c ON c.key_id = u.key_id AND c.version = u.version "
        "AND c.name = u.caller AND c.declared = u.declared WHERE NOT u.probe"
    )


def _go_on_counting() -> None:
    """Rows that were carried over with their numbers: SQLite counts on from the greatest, PostgreSQL has to be told."""
    if op.get_context().dialect.name == "postgresql":
        for table in ("gaps", "callers"):
            op.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 1)) FROM {table}")  # noqa: S608
