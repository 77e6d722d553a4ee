"""Several worker processes on one listening socket: what dies is begun again, and a stop reaches all of them.

Ours and not uvicorn's: theirs waits for its workers without end, and knows no second signal.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from types import FrameType
from typing import Final

from keytui.server.metrics import forget_worker

STOPPING: Final = frozenset({signal.SIGTERM, signal.SIGINT})
_AGAIN_AFTER: Final = 1.0
"""Seconds between the starts of one place's workers, so that one that dies at once does not keep the machine busy."""

_log = logging.getLogger("keytui.server")


class Supervisor:
    """Keeps `count` workers running. `begin` makes one that has not started yet."""

    def __init__(self, count: int, begin: Callable[[], ForkProcess], stop_within: float) -> None:
        self._begin = begin
        self._stop_within = stop_within
        self._workers: list[ForkProcess | None] = [None] * count
        self._started = [float("-inf")] * count
        self._stopping = False
        self._awake, self._wake = os.pipe()

    def run(self) -> int:
        """Until a signal says to stop; the exit code."""
        for number in STOPPING:
            signal.signal(number, self._hear)
        os.set_blocking(self._wake, False)
        while not self._stopping:
            self._look_after()
            self._pause(_AGAIN_AFTER if None in self._workers else None)
        return self._end()

    def _look_after(self) -> None:
        """Begin what is missing: a worker that finds no database is begun again until it does."""
        for place, worker in enumerate(self._workers):
            if worker is not None:
                if worker.exitcode is None:
                    continue
                _log.warning("worker %s ended (%s) and is begun again", worker.pid, _ending(worker.exitcode))
                forget_worker(worker.pid or 0)
                self._workers[place] = None
            if time.monotonic() - self._started[place] >= _AGAIN_AFTER:
                self._workers[place] = begun = self._begin()
                self._started[place] = time.monotonic()
                with _signals_held():
                    begun.start()

    def _end(self) -> int:
        alive = [worker for worker in self._workers if worker is not None and worker.exitcode is None]
        for worker in alive:
            worker.terminate()
        until = time.monotonic() + self._stop_within
        while (alive := [worker for worker in alive if worker.exitcode is None]) and time.monotonic() < until:
            wait([worker.sentinel for worker in alive], until - time.monotonic())
        for worker in alive:
            _log.error("worker %s did not end in time and was killed: the evidence will show a gap", worker.pid)
            worker.kill()
            worker.join()
        return 1 if alive else 0

    def _pause(self, seconds: float | None) -> None:
        sentinels = [worker.sentinel for worker in self._workers if worker is not None]
        if self._awake in wait([*sentinels, self._awake], seconds):
            os.read(self._awake, 1024)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        """The first signal stops; the second one ends everything at once."""
        if self._stopping:
            for worker in self._workers:
                if worker is not None and worker.exitcode is None:
                    worker.kill()
        self._stopping = True
        os.write(self._wake, b".")


def new_worker(target: Callable[..., None], *arguments: object) -> ForkProcess:
    """A process that has everything imported already: this one has no thread, and nothing of a vault open."""
    return multiprocessing.get_context("fork").Process(target=target, args=arguments, name="keytui-worker")


@contextmanager
def _signals_held() -> Iterator[None]:
    """Until the new process has handlers of its own, ours would take its signals for it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ending(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
