"""The demo's past: what the fleet's keys went through, done through the vault itself under a clock that travels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from zlib import crc32

from keytui.clock import utc_now
from keytui.demo.fleet import Member, Pace, Turn
from keytui.domain.rotation import Plan, Rotation
from keytui.domain.secrets import Secret
from keytui.domain.usage import Flush, Use
from keytui.vault.model import Delivery, Issued
from keytui.vault.protocol import Vault
from keytui.verify.source import Sink

REMEMBERED: Final = timedelta(days=11)
"""How far back the demo's requests reach: more than the eight silent days that a shared-possible caller takes."""
LONGEST_SPAN: Final = timedelta(hours=3)
"""In which the days before the last one are told."""
_SPANS: Final = (
    (timedelta(days=1), LONGEST_SPAN),
    (timedelta(hours=6), timedelta(minutes=24)),
    (timedelta(hours=1), timedelta(minutes=6)),
    (timedelta(minutes=15), timedelta(minutes=1)),
    (timedelta(), timedelta(seconds=15)),
)
"""Until how long ago requests are told in which spans: the nearer the finer, as the monitor's graphs are."""
_HOUR: Final = timedelta(hours=1)
_GRACE: Final = timedelta(days=2)
_DISABLED_AGO: Final = timedelta(days=1)
_OLD_RECORDER: Final = "demo-past"

GoOn = Callable[[], None]
"""Raises where nobody waits for the past any more."""


class TravelClock:
    """Stands at a moment of the past until it arrives; from then on it is `present`."""

    def __init__(self, present: Callable[[], datetime] = utc_now) -> None:
        self.present = present
        self._at: datetime | None = None

    def __call__(self) -> datetime:
        return self._at or self.present()

    def travel(self, at: datetime) -> None:
        self._at = at

    def arrive(self) -> None:
        self._at = None


@dataclass(slots=True)
class Lived:
    """One member as it came through its past: its key's id, and the secret of each version by number."""

    member: Member
    key_id: str = ""
    secrets: dict[int, Secret] = field(default_factory=dict)

    def keep(self, issued: Issued) -> None:
        self.key_id = issued.key.id
        self.secrets[issued.version.number] = issued.secret

    def version_at(self, pace: Pace, ago: timedelta) -> int:
        """Which version a caller sent at that time: it moves at the hand-over, or is one of those that did not."""
        if pace.holds is not None:
            return pace.holds
        turns = [turn for turn in self.member.turns if turn.started_ago > ago]
        return 1 + sum(turn.finished or pace.caller.name in turn.moved for turn in turns)


@dataclass(frozen=True, slots=True)
class _Moment:
    at: datetime
    happens: Callable[[], object]


def live_through(vault: Vault, clock: TravelClock, members: Sequence[Member], go_on: GoOn) -> tuple[Lived, ...]:
    """Carry out every member's creations and rotations, in the order of time; the clock has arrived afterwards.

    It ends between two of them where `go_on` raises.
    """
    now = clock.present()
    lived = tuple(Lived(member) for member in members)
    moments = [moment for one in lived for moment in _moments(vault, one, now)]
    for moment in sorted(moments, key=lambda each: each.at):
        go_on()
        clock.travel(moment.at)
        moment.happens()
    clock.arrive()
    return lived


def _moments(vault: Vault, lived: Lived, now: datetime) -> Iterator[_Moment]:
    member = lived.member
    expires_at = None if member.expires_in is None else now + member.expires_in
    draft = replace(member.draft, expires_at=expires_at)
    yield _Moment(now - member.created_ago, lambda: lived.keep(vault.create(draft, f"demo {draft.name}")))
    for number, turn in enumerate(member.turns, start=1):
        yield from _turn(vault, lived, turn, now - turn.started_ago, f"demo {draft.name} {number}")
    if member.disabled:
        yield _Moment(now - _DISABLED_AGO, lambda: vault.disable(lived.key_id, "paused until the relaunch"))


def _turn(vault: Vault, lived: Lived, turn: Turn, at: datetime, request_id: str) -> Iterator[_Moment]:
    def begin() -> None:
        rotation = vault.plan(lived.key_id, Plan(overlap=turn.overlap), request_id)
        issued = vault.issue(rotation.id)
        lived.keep(issued)
        vault.handed_over(rotation.id, Delivery("web-env", "proven", at, issued.version.fingerprint))

    yield _Moment(at, begin)
    if turn.finished:
        yield _Moment(at + _GRACE, lambda: _end(vault, lived, vault.retire))
        yield _Moment(at + _GRACE * 2, lambda: _end(vault, lived, vault.complete))


