"""The tables of a local vault. Rows stay inside `vault/local`; `mapping` turns them into the domain's dataclasses.

Times are whole microseconds since the epoch, so that they sort, compare and survive any driver alike. What a page of
keys is filtered and sorted by stands on the key's own row, so that it is one index scan at any size.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from keytui.vault.local.columns import Span, UtcTime, Words


class Row(SQLModel, registry=registry()):
    """Tables of our own registry: a service that runs our verifier may have SQLModel tables of the same names."""


class KeyRow(Row, table=True):
    """A key. From `version` on: what its current version, its use and its rotation say, repeated for one index scan."""

    __tablename__ = "keys"
    __table_args__ = (
        UniqueConstraint("tenant", "environment", "issuer", "name", name="uq_keys_name"),
        Index("ix_keys_name", "name", "id"),
        Index("ix_keys_environment", "environment", "name", "id"),
        Index("ix_keys_owner", "owner", "name", "id"),
        Index("ix_keys_created_at", "created_at", "name", "id"),
        Index("ix_keys_expires_at", "expires_at", "name", "id"),
        Index("ix_keys_version_created_at", "version_created_at", "name", "id"),
        Index("ix_keys_last_used_at", "last_used_at", "name", "id"),
        Index("ix_keys_prefix", "prefix"),
        Index("ix_keys_leaked", "id", sqlite_where=text("leaked = 1"), postgresql_where=text("leaked")),
    )

    id: str = Field(primary_key=True)
    name: str
    environment: str
    tenant: str = ""
    issuer: str = "builtin"
    kind: str
    description: str = ""
    owner: str = ""
    scopes: tuple[str, ...] = Field(default=(), sa_type=Words, nullable=False)
    apps: tuple[str, ...] = Field(default=(), sa_type=Words, nullable=False)
    format: str = "tk"
    sensitive: bool = False
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
    rotation_id: int | None = None
    """The open rotation."""


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


class RotationRow(Row, table=True):
    """A rotation. A key has one open rotation at the most: the partial index holds it."""

    __tablename__ = "rotations"
    __table_args__ = (
        ForeignKeyConstraint(["key_id"], ["keys.id"]),
        Index(
            "uq_rotations_open",
            "key_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_rotations_key_id", "key_id", "id"),
        CheckConstraint(
            "(state IN ('completed', 'rolled_back', 'abandoned')) = (closed_at IS NOT NULL)",
            name="ck_rotations_closed_at",
        ),
        {"sqlite_autoincrement": True},  # a rotation's number is never used twice
    )

    id: int | None = Field(default=None, primary_key=True)
    key_id: str
    strategy: str
    first: str | None = None
    reason: str
    reason_text: str = ""
    overlap: timedelta | None = Field(default=None, sa_type=Span)
    label: str = ""
    state: str
    old_version: int
    new_version: int | None = None
    started_at: datetime = Field(sa_type=UtcTime)
    holder: str
    note: str = ""
    delivered_at: datetime | None = Field(default=None, sa_type=UtcTime)
    overlap_ends_at: datetime | None = Field(default=None, sa_type=UtcTime)
    suspended_at: datetime | None = Field(default=None, sa_type=UtcTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcTime)


class StepRow(Row, table=True):
    """One move of a rotation that happened."""

    __tablename__ = "steps"
    __table_args__ = (
        ForeignKeyConstraint(["rotation_id"], ["rotations.id"]),
        Index("ix_steps_rotation_id", "rotation_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    rotation_id: int
    at: datetime = Field(sa_type=UtcTime)
    actor: str
    verb: str
    state: str
    detail: str = ""


class DeliveryRow(Row, table=True):
    """One way a new secret went to one place."""

    __tablename__ = "deliveries"
    __table_args__ = (
        ForeignKeyConstraint(["rotation_id"], ["rotations.id"]),
        Index("ix_deliveries_rotation_id", "rotation_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    rotation_id: int
    target: str
    state: str
    at: datetime = Field(sa_type=UtcTime)
    fingerprint: str | None = None
    detail: str = ""


class WaiverRow(Row, table=True):
    """One finding of a rotation's verdict, set aside by its subject."""

    __tablename__ = "waivers"
    __table_args__ = (ForeignKeyConstraint(["rotation_id"], ["rotations.id"]),)

    rotation_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    subject: str = Field(primary_key=True)
    actor: str
    at: datetime = Field(sa_type=UtcTime)
    why: str


