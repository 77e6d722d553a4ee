"""Issuers that the server can ask."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from keytui.vault.remote.section import Section
from keytui.vault.sync_report import IssuerStanding, SyncReport

_LONGEST: Final = 600.0
"""Seconds that the server may take: a platform's whole list comes in pages, and then it is compared."""


class Syncing(Section):
    """Comparing them is asked again when its answer was lost: that does no harm."""

    def issuers(self) -> tuple[IssuerStanding, ...]:
        return self._line.get(tuple[IssuerStanding, ...], "/admin/issuers")

    def sync(self, issuer: str) -> SyncReport:
        self._ground.guard.require()
        return self._line.ask(SyncReport, f"/admin/issuers/{quote(issuer, safe='')}/sync", wait=_LONGEST)
