"""An alert in JSON, the same on the command line, to a command and to a webhook."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from keytui.domain.alerts import Alert
from keytui.domain.webhooks import ALERT_OPENED


def alert_message(message_id: str, alert: Alert, now: datetime) -> str:
    """What goes out, as Standard Webhooks proposes: a type, a time, and the alert as data."""
    content = {
        "type": ALERT_OPENED,
        "timestamp": iso(now),
        "data": {"message_id": message_id, **alert_data(alert)},
    }
    return json.dumps(content)


def alert_data(alert: Alert) -> Mapping[str, object]:
    """An alert in JSON, the same on the command line and in what is sent."""
    signal = alert.signal
    return {
        "id": alert.id,
        "kind": signal.kind,
        "subject": signal.subject,
        "severity": signal.severity,
        "detail": signal.detail,
        "key_id": signal.key_id,
        "key": signal.key_name,
        "rotation": signal.rotation_id,
        "count": signal.count,
        "opened_at": iso(alert.opened_at),
        "seen_at": iso(alert.seen_at),
        "acknowledged_at": iso(alert.acknowledged_at),
        "acknowledged_by": alert.acknowledged_by,
        "note": alert.note,
        "resolved_at": iso(alert.resolved_at),
        "unsent": alert.unsent,
    }


def iso(at: datetime | None) -> str | None:
    """A time as programs read it: UTC, with a Z."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
