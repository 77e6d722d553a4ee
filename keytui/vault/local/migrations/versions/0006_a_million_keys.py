"""Orders of keys read from their index alone, and in SQLite an index of the parts of words.

At 1,000,000 keys in SQLite it takes some 20 s, most of it for the indexes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from keytui.vault.local.keys.word_index import STATEMENTS

revision = "0006"
down_revision = "0005"

_ORDERS = ("name", "environment", "owner", "created_at", "expires_at", "version_created_at", "last_used_at", "tenant")


def upgrade() -> None:
    for first in _ORDERS:
        op.drop_index(f"ix_keys_{first}", table_name="keys")
        rest = ["id"] if first == "name" else ["name", "id"]
        op.create_index(f"ix_keys_{first}", "keys", [first, *rest, "revoked_at"])
    op.drop_index("ix_keys_prefix", table_name="keys")
    if op.get_bind().dialect.name != "sqlite":
        op.create_index("ix_keys_prefix", "keys", ["prefix", "revoked_at"])
        return
    op.create_index("ix_keys_prefix", "keys", [sa.text("prefix COLLATE NOCASE"), "revoked_at"])
    for statement in STATEMENTS:
        op.execute(statement)
