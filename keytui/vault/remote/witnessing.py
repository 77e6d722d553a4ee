"""Evidence from elsewhere, reported to the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from keytui.domain.recognition import Mark, Recogniser
from keytui.domain.reports import Leak, Report, SourceStanding
from keytui.vault.remote.section import Section


class Witnessing(Section):
    """Sources that are asked from here."""

    def sources(self) -> tuple[SourceStanding, ...]:
        return self._line.get(tuple[SourceStanding, ...], "/admin/sources")

    def recogniser(self) -> Recogniser:
        """Weak secrets are not recognised from afar: what they are known by would give them away."""
        return Recogniser(marks=self._line.get(tuple[Mark, ...], "/admin/recogniser"))

    def bookmarks(self, source: str) -> Mapping[str, str]:
        return self._line.get(dict[str, str], "/admin/sources/bookmarks", {"source": source})

    def witness(self, report: Report) -> None:
        self._change(type(None), "/admin/sources/reports", {"report": report}, look="keytui sources")

    def note_leaks(self, leaks: Sequence[Leak]) -> None:
        self._change(type(None), "/admin/leaks", {"leaks": tuple(leaks)}, look="keytui list flag:leaked")

    def ingested(self, source: str, counts: Mapping[str, str]) -> None:
        self._change(type(None), "/admin/sources/ingested", {"source": source, "counts": dict(counts)})
