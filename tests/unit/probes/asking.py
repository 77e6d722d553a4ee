"""A probe asked as a vault's owner asks it: its settings from TOML, its reports kept as a vault keeps them."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from keytui.domain.gaps import Gap, GapKind
from keytui.domain.keys import Key, Version, VersionState
from keytui.domain.recognition import Recogniser
from keytui.domain.references import Reference
from keytui.domain.reports import Report
from keytui.domain.secrets import Secret, fingerprint
from keytui.domain.usage import Use
from keytui.domain.verification import Credential
from keytui.probes.building import build
from keytui.probes.configuration import Settings, read_settings
from keytui.probes.coverage import Coverage
from tests.world import NOON

OLD = Secret("tk_old0000000000000000000000000000000")
NEW = Secret("tk_new0000000000000000000000000000000")
TOKEN = "a-token-of-the-monitoring"
CHECKOUT = "k1"
"""The id of the key `checkout`, whose versions 1 and 2 are OLD and NEW."""

Handler = Callable[[httpx.Request], httpx.Response]


def credential(version: int, secret: Secret) -> Credential:
    """A version of the key `checkout`."""
    key = Key(CHECKOUT, "checkout", "production", NOON)
    digest = secret.digest()
    known = Version(version, VersionState.ACTIVE, NOON, secret.prefix(), fingerprint(digest))
    return Credential(digest, keyed=False, key=key, version=known)


RECOGNISER = Recogniser([credential(1, OLD), credential(2, NEW)])


def settings_of(toml: str) -> Settings:
    """The one probe that a configuration describes."""
    (settings,) = read_settings("config.toml", tomllib.loads(toml)["probes"])
    return settings


def resolved(reference: Reference) -> Secret:
    """Every reference stands for the same token."""
    return Secret(TOKEN)


@dataclass
class Asked:
    """One probe over a server that a handler plays. Bookmarks and gaps are kept as a vault keeps them."""

    toml: str
    handler: Handler
    covered: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    ended: set[tuple[str, int]] = field(default_factory=set)
    recogniser: Recogniser = RECOGNISER
    bookmarks: dict[str, str] = field(default_factory=dict)
    uses: list[Use] = field(default_factory=list)
    gaps: dict[tuple[GapKind, datetime], Gap] = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)

    def at(self, now: datetime) -> list[Report]:
        """Ask it; what it reported this time."""
        coverage = Coverage({"checkout": CHECKOUT}, self.covered, lambda key, version: (key, version) in self.ended)
        probe = build(settings_of(self.toml), coverage, resolved, httpx.MockTransport(self.handler))
        reports = []
        for report in probe.ask(self.recogniser, dict(self.bookmarks), now):
            assert report.source == probe.source
            self._take(report)
            reports.append(report)
        return reports

    def _take(self, report: Report) -> None:
        for bookmark in report.bookmarks:
            assert self.bookmarks.get(bookmark.name) == bookmark.expected, bookmark
            self.bookmarks[bookmark.name] = bookmark.value
        self.uses += report.uses
        self.gaps.update(((gap.kind, gap.start), gap) for gap in report.gaps)
        self.reports.append(report)

    def accepted(self, version: int = 1) -> int:
        """All accepted requests of a version of `checkout` that were reported so far."""
        return sum(use.accepted for use in self.uses if (use.key_id, use.version) == (CHECKOUT, version))

    @property
    def stretches(self) -> list[tuple[GapKind, datetime, datetime | None]]:
        """Every gap that was reported, as it stands."""
        return sorted(((gap.kind, gap.start, gap.end) for gap in self.gaps.values()), key=lambda gap: (gap[1], gap[0]))
