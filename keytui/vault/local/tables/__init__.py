"""The tables of a local vault. Rows stay inside `vault/local`; `mapping` turns them into the domain's dataclasses.

Times are whole microseconds since the epoch, so that they sort, compare and survive any driver alike. What a page of
keys is filtered and sorted by stands on the key's own row, so that it is one index scan at any size.
"""

from __future__ import annotations

from typing import Final

from keytui.vault.local.tables.access import AnswerRow, ApprovalRow, OperatorRow
from keytui.vault.local.tables.alerts import AlertRow, LookRow, NotificationRow
from keytui.vault.local.tables.audit import AuditRow, CheckpointRow
from keytui.vault.local.tables.automation import AutoRotationRow, LeaseRow, MessageRow, WebhookRow
from keytui.vault.local.tables.evidence import AcknowledgementRow, BookmarkRow, GapRow, RecorderRow, SourceRow
from keytui.vault.local.tables.incidents import IncidentKeyRow, IncidentNoteRow, IncidentRow
from keytui.vault.local.tables.issuers import CallRow, SyncRow
from keytui.vault.local.tables.keyring import KeyFilesRow, KeyringRow
from keytui.vault.local.tables.keys import KeyCountRow, KeyRow, VersionRow
from keytui.vault.local.tables.rotations import DeliveryRow, IdempotencyRow, RotationRow, StepRow, WaiverRow
from keytui.vault.local.tables.row import Row
from keytui.vault.local.tables.usage import (
    CallerRow,
    CallerUsageRow,
    PulseRow,
    RouteRow,
    RouteUsageRow,
    SeriesRow,
    UsageRow,
)

__all__ = [
    "METADATA",
    "AcknowledgementRow",
    "AlertRow",
    "AnswerRow",
    "ApprovalRow",
    "AuditRow",
    "AutoRotationRow",
    "BookmarkRow",
    "CallRow",
    "CallerRow",
    "CallerUsageRow",
    "CheckpointRow",
    "DeliveryRow",
    "GapRow",
    "IdempotencyRow",
    "IncidentKeyRow",
    "IncidentNoteRow",
    "IncidentRow",
    "KeyCountRow",
    "KeyFilesRow",
    "KeyRow",
    "KeyringRow",
    "LeaseRow",
    "LookRow",
    "MessageRow",
    "NotificationRow",
    "OperatorRow",
    "PulseRow",
    "RecorderRow",
    "RotationRow",
    "RouteRow",
    "RouteUsageRow",
    "Row",
    "SeriesRow",
    "SourceRow",
    "StepRow",
    "SyncRow",
    "UsageRow",
    "VersionRow",
    "WaiverRow",
    "WebhookRow",
]

METADATA: Final = Row.metadata
"""Of every table: they are all known once this package is."""