def _end(vault: Vault, lived: Lived, verb: Callable[[int, str], Rotation]) -> None:
    rotation = vault.open_rotation(lived.key_id)
    if rotation is not None:
        verb(rotation.id, "nobody recorded requests before the demo began")


def remember_requests(sink: Sink, clock: TravelClock, lived: Sequence[Lived], ends: bool, go_on: GoOn) -> None:
    """Report the fleet's requests of the last days as one recorder; `ends` says whether it is done.

    It ends between two reports where `go_on` raises.
    """
    now = clock.present()
    start = now - REMEMBERED
    clock.travel(start)
    sink.register(_OLD_RECORDER, "api-1", "demo", 1)
    long_ago = tuple(use for one in lived for use in _last_uses(one, start, now))
    for number, (begin, end) in enumerate(_spans(start, now), start=1):
        uses = (*(use for one in lived for use in _uses(one, begin, end, now)), *(long_ago if begin == start else ()))
        go_on()
        clock.travel(end)
        sink.record(Flush(_OLD_RECORDER, number, end, uses, closing=ends and end >= now))
    clock.arrive()


def _spans(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    begin = start
    for until_ago, span in _SPANS:
        while begin < end - until_ago:
            until = min(begin + span, end - until_ago)
            yield begin, until
            begin = until


def _uses(lived: Lived, begin: datetime, end: datetime, now: datetime) -> Iterator[Use]:
    ago, span = now - begin, end - begin
    if ago > lived.member.created_ago or not (_told_throughout(lived.member, ago) or begin.hour == now.hour):
        return
    for pace in lived.member.callers:
        count = _requests(pace, begin, end, now)
        if not count:
            continue
        refused = pace.holds is not None or (lived.member.disabled and ago <= _DISABLED_AGO)
        yield Use(
            lived.key_id,
            lived.version_at(pace, ago),
            pace.caller,
            begin.replace(second=0, microsecond=0),
            begin,
            begin + span * 0.95,
            accepted=0 if refused else count,
            refused=count if refused else 0,
            longest_gap=span / count,
        )


def _requests(pace: Pace, begin: datetime, end: datetime, now: datetime) -> int:
    """How many requests of a caller fall between two times; in one of the days before the last at least one."""
    ago = now - begin
    if ago < pace.until_ago or (pace.since_ago is not None and ago > pace.since_ago):
        return 0
    rate = pace.per_hour * _tide(begin, pace.caller.name) * _ripple(begin, pace.caller.name)
    if end - begin == LONGEST_SPAN:
        return max(1, round(rate * (LONGEST_SPAN / _HOUR)))
    before, after = (timedelta(days=1) - (now - at) for at in (begin, end))
    return int(rate * (after / _HOUR)) - int(rate * (before / _HOUR))


def _last_uses(lived: Lived, start: datetime, now: datetime) -> Iterator[Use]:
    """What callers that fell silent before the remembered days sent last."""
    for pace in lived.member.callers:
        at = now - pace.until_ago
        if pace.holds is None and at < start and pace.until_ago < lived.member.created_ago:
            minute = at.replace(second=0, microsecond=0)
            yield Use(lived.key_id, lived.version_at(pace, pace.until_ago), pace.caller, minute, at, at, accepted=1)


def _told_throughout(member: Member, ago: timedelta) -> bool:
    """Keys with a story are; of the others the last day is, and one stretch of each day before."""
    return bool(member.turns) or ago <= timedelta(days=1)


def _tide(at: datetime, caller: str) -> float:
    """A day of requests: quiet at three in the morning, busy at three in the afternoon, a few hours off by caller."""
    early = crc32(caller.encode()) % 9 - 4
    return 0.6 - 0.4 * math.cos((at.hour - 3 + early) / 24 * math.tau)


def _ripple(at: datetime, caller: str) -> float:
    """No two minutes are alike, and every past is: a sixth up or down."""
    return 1 + (crc32(f"{caller} {at:%d %H:%M:%S}".encode()) % 101 - 50) / 300
