"""Following a vault: one thread that waits for changes and tells the console of each, and one that tends the vault."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from threading import Event
from typing import TYPE_CHECKING, Final

from keytui.domain.errors import KeytuiError
from keytui.tui.asking import our_fault

if TYPE_CHECKING:
    from keytui.vault.model import Changes
    from keytui.vault.protocol import Vault
    from keytui.vault.standing import Standing

USAGE: Final = 2.0
"""Seconds between two times that nothing but usage has moved: verifiers flush more often than anybody reads."""
WAIT: Final = 0.5
"""Seconds of one question. It bounds how long quitting takes."""
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 15.0
"""Seconds before a vault that did not answer is asked again: each time twice as long."""
_DOUBLED_AT_MOST: Final = 8
TEND: Final = 5.0
"""Seconds between two times that the vault is tended: by then alerts have opened or resolved by themselves."""
LOOK: Final = 15.0
"""Seconds between two looks at a vault that a server tends: it does so itself as often."""


def follow(
    vault: Vault,
    stopped: Event,
    moved: Callable[[Changes, Standing], object],
    failed: Callable[[KeytuiError], object],
    seconds: Callable[[], float] = time.monotonic,
) -> None:
    """Ask for changes until `stopped`; both callbacks run in this thread and must only post.

    What moved is passed on at once, new usage alone once in `USAGE`. The first answer after a failure is passed on even
    when nothing moved: what is shown is known to be current again.
    """
    position, lost, told = 0, 0, -USAGE
    usage: datetime | None = None
    while not stopped.is_set():
        try:
            changes = vault.changes(position, WAIT)
            used = changes.usage_as_of != usage and seconds() - told >= USAGE
            if lost or used or changes.key_ids or (position and changes.position != position):
                moved(changes, vault.standing())
                usage, told = changes.usage_as_of, seconds()
            position, lost = changes.position, 0
        except Exception as fault:  # a console that no longer follows must say so, whatever the reason
            failed(fault if isinstance(fault, KeytuiError) else our_fault(fault))
            stopped.wait(min(FIRST_PAUSE * 2**lost, LONGEST_PAUSE))
            lost = min(lost + 1, _DOUBLED_AT_MOST)


def tend(
    vault: Vault,
    stopped: Event,
    tended: Callable[[Standing], object],
    failed: Callable[[KeytuiError], object],
    *,
    by_its_server: bool,
) -> None:
    """Have the vault look for alerts until `stopped`, unless `by_its_server`. Callbacks run here and must only post.

    How the vault stands is told each time: an alert moves nothing that the feed would tell of. Of failures in a row the
    first is told.
    """
    well = True
    while not stopped.is_set():
        try:
            if not by_its_server:
                vault.tend()
            tended(vault.standing())
            well = True
        except Exception as fault:  # a console that no longer tends must say so, whatever the reason
            if well:
                failed(fault if isinstance(fault, KeytuiError) else our_fault(fault))
            well = False
        stopped.wait(LOOK if by_its_server else TEND)
