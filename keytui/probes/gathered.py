"""What one look at a source gathers: uses added up by caller and minute, and the gaps that it leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from keytui.domain.gaps import Gap, GapKind
from keytui.domain.usage import Caller, Use
from keytui.probes.attribution import Meaning


class Gathered:
    """Uses and gaps of one source."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._uses: dict[tuple[str, int, Caller, datetime], Use] = {}
        self._gaps: dict[tuple[GapKind, datetime], Gap] = {}

    def use(self, meaning: Meaning, count: int, at: datetime, within: timedelta) -> None:
        """`count` requests, the last of them at `at` at the latest and none longer than `within` before it.

        Their true times lie somewhere in that span. `at` is the dangerous end of it, so the use is put there; the span
        counts as a pause, so that no caller seems to come more often than it does.
        """
        minute = at.replace(second=0, microsecond=0)
        place = (meaning.key_id, meaning.version, meaning.caller, minute)
        accepted, refused = (0, count) if meaning.refused else (count, 0)
        known = self._uses.get(place)
        if known is None:
            self._uses[place] = Use(*place, at, at, accepted, refused, within)
            return
        self._uses[place] = replace(
            known,
            first_at=min(known.first_at, at),
            last_at=max(known.last_at, at),
            accepted=known.accepted + accepted,
            refused=known.refused + refused,
            longest_gap=max(known.longest_gap, within),
        )

    def gap(self, kind: GapKind, start: datetime, end: datetime | None) -> None:
        """A gap, known by its kind and start: several are one, open as long as any of them is, else the longest."""
        known = self._gaps.get((kind, start))
        if known is not None:
            end = None if end is None or known.end is None else max(end, known.end)
        self._gaps[kind, start] = Gap(self._source, kind, start, end)

    @property
    def uses(self) -> tuple[Use, ...]:
        return tuple(self._uses.values())

    @property
    def gaps(self) -> tuple[Gap, ...]:
        return tuple(self._gaps.values())
