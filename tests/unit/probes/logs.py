"""A world for access logs: keys, lines as servers write them, and a notebook that takes reports in as a vault does."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from keytui.domain.gaps import Gap
from keytui.domain.keys import Key, Version, VersionState
from keytui.domain.recognition import Recogniser
from keytui.domain.reports import Report
from keytui.domain.secrets import FORMATS, Secret, fingerprint
from keytui.domain.verification import Credential
from keytui.probes.access_log import AccessLog
from tests.world import NOON, repeatable_randomness

_random = repeatable_randomness(11)
OLD, NEW, OTHER = (FORMATS["tk"].mint(_random) for _ in range(3))
LATER: Final = NOON + timedelta(days=1)


def credential(secret: Secret, number: int, key_id: str = "checkout") -> Credential:
    """Of a strong secret."""
    version = Version(number, VersionState.ACTIVE, NOON, secret.prefix(), fingerprint(secret.digest()))
    return Credential(secret.digest(), False, Key(key_id, key_id, "production", NOON), version)


RECOGNISER: Final = Recogniser([credential(OLD, 1), credential(NEW, 2), credential(OTHER, 1, "bookings")])
SECRETS: Final = [secret.reveal() for secret in (OLD, NEW, OTHER)]


def at(seconds: float) -> datetime:
    """A time after noon."""
    return NOON + timedelta(seconds=seconds)


def nginx(seconds: float, key: str = "", status: int = 200, path: str = "/v1/bookings/7", ip: str = "10.0.0.1") -> str:
    """A JSON line as in the recorded sample."""
    record = {"t": at(seconds).isoformat(), "ip": ip, "m": "GET", "u": path, "s": status, "rt": 0.007}
    return json.dumps({**record, "key_prefix": key, "ua": "curl/7.88.1"}, separators=(",", ":"))


def combined(seconds: float, key: str = "", status: int = 200, path: str = "/v1/bookings/7") -> str:
    """A combined line with the key behind."""
    time = at(seconds).strftime("%d/%b/%Y:%H:%M:%S +0000")
    return f'10.0.0.1 - - [{time}] "GET {path} HTTP/1.1" {status} 11 "-" "curl/7.88.1" "{key or "-"}"'


def write(path: Path, *lines: str) -> Path:
    """Append whole lines."""
    with path.open("a") as file:
        file.writelines(f"{line}\n" for line in lines)
    return path


@dataclass
class Notebook:
    """Holds bookmarks and reports, and refuses a report whose bookmarks another has moved."""

    bookmarks: dict[str, str] = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)

    def take(self, log: AccessLog, now: datetime = LATER, recogniser: Recogniser = RECOGNISER) -> Sequence[Report]:
        """Ask once; the reports that came."""
        before = len(self.reports)
        for report in log.ask(recogniser, dict(self.bookmarks), now):
            for mark in report.bookmarks:
                assert self.bookmarks.get(mark.name) == mark.expected, "another run has moved it"
                self.bookmarks[mark.name] = mark.value
            self.reports.append(report)
        return self.reports[before:]

    def read(self, *paths: Path, now: datetime = LATER) -> Sequence[Report]:
        """One run over some files."""
        return self.take(AccessLog("log edge", paths), now)

    @property
    def accepted(self) -> Counter[tuple[str, int]]:
        """Accepted requests by key and version."""
        return self._sum(lambda accepted, _: accepted)

    @property
    def refused(self) -> Counter[tuple[str, int]]:
        """Refused requests by key and version."""
        return self._sum(lambda _, refused: refused)

    @property
    def gaps(self) -> list[Gap]:
        """Of all reports."""
        return [gap for report in self.reports for gap in report.gaps]

    @property
    def leaks(self) -> list[tuple[str, int, str]]:
        """Key, version and the place within the file, of all reports."""
        found = [leak for report in self.reports for leak in report.leaks]
        return [(leak.key_id, leak.version, leak.place.rpartition("/")[2]) for leak in found]

    def _sum(self, which: Callable[[int, int], int]) -> Counter[tuple[str, int]]:
        total: Counter[tuple[str, int]] = Counter()
        for report in self.reports:
            for use in report.uses:
                total[use.key_id, use.version] += which(use.accepted, use.refused)
        return +total
