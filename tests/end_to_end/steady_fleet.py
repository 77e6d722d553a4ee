"""The console over a thousand busy keys whose traffic is steady but for chance, in the Usage mode: run as a program."""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from keytui.clock import utc_now
from keytui.domain.audit import Actor
from keytui.domain.keys import KeyDraft
from keytui.domain.monitor import KeyTraffic, Monitor, Point
from keytui.domain.ranges import Range
from keytui.tui.app import Console
from keytui.vault.profile import Profile
from tests.tui.monitoring import ScriptedVault, busy, key

KEYS = 1000
MINUTE = 60


class Source:
    """Requests by the second, drawn anew each second about a rate that never changes."""

    def __init__(self, per_second: float, dice: random.Random) -> None:
        self._mean, self._dice = per_second, dice
        self.seconds = [self._draw() for _ in range(MINUTE)]
        self.day = int(per_second * 86_400)

    def _draw(self) -> int:
        return max(round(self._dice.gauss(self._mean, self._mean**0.5)), 0)

    def pass_second(self) -> None:
        self.seconds = [*self.seconds[1:], self._draw()]
        self.day += self.seconds[-1] - self._draw()

    @property
    def rate(self) -> float:
        return sum(self.seconds) / MINUTE


class SteadyVault(ScriptedVault):
    """Its fleet's traffic goes on by itself, as the clock does."""

    def begin(self) -> None:
        """Seed the fleet."""
        self._dice = random.Random(3)  # noqa: S311  # the same traffic every time
        self._sources = {f"service-{at}": Source(400 / (1 + at) ** 0.8, self._dice) for at in range(KEYS)}
        self._second = int(utc_now().timestamp())
        self._points: dict[datetime, Point] = {}

    def monitor(self, over: Range, limit: int, key_id: str | None = None) -> Monitor:
        now = utc_now()
        for _ in range(int(now.timestamp()) - self._second):
            for source in self._sources.values():
                source.pass_second()
        self._second = int(now.timestamp())
        rows = sorted(map(self._row, self._sources), key=lambda row: -row.per_second)
        moment, late = busy(), now - busy().as_of
        rotations = tuple(
            replace(
                each,
                old=self._series(over, now, 1),
                new=self._series(over, now, 9),
                unmoved=tuple(
                    replace(caller, last_on_old=now - timedelta(seconds=now.second % 20)) for caller in each.unmoved
                ),
            )
            for each in moment.rotations
        )
        refused = tuple(replace(each, last_at=each.last_at + late) for each in moment.refused_from)
        alerts = tuple(replace(each, opened_at=each.opened_at + late) for each in moment.alerts)
        return Monitor(
            now,
            over,
            self._series(over, now, 60),
            sum(row.per_second for row in rows),
            3.2,
            tuple(rows[:limit]),
            KEYS,
            rotations,
            refused,
            alerts,
        )

    def _row(self, name: str) -> KeyTraffic:
        source = self._sources[name]
        return replace(key(name, source.rate, (2, 960), (1, 40)), day=source.day)

    def _series(self, over: Range, now: datetime, per_second: int) -> tuple[Point, ...]:
        """The same bucket has the same count at every look, but for the one that is filling."""
        size = over.bucket.total_seconds()
        return tuple(
            Point(at, int(per_second * size * random.Random(f"{at} {per_second}").uniform(0.9, 1.1)))  # noqa: S311
            for at in over.buckets(now)
        )


def main(directory: Path) -> int:
    """Show it until it is left."""
    profile = Profile("steady", directory, Actor("ada", "bastion-2"))
    vault = SteadyVault.open(profile)
    vault.create(KeyDraft("service-0", "production"), "service-0")
    vault.begin()
    return Console(lambda _: vault, profile, first_mode="usage").run_until_left()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
