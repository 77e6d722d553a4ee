"""An issuer's own last-used field, one a key: when each was used last, by whomever, however often.

- A time that moved is one use at that time. How many there were in between, nobody knows: counts are low, times true.
- `null` is never, and says so. A time that went back, or back to never, is a field that began anew: a gap.
- An item that is not in the list any more is absent: a gap from the last look that found it, open until it is back.
- A time ahead of our clock is a use now, and a gap up to that time: the two clocks cannot be compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from keytui.domain.errors import Invalid
from keytui.domain.gaps import GapKind
from keytui.domain.json_pointers import MISSING, at
from keytui.domain.recognition import Recognised, Recogniser
from keytui.domain.reports import Report, SourceKind
from keytui.domain.usage import UNKNOWN_CALLER
from keytui.probes.attribution import Attribution, Meaning
from keytui.probes.configuration import Listing
from keytui.probes.gathered import Gathered
from keytui.probes.json_answer import parse
from keytui.probes.marks import Marks
from keytui.probes.server_probe import ServerProbe

_SKEW: Final = timedelta(seconds=30)
"""How far two clocks may differ before that is worth a word."""
_IN_MILLISECONDS: Final = 1e11
"""From here on a number is milliseconds since 1970 and not seconds."""


@dataclass(frozen=True, slots=True)
class Item:
    """One version's field: when it was used last (None: never), and when we saw it say so."""

    used: datetime | None
    seen: datetime

    def written(self) -> str:
        """As a bookmark's value."""
        return json.dumps({"used": self.used.isoformat() if self.used else "", "seen": self.seen.isoformat()})

    @staticmethod
    def read(value: str) -> Item | None:
        """From a bookmark's value; None when there is none."""
        if not value:
            return None
        fields: dict[str, str] = json.loads(value)
        used = fields["used"]
        return Item(datetime.fromisoformat(used) if used else None, datetime.fromisoformat(fields["seen"]))


class LastUsedProbe(ServerProbe[Listing]):
    """A list of keys in JSON, each with the time of its last use."""

    def ask(self, recogniser: Recogniser, bookmarks: Mapping[str, str], now: datetime) -> Iterator[Report]:
        attribution = Attribution(self._settings, self._coverage, recogniser)
        marks, gathered = Marks(bookmarks), Gathered(self.source)
        asked = _stored(marks, "asked")
        if asked is not None and asked >= now:
            return
        unclear = False
        for entry in self._entries():
            text = at(entry, self._reading.identity)
            identity = str(text) if isinstance(text, str | int) else ""
            unclear = unclear or attribution.ambiguous(identity)
            version, told = attribution.version(identity), at(entry, self._reading.used)
            if version is not None and told is not MISSING:
                self._take(version, self._time(told), marks, gathered, now)
        self._absent(marks, gathered, now)
        since = _stored(marks, "since") or now
        marks.put("since", since.isoformat())
        marks.put("asked", now.isoformat())
        yield Report(
            source=self.source,
            kind=SourceKind.LAST_USED,
            since=since,
            as_of=now,
            uses=gathered.uses,
            gaps=gathered.gaps,
            bookmarks=marks.moved(),
            attributable=not unclear,
            covers=tuple(sorted(self._coverage.versions)),
        )

    def _entries(self) -> list[object]:
        entries = at(parse(self._endpoint.get(), self.source), self._reading.items)
        if not isinstance(entries, list):
            raise Invalid(f"{self.source}: no list stands at {self._reading.items!r}", "correct items")
        for field, pointer in (("identity", self._reading.identity), ("used", self._reading.used)):
            if entries and all(at(entry, pointer) is MISSING for entry in entries):
                raise Invalid(f"{self.source}: {field} = {pointer!r} is in no item of the list", "correct the pointer")
        return entries

    def _take(
        self, version: Recognised, told: datetime | None, marks: Marks, gathered: Gathered, now: datetime
    ) -> None:
        """What one version's field says now, beside what it said before."""
        name = f"item {version.key_id}:{version.version}"
        before = Item.read(marks.read(name))
        self._returned(version, before, marks, gathered, now)
        if told is not None and told > now + _SKEW:
            gathered.gap(GapKind.CLOCK_SKEW, now, told)
        earlier = before.used if before else None
        if before and earlier is not None and (told is None or told < earlier):
            gathered.gap(GapKind.COUNTER_RESET, before.seen, now)
        if told is not None and told != earlier:
            meaning = Meaning(version.key_id, version.version, UNKNOWN_CALLER, refused=False)
            gathered.use(meaning, 1, min(told, now), timedelta())
        marks.put(name, Item(told, now).written())

    def _returned(
        self, version: Recognised, before: Item | None, marks: Marks, gathered: Gathered, now: datetime
    ) -> None:
        """Close the gap of an item that the last look did not find."""
        asked = _stored(marks, "asked")
        expected = f"expected {version.key_id}:{version.version}"
        if since := _stored(marks, expected):
            gathered.gap(GapKind.ABSENT_SERIES, since, now)
            marks.put(expected, "")
        elif before and asked and before.seen < asked:
            gathered.gap(GapKind.ABSENT_SERIES, before.seen, now)

    def _absent(self, marks: Marks, gathered: Gathered, now: datetime) -> None:
        """What was there before, or should be, and is not."""
        known = dict(marks.named("item "))
        for text, value in known.items():
            item, (key_id, _, version) = Item.read(value), text.rpartition(":")
            if item is None or item.seen == now:
                continue
            if not self._coverage.ended(key_id, int(version)):
                gathered.gap(GapKind.ABSENT_SERIES, item.seen, None)
                continue
            if item.seen < (_stored(marks, "asked") or now):
                gathered.gap(GapKind.ABSENT_SERIES, item.seen, now)
            marks.put(f"item {text}", "")
        expected = {f"{key}:{number}" for key, numbers in self._coverage.versions.items() for number in numbers}
        for text in expected.difference(known):
            since = marks.read(f"expected {text}") or marks.read("asked") or now.isoformat()
            marks.put(f"expected {text}", since)
            gathered.gap(GapKind.ABSENT_SERIES, datetime.fromisoformat(since), None)
        for text, since in marks.named("expected "):
            if text not in expected:
                gathered.gap(GapKind.ABSENT_SERIES, datetime.fromisoformat(since), now)
                marks.put(f"expected {text}", "")

    def _time(self, told: object) -> datetime | None:
        """A time as ISO 8601 with its zone, or as seconds or milliseconds since 1970."""
        if told is None:
            return None
        try:
            if isinstance(told, int | float) and not isinstance(told, bool):
                return datetime.fromtimestamp(told / 1000 if told >= _IN_MILLISECONDS else told, UTC)
            at_ = datetime.fromisoformat(str(told))
        except (ValueError, OverflowError, OSError):
            raise self._no_time("is no time", "correct the field used") from None
        if at_.tzinfo is None:
            raise self._no_time("is a time without a zone", "have the issuer write one")
        try:
            return at_.astimezone(UTC)
        except OverflowError:
            raise self._no_time("is no time", "correct the field used") from None

    def _no_time(self, what: str, hint: str) -> Invalid:
        """What stands there is not repeated: under a wrong pointer it may be the key itself."""
        return Invalid(f"{self.source}: what used = {self._reading.used!r} leads to {what}", hint)


def _stored(marks: Marks, name: str) -> datetime | None:
    """A time among the bookmarks."""
    value = marks.read(name)
    return datetime.fromisoformat(value) if value else None
