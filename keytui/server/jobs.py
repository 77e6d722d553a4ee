"""What a server does by itself: it looks for alerts and sends them, and rotates the keys that are due."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from keytui.clock import utc_now
from keytui.server.background import Job
from keytui.vault.alert_delivery import AlertDelivery, load_alert_delivery
from keytui.vault.auto_rotation import run_due
from keytui.vault.delivery_targets import load_targets
from keytui.vault.local.vault import LocalVault
from keytui.vault.notifying import tell_all
from keytui.vault.references import from_here
from keytui.vault.webhook_delivery import Posting, deliver_due
from keytui.vault.webhook_settings import load_webhooks


def server_jobs(vault: LocalVault, configuration: Path) -> Sequence[Job]:
    """The jobs of a configuration, read once. Invalid names the field."""
    targets = load_targets(configuration)
    webhooks = load_webhooks(configuration)
    posting = Posting(from_here, utc_now)
    return (
        Job("alerts", 15.0, partial(_look_for_alerts, vault, load_alert_delivery(configuration))),
        Job("auto-rotation", 30.0, partial(run_due, vault, targets, utc_now)),
        *([Job("webhooks", 2.0, partial(deliver_due, vault, webhooks, posting))] if webhooks else []),
    )


def _look_for_alerts(vault: LocalVault, delivery: AlertDelivery) -> None:
    vault.tend()
    deque(tell_all(vault, delivery, utc_now), maxlen=0)
