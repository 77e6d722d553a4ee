"""Evidence from elsewhere: sources that are asked, beside the recorders that report by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from keytui.domain.recognition import Recogniser
from keytui.domain.reports import Leak, Report, SourceStanding


class Witnessing(Protocol):
    """Evidence from elsewhere: sources that are asked, beside the recorders that report by themselves."""

    def sources(self) -> tuple[SourceStanding, ...]:
        """Every evidence source, the recorders included, by name."""
        ...

    def recogniser(self) -> Recogniser:
        """Recognises the vault's versions in texts from outside."""
        ...

    def bookmarks(self, source: str) -> Mapping[str, str]:
        """Where a source goes on, by name; empty for a new one."""
        ...

    def witness(self, report: Report) -> None:
        """Take one report in, in one transaction. Refused when another has moved a bookmark since it was read.

        A leak flags its version's key, and is audited and alerted; a use of an unknown key is an error of the probe.
        """
        ...

    def note_leaks(self, leaks: Sequence[Leak]) -> None:
        """Flag the keys of secrets that were found lying about; audited once a place, and alerted. It is no evidence
        of use, so that no source comes of it. NotFound for a version that the vault does not have.
        """
        ...

    def ingested(self, source: str, counts: Mapping[str, str]) -> None:
        """One run over a source has ended: its counts go into the audit log."""
        ...
