"""Work that goes on beside the requests: each job by one process at a time, across all workers and servers."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex
from typing import Final

from keytui.domain.errors import KeytuiError
from keytui.vault.local.hosting import Hosting

_LASTS: Final = timedelta(minutes=1)
"""How long after a holder's last round another takes its job up: it has died, or is stuck."""

_LEFT_FOR: Final = 3
"""Rounds for which a job is left to the others by a process that cannot do all of it: each of them asks within one."""
_KEPT_FOR: Final = 300.0
"""Seconds in which it is not left again, as nobody else has taken it, or whoever did has left it too."""

_log = logging.getLogger("keytui.server")


class LeftToOthers(Exception):
    """Not a failure: this process cannot do all of a job, and another may be able to."""


@dataclass(frozen=True, slots=True)
class Job:
    """A named piece of work. A round that two processes do at once must do no harm: a lease may run out under it."""

    name: str
    every: float
    """Seconds between two rounds."""
    run: Callable[[], object]
    """One round. LeftToOthers lets another process have the next ones, if there is one that wants them."""
    in_each: bool = False
    """Whether every process has to do it, of what it holds in memory."""


class Background:
    """A thread for each job, so that one that waits for somebody else's server holds no other up."""

    def __init__(self, vault: Hosting, jobs: Sequence[Job]) -> None:
        self._vault = vault
        self._jobs = jobs
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"
        self._stopping = threading.Event()
        self._kept_until: dict[str, float] = {}
        self._threads = [
            threading.Thread(target=self._repeat, args=(job,), name=f"keytui-{job.name}", daemon=True) for job in jobs
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def close(self, within: float) -> None:
        """Begin no round any more, and leave the jobs to others. One under way has some seconds left to end."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(within / len(self._threads))
        try:
            for job in self._jobs:
                if not job.in_each:
                    self._vault.leave_job(job.name, self._holder)
        except KeytuiError as error:
            _log.warning("the jobs could not be left: %s; their leases run out by themselves", error.message)

    def _repeat(self, job: Job) -> None:
        failing, pause = False, job.every
        while not self._stopping.wait(pause):
            pause = job.every
            try:
                if job.in_each or self._vault.hold_job(job.name, self._holder, _LASTS + timedelta(seconds=job.every)):
                    pause = self._round(job)
                failing = False
            except Exception as error:  # whatever a job meets: it is tried again, and the requests go on
                if not failing:
                    told = error.message if isinstance(error, KeytuiError) else type(error).__name__
                    _log.warning("%s: %s; it is tried again", job.name, told)
                failing = True

    def _round(self, job: Job) -> float:
        """One round of a job that this process has; how many seconds until its next."""
        try:
            job.run()
        except LeftToOthers:
            now = time.monotonic()
            if now >= self._kept_until.get(job.name, now):
                self._kept_until[job.name] = now + _KEPT_FOR
                self._vault.leave_job(job.name, self._holder)
                return _LEFT_FOR * job.every
        return job.every
