"""Keys and their versions."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, false, text
from sqlmodel import Field

from keytui.domain.keys import BUILTIN
from keytui.vault.local.columns import UtcTime, Words
from keytui.vault.local.tables.row import Row

_ENABLED: Final = "disabled_at IS NULL AND last_used_at"


def _living(name: str, *columns: str, also: str) -> Index:
    """An index of those that are not revoked and meet a condition."""
    condition = text(f"revoked_at IS NULL AND {also}")
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


class KeyRow(Row, table=True):
    """A key. From `version` on: what its current version, its use and its rotation say, repeated for one index scan."""

    __tablename__ = "keys"
    __table_args__ = (
        UniqueConstraint("tenant", "environment", "issuer", "name", name="uq_keys_name"),
        # Lists leave out what is revoked: that they read it in the index lets them skip rows without looking them up.
        Index("ix_keys_name", "name", "id", "revoked_at"),
        Index("ix_keys_environment", "environment", "name", "id", "revoked_at"),
        Index("ix_keys_owner", "owner", "name", "id", "revoked_at"),
        Index("ix_keys_created_at", "created_at", "name", "id", "revoked_at"),
        Index("ix_keys_expires_at", "expires_at", "name", "id", "revoked_at"),
        Index("ix_keys_version_created_at", "version_created_at", "name", "id", "revoked_at"),
        Index("ix_keys_last_used_at", "last_used_at", "name", "id", "revoked_at"),
        # SQLite's compares as LIKE does: see migration 0006.
        Index("ix_keys_prefix", "prefix", "revoked_at"),
        Index("ix_keys_tenant", "tenant", "name", "id", "revoked_at"),
        # What the look for alerts counts by environment and time: see keytui.vault.local.alerts.lots.
        _living("ix_keys_due", "environment", "version_created_at", "name", also="rotation_id IS NULL"),
        _living("ix_keys_ending", "environment", "expires_at", "name", also="expires_at IS NOT NULL"),
        _living("ix_keys_unused", "environment", "last_used_at", "name", "expires_at", also=f"{_ENABLED} IS NOT NULL"),
        _living(
            "ix_keys_never_used", "environment", "created_at", "name", "kind", "expires_at", also=f"{_ENABLED} IS NULL"
        ),
        Index("ix_keys_leaked", "id", sqlite_where=text("leaked = 1"), postgresql_where=text("leaked")),
        Index("ix_keys_drifted", "id", sqlite_where=text("drifted = 1"), postgresql_where=text("drifted")),
    )

    id: str = Field(primary_key=True)
    name: str
    environment: str
    tenant: str = ""
    issuer: str = BUILTIN
    kind: str
    description: str = ""
    owner: str = ""
    scopes: tuple[str, ...] = Field(default=(), sa_type=Words, nullable=False)
    apps: tuple[str, ...] = Field(default=(), sa_type=Words, nullable=False)
    format: str = "tk"
    sensitive: bool = False
    targets: tuple[str, ...] = Field(default=(), sa_type=Words, nullable=False)
    created_at: datetime = Field(sa_type=UtcTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcTime)
    rotated_at: datetime | None = Field(default=None, sa_type=UtcTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcTime)

    version: int = 1
    """The newest version that is not revoked; the newest of all when every one is."""
    version_created_at: datetime = Field(sa_type=UtcTime)
    prefix: str | None = None
    last_used_at: datetime | None = Field(default=None, sa_type=UtcTime)
    """Over all versions; an immediate rotation sets it back to never."""
    weak: bool = False
    shared: bool = False
    leaked: bool = False
    """These three: whether any accepted version is."""
    drifted: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Whether any version stands otherwise at its issuer than here."""
    rotation_id: int | None = None
    """The open rotation."""


class KeyCountRow(Row, table=True):
    """How many keys of a tenant's environment are not revoked; see `keytui.vault.local.keys.counts`."""

    __tablename__ = "key_counts"

    tenant: str = Field(primary_key=True)
    environment: str = Field(primary_key=True)
    living: int = 0


class VersionRow(Row, table=True):
    """One secret value of a key: its digest, or for a kept secret the sealed value itself."""

    __tablename__ = "versions"
    __table_args__ = (
        ForeignKeyConstraint(["key_id"], ["keys.id"]),
        # A value that verifiers accept belongs to one key. Kept secrets may repeat: nobody is let in by them.
        Index(
            "uq_versions_digest",
            "digest",
            unique=True,
            sqlite_where=text("sealed IS NULL"),
            postgresql_where=text("sealed IS NULL"),
        ),
        Index("ix_versions_prefix", "prefix"),
        CheckConstraint("state IN ('active', 'outgoing', 'suspended', 'revoked')", name="ck_versions_state"),
        CheckConstraint("(state = 'revoked') = (revoked_at IS NOT NULL)", name="ck_versions_revoked_at"),
        CheckConstraint("(sealed IS NULL) = (nonce IS NULL)", name="ck_versions_sealed_with_nonce"),
        CheckConstraint("NOT (weak AND prefix IS NOT NULL)", name="ck_versions_weak_shows_no_prefix"),
    )

    key_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    state: str
    created_at: datetime = Field(sa_type=UtcTime)
    digest: str
    keyed: bool = False
    """Whether the digest is an HMAC under the pepper."""
    prefix: str | None = None
    weak: bool = False
    last_used_at: datetime | None = Field(default=None, sa_type=UtcTime)
    accept_until: datetime | None = Field(default=None, sa_type=UtcTime)
    delivered_at: datetime | None = Field(default=None, sa_type=UtcTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcTime)
    label: str = ""
    shared: bool = False
    """Seen under two applications or environments."""
    leaked: bool = False
    sealed: bytes | None = None
    """AES-256-GCM under the keyring's data key."""
    nonce: bytes | None = None
    reference: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """What its issuer calls it; "" where the value is its only name."""
    drift: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """How it stands at its issuer when not as here: see `keytui.domain.drift`."""