class IdempotencyRow(Row, table=True):
    """A request that was carried out, so that a repeat is recognised. `reference` names what it made."""

    __tablename__ = "idempotency"

    request_id: str = Field(primary_key=True)
    operation: str
    reference: str
    at: datetime = Field(sa_type=UtcTime)


class RecorderRow(Row, table=True):
    """One verifier process, how far its flushes came, and how far it followed the vault's changes."""

    __tablename__ = "recorders"
    __table_args__ = (Index("ix_recorders_ended_at", "ended_at"), Index("ix_recorders_last_flush_at", "last_flush_at"))

    id: str = Field(primary_key=True)
    name: str
    host: str
    pid: int
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


class AlertRow(Row, table=True):
    """One alert. A kind and subject has one open alert at the most: the partial index holds it."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index(
            "uq_alerts_open",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("resolved_at IS NULL"),
            postgresql_where=text("resolved_at IS NULL"),
        ),
        Index("ix_alerts_resolved_at", "resolved_at"),
        {"sqlite_autoincrement": True},  # an alert's number is never used twice
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    subject: str
    severity: str
    detail: str
    key_id: str = ""
    key_name: str = ""
    rotation_id: int | None = None
    count: int = 0
    opened_at: datetime = Field(sa_type=UtcTime)
    seen_at: datetime = Field(sa_type=UtcTime)
    acknowledged_at: datetime | None = Field(default=None, sa_type=UtcTime)
    acknowledged_by: str = ""
    note: str = ""
    resolved_at: datetime | None = Field(default=None, sa_type=UtcTime)


class NotificationRow(Row, table=True):
    """One alert's way to one destination: each is told once, and tried again until it was."""

    __tablename__ = "notifications"
    __table_args__ = (ForeignKeyConstraint(["alert_id"], ["alerts.id"]),)

    alert_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    destination: str = Field(primary_key=True)
    attempts: int = 0
    """Tries that have ended, well or not."""
    claimed_at: datetime | None = Field(default=None, sa_type=UtcTime)
    """When a process took it upon itself to try; None while nobody does."""
    next_at: datetime | None = Field(default=None, sa_type=UtcTime)
    """Not to be tried before."""
    sent_at: datetime | None = Field(default=None, sa_type=UtcTime)
    failure: str = ""
    """What went wrong the last time."""
    gone: bool = False
    """Whether the destination said that it wants no more."""


class LookRow(Row, table=True):
    """When some process last looked for alerts or old addresses, so that no other does the same at the same time."""

    __tablename__ = "looks"

    what: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcTime)


class AuditRow(Row, table=True):
    """One entry of the audit chain. Its sequence is the position of the change feed."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_key_id", "key_id", "sequence"),
        Index("ix_audit_type", "type", "sequence"),
        Index("ix_audit_rotation_id", "rotation_id", "sequence"),
        Index("ix_audit_at", "at"),
    )

    sequence: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=UtcTime)
    actor: str
    type: str
    key_id: str = ""
    key_name: str = ""
    version: int | None = None
    rotation_id: int | None = None
    details: str = "{}"
    """A JSON object of texts."""
    refused: bool = False
    previous: str
    hash: str


class CheckpointRow(Row, table=True):
    """The chain's head at one time, signed with a key that is outside the database."""

    __tablename__ = "checkpoints"

    sequence: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    hash: str
    at: datetime = Field(sa_type=UtcTime)
    signature: bytes


class KeyringRow(Row, table=True):
    """The one data key, wrapped by the passphrase, and what slows a guesser down. There is one row, number 1."""

    __tablename__ = "keyring"
    __table_args__ = (CheckConstraint("id = 1", name="ck_keyring_one"),)

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    salt: bytes
    memory_kib: int
    iterations: int
    lanes: int
    nonce: bytes
    wrapped: bytes
    set_at: datetime = Field(sa_type=UtcTime)
    failures: int = 0
    """Wrong passphrases since the last right one."""
    failed_at: datetime | None = Field(default=None, sa_type=UtcTime)
    epoch: int = 0
    """Rises with every lock: a process that unlocked at an older epoch is locked again."""


METADATA: Final = Row.metadata
