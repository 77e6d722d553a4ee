"""How Alembic reaches the vault: over the connection it is given, inside that connection's one transaction."""

from __future__ import annotations

from alembic import context

from keytui.vault.local.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite alters a table by making it anew
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
