"""Who may come in, what waits for a second operator, and answers that may be asked for again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field

from keytui.vault.local.columns import UtcTime, Words
from keytui.vault.local.tables.row import Row


class OperatorRow(Row, table=True):
    """An operator or a service: the digest of one token. Within a tenant, names are unique among the living."""

    __tablename__ = "operators"
    __table_args__ = (
        Index(
            "uq_operators_name",
            "tenant",
            "name",
            unique=True,
            sqlite_where=text("revoked_at IS NULL"),
            postgresql_where=text("revoked_at IS NULL"),
        ),
        Index(  # NULLs are never equal, so the index above does not see these
            "uq_operators_name_everywhere",
            "name",
            unique=True,
            sqlite_where=text("revoked_at IS NULL AND tenant IS NULL"),
            postgresql_where=text("revoked_at IS NULL AND tenant IS NULL"),
        ),
        Index("uq_operators_digest", "digest", unique=True),
    )

    id: str = Field(primary_key=True)
    name: str
    role: str
    tenant: str | None = None
    scopes: tuple[str, ...] = Field(default=(), sa_type=Words, nullable=False)
    digest: str
    prefix: str
    created_at: datetime = Field(sa_type=UtcTime)
    created_by: str
    expires_at: datetime | None = Field(default=None, sa_type=UtcTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcTime)


class ApprovalRow(Row, table=True):
    """A request for a second operator's word. `expired` is not stored: it follows from the time."""

    __tablename__ = "approvals"
    __table_args__ = (Index("ix_approvals_state", "state", "requested_at"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True)
    operation: str
    key_id: str = ""
    key_name: str
    environment: str
    tenant: str = ""
    what: str = ""
    requested_by: str
    requested_at: datetime = Field(sa_type=UtcTime)
    expires_at: datetime = Field(sa_type=UtcTime)
    state: str
    decided_by: str = ""
    decided_at: datetime | None = Field(default=None, sa_type=UtcTime)
    note: str = ""


class AnswerRow(Row, table=True):
    """What a change answered, sealed under a key derived from its Idempotency-Key, of which only the digest is here."""

    __tablename__ = "answers"
    __table_args__ = (Index("ix_answers_at", "at"),)

    digest: str = Field(primary_key=True)
    request: str
    """Digest of what was asked for: the same key with another request is an error."""
    asker: str
    at: datetime = Field(sa_type=UtcTime)
    sealed: bytes
    nonce: bytes
