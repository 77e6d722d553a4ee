"""Following a vault: one thread that waits for changes and tells the console of each, until it is stopped."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Final

from keytui.domain.errors import KeytuiError
from keytui.tui.asking import our_fault
from keytui.vault.model import Changes, Standing
from keytui.vault.protocol import Vault

WAIT: Final = 0.5
"""Seconds of one question. It bounds how long quitting takes."""
PAUSE: Final = 2.0
"""Seconds before a vault that did not answer is asked again."""


def follow(
    vault: Vault,
    stopped: Event,
    moved: Callable[[Changes, Standing], object],
    failed: Callable[[KeytuiError], object],
) -> None:
    """Ask for changes until `stopped`; both callbacks run in this thread and must only post.

    The first answer after a failure is passed on even when nothing moved: what is shown is known to be current again.
    """
    position, lost = 0, False
    while not stopped.is_set():
        try:
            changes = vault.changes(position, WAIT)
            if lost or changes.key_ids or changes.usage_as_of or (position and changes.position != position):
                moved(changes, vault.standing())
            position, lost = changes.position, False
        except KeytuiError as error:
            failed(error)
            lost = True
            stopped.wait(PAUSE)
        except Exception as fault:  # a console that no longer follows must say so, whatever the reason
            failed(our_fault(fault))
            lost = True
            stopped.wait(PAUSE)
