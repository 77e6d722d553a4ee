"""Several processes that look for alerts and send them at once: each alert opens once and is claimed once."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

from keytui.clock import utc_now
from keytui.domain.alerts import Attempt, Severity
from keytui.domain.audit import Actor
from keytui.domain.keys import KeyDraft
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.world import StoppedClock

PROCESSES = 3
KEYS = 12
ROUNDS = 50


def opened(directory: Path, clock: StoppedClock) -> LocalVault:
    return LocalVault.open(Profile("test", directory, Actor("ada", "bastion-2")), clock=clock)


def tend(directory: Path, clock: StoppedClock) -> tuple[int, list[str]]:
    """Look, and claim what there is; how many alerts opened here, and what was claimed."""
    vault = opened(directory, clock)
    found = len(vault.tend())
    claimed = []
    for _ in range(ROUNDS):
        while (notification := vault.claim_notification("a", tuple(Severity))) is not None:
            claimed.append(notification.id)
            vault.note_attempt(notification, Attempt())
        found += len(vault.tend())
    vault.close()
    return found, claimed


def test_each_alert_opens_once_and_is_claimed_once(tmp_path: Path) -> None:
    clock = StoppedClock(utc_now())
    vault = opened(tmp_path, clock)
    for number in range(KEYS):
        vault.create(KeyDraft(f"key-{number}", "production", expires_at=clock() + timedelta(days=1)), f"r-{number}")
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as processes:
        ended = list(processes.map(tend, [tmp_path] * PROCESSES, [clock] * PROCESSES))

    assert sum(found for found, _ in ended) == KEYS
    assert len(vault.alerts()) == len({alert.signal.subject for alert in vault.alerts()}) == KEYS
    claimed = [notification for _, some in ended for notification in some]
    assert len(claimed) == len(set(claimed)) == KEYS
    vault.close()
