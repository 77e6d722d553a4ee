"""A team: operators, approvals, answers to be asked for again, auto-rotation, webhooks' messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("keys", sa.Column("targets", sa.Text(), nullable=False, server_default=""))
    op.create_index("ix_keys_tenant", "keys", ["tenant", "name", "id"])
    _tell_entries_apart()
    _tell_recorders_apart()
    _count_keys()
    _tell_key_files_apart()
    _make_access()
    _make_automation()
    _make_webhooks()


def _tell_entries_apart() -> None:
    """Whose each entry of the log is: its key's tenant."""
    op.add_column("audit", sa.Column("tenant", sa.String(), nullable=True))
    op.execute("UPDATE audit SET tenant = (SELECT keys.tenant FROM keys WHERE keys.id = audit.key_id)")
    op.create_index("ix_audit_tenant", "audit", ["tenant", "sequence"])


def _tell_recorders_apart() -> None:
    """Whose keys a recorder lets in, and so whom what it missed concerns: without a tenant everybody, as all did."""
    op.add_column("recorders", sa.Column("tenant", sa.String(), nullable=True))
    op.add_column("gaps", sa.Column("tenant", sa.String(), nullable=True))


def _count_keys() -> None:
    op.create_table(
        "key_counts",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("living", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "environment"),
    )
    op.execute(
        "INSERT INTO key_counts (tenant, environment, living)"
        " SELECT tenant, environment, count(*) - count(revoked_at) FROM keys GROUP BY tenant, environment"
    )


def _tell_key_files_apart() -> None:
    op.create_table(
        "key_files",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("pepper", sa.String(), nullable=False),
        sa.Column("signing_key", sa.String(), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_key_files_one"),
        sa.PrimaryKeyConstraint("id"),
    )


def _make_access() -> None:
    op.create_table(
        "operators",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=True),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    living = sa.text("revoked_at IS NULL")
    everywhere = sa.text("revoked_at IS NULL AND tenant IS NULL")
    op.create_index(
        "uq_operators_name", "operators", ["tenant", "name"], unique=True, sqlite_where=living, postgresql_where=living
    )
    op.create_index(
        "uq_operators_name_everywhere",
        "operators",
        ["name"],
        unique=True,
        sqlite_where=everywhere,
        postgresql_where=everywhere,
    )
    op.create_index("uq_operators_digest", "operators", ["digest"], unique=True)
    op.create_table(
        "approvals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("key_name", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_approvals_state", "approvals", ["state", "requested_at"])
    op.create_table(
        "answers",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("asker", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("ix_answers_at", "answers", ["at"])


def _make_automation() -> None:
    op.create_table(
        "auto_rotations",
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("interval", sa.BigInteger(), nullable=False),
        sa.Column("keep_previous", sa.Boolean(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("rotation_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"]),
        sa.PrimaryKeyConstraint("key_id"),
    )
    op.create_index("ix_auto_rotations_next_at", "auto_rotations", ["next_at"])
    op.create_table(
        "leases",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _make_webhooks() -> None:
    """Alerts' webhooks are told as all others from here on; their own notes would be tried and told of for ever."""
    op.execute("DELETE FROM notifications WHERE destination LIKE 'webhook %'")
    op.drop_column("notifications", "gone")
    op.create_table(
        "messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("webhook", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index("ix_messages_due", "messages", ["next_at"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_index("ix_messages_webhook", "messages", ["webhook", "id"])
    op.create_table(
        "webhooks",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
