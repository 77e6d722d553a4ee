"""Issuers elsewhere: what they call a version, what is under way at them, how they compare; whose a delivery is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("versions", sa.Column("reference", sa.String(), nullable=False, server_default=""))
    op.add_column("versions", sa.Column("drift", sa.String(), nullable=False, server_default=""))
    op.add_column("keys", sa.Column("drifted", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        "ix_keys_drifted", "keys", ["id"], sqlite_where=sa.text("drifted = 1"), postgresql_where=sa.text("drifted")
    )
    op.add_column("rotations", sa.Column("suspends", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("deliveries", sa.Column("run", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "calls",
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("effect", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rotation_id", sa.Integer(), nullable=True),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"]),
        sa.PrimaryKeyConstraint("key_id", "version"),
    )
    op.create_table(
        "syncs",
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("compared_at", sa.BigInteger(), nullable=True),
        sa.Column("listed", sa.Integer(), nullable=False),
        sa.Column("drifted", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("issuer"),
    )
