"""Live traffic: the fleet's clients knock at a real verifier, and move to a new secret after its hand-over."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from keytui.clock import Clock
from keytui.demo.fleet import Pace
from keytui.domain.secrets import Secret
from keytui.verify.verifier import Verifier

BEAT: Final = 0.1
"""Seconds between two rounds of requests."""
_SLOWEST_MOVE: Final = timedelta(seconds=40)


@dataclass(slots=True)
class Client:
    """One caller of one key. It holds its secret as a real client does, and learns of a new one by a deployment."""

    key_id: str
    pace: Pace
    secret: Secret
    next_secret: Secret | None = None
    moves_at: datetime | None = None
    owed: float = field(default=0.0)

    def due(self, seconds: float) -> int:
        """How many requests it sends in the next `seconds`."""
        self.owed += self.pace.per_hour * seconds / 3600
        count = int(self.owed)
        self.owed -= count
        return count

    def deploy(self, now: datetime) -> None:
        """Take the new secret, once its deployment is due."""
        if self.next_secret is not None and self.moves_at is not None and now >= self.moves_at:
            self.secret, self.next_secret, self.moves_at = self.next_secret, None, None


class Traffic:
    """A thread of requests until `close`. Declared clients move within a minute; the others are the stragglers."""

    def __init__(self, verifier: Verifier, clients: Sequence[Client], clock: Clock, seed: int) -> None:
        self._verifier = verifier
        self._clients = list(clients)
        self._clock = clock
        self._dice = random.Random(seed)  # noqa: S311  # a demo wants to look alike every time
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keytui-demo-traffic", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def close(self) -> None:
        """Send no more, and end the verifier cleanly."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        self._verifier.close()

    def hold(self, key_id: str, secret: Secret) -> None:
        """A new secret was issued: it lies ready for the key's clients until its hand-over is confirmed."""
        with self._lock:
            for client in self._clients:
                if client.key_id == key_id and client.pace.caller.declared:
                    client.next_secret = secret

    def deploy(self, key_id: str) -> None:
        """The hand-over is confirmed: each of the key's declared clients takes the new secret within a minute."""
        with self._lock:
            for client in self._clients:
                if client.key_id == key_id:
                    client.moves_at = self._clock() + self._dice.random() * _SLOWEST_MOVE

    def _run(self) -> None:
        while not self._stopped.wait(BEAT):
            with self._lock:
                for client in self._clients:
                    self._send(client)

    def _send(self, client: Client) -> None:
        client.deploy(self._clock())
        for _ in range(client.due(BEAT)):
            self._verifier.check(client.secret, caller=client.pace.caller)
