"""What a server does by itself: it looks for alerts and sends them, rotates the keys that are due, and asks issuers."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final, Self

from keytui.clock import utc_now
from keytui.domain.access import Principal, Role
from keytui.domain.audit import Actor
from keytui.domain.errors import KeytuiError
from keytui.domain.keys import Key
from keytui.domain.references import Resolve
from keytui.probes.key_probe import KeyProbe
from keytui.server.background import Job, LeftToOthers
from keytui.targets.target import Target
from keytui.vault.alert_delivery import AlertDelivery, load_alert_delivery
from keytui.vault.auto_rotation import run_due
from keytui.vault.delivery_targets import load_targets
from keytui.vault.local.vault import LocalVault
from keytui.vault.notifying import tell_all
from keytui.vault.proving import asking, load_key_probes
from keytui.vault.references import from_here
from keytui.vault.sealed_references import with_sealed
from keytui.vault.webhook_delivery import Posting, deliver_due
from keytui.vault.webhook_settings import Webhook, load_webhooks

_SYNCER: Final = "sync"
"""Who it was, in the log."""


@dataclass(frozen=True, slots=True)
class JobSettings:
    """What a configuration says of the jobs."""

    targets: Mapping[str, Target]
    webhooks: Sequence[Webhook]
    alerts: AlertDelivery
    probes: Callable[[Key], Sequence[KeyProbe]]
    """Those that ask with this key."""

    @classmethod
    def load(cls, configuration: Path, resolve: Resolve = from_here) -> Self:
        """Read it, once. Invalid names the field."""
        load_key_probes(configuration, resolve)
        return cls(
            load_targets(configuration, resolve),
            load_webhooks(configuration),
            load_alert_delivery(configuration),
            asking(configuration, resolve),
        )


def server_jobs(vault: LocalVault, configured: JobSettings, sync_every: timedelta | None = None) -> Sequence[Job]:
    """The jobs of one process. Without `sync_every` no issuer is compared."""
    webhooks, posting = configured.webhooks, Posting(with_sealed(vault), utc_now)
    return (
        Job("alerts", 15.0, partial(_look_for_alerts, vault, configured.alerts)),
        Job("auto-rotation", 30.0, partial(_rotate_due, vault, configured)),
        *([Job("sync", 60.0, partial(sync_due, vault, sync_every))] if sync_every is not None else []),
        *([Job("webhooks", 2.0, partial(deliver_due, vault, webhooks, posting))] if webhooks else []),
    )


def _rotate_due(vault: LocalVault, configured: JobSettings) -> None:
    """LeftToOthers where a key's target is none of this server's: another one may have it."""
    report = run_due(vault, configured.targets, utc_now, probes=configured.probes)
    if any(outcome.elsewhere for outcome in report.outcomes):
        raise LeftToOthers


def sync_due(vault: LocalVault, every: timedelta) -> None:
    """Compare the issuers whose time has come, each once. One that fails holds no other up, and is told at the end."""
    itself = vault.acting_as(Principal(Actor(_SYNCER, socket.gethostname()), Role.LOCAL))
    failed: KeytuiError | None = None
    for name in vault.syncs_due(every):
        try:
            itself.sync(name)
        except KeytuiError as error:
            failed = error
    if failed is not None:
        raise failed


def _look_for_alerts(vault: LocalVault, delivery: AlertDelivery) -> None:
    vault.tend()
    deque(tell_all(vault, delivery, utc_now), maxlen=0)
