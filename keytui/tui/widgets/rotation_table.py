"""Open rotations in the monitor: the old version's requests over the new one's, and who has not moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from textual.content import Content

from keytui.domain.monitor import MINUTE, Monitor, RotationTraffic, Unmoved
from keytui.domain.rotation import Rotation
from keytui.domain.text import harmless
from keytui.tui.screens.wizard.words import countdown
from keytui.tui.widgets.chart import bars, group_of, grouped, stretch
from keytui.tui.widgets.columns import Column
from keytui.tui.widgets.live_table import LiveTable
from keytui.tui.wording import QUIET, ago, count, outside, pace

_MOST_UNMOVED: Final = 6
_HALF_A_DAY: Final = timedelta(hours=12)
_ROOMY: Final = 30
"""Cells of bars from which on two long times stand under them."""


@dataclass(frozen=True, slots=True)
class RotationLine:
    """One line of a rotation; `key` tells it from all others."""

    rotation: Rotation
    key: str
    label: Content
    graph: Content
    rate: Content


_GRAPH: Final[Column[RotationLine]] = Column("OLD OVER NEW", 24, lambda line: line.graph, grow=2)
_COLUMNS: Final[tuple[Column[RotationLine], ...]] = (
    Column("ROTATIONS", 21, lambda line: line.label, grow=1),
    _GRAPH,
    Column("RATE", 7, lambda line: line.rate, right=True),
)


class RotationTable(LiveTable[RotationLine]):
    """Each rotation in a few lines; `enter` on any of them opens it."""

    def __init__(self, id: str) -> None:  # noqa: A002  # Textual's own name for it
        super().__init__(_COLUMNS, lambda line: line.key, empty="none is open", id=id)
        self._monitor: Monitor | None = None

    def show_monitor(self, monitor: Monitor) -> None:
        """Show the open rotations of this moment, those that want an eye first."""
        self._monitor = monitor
        graph = max(self.width_of(_GRAPH), 1)
        self.show([line for each in by_danger(monitor) for line in rotation_lines(each, monitor, graph)])

    def on_resize(self) -> None:
        """Draw the bars for the new width, which the table itself would take in only after this."""
        self._fit()
        if self._monitor is not None:
            self.show_monitor(self._monitor)

    def _counted(self) -> str:
        return str(len(self._monitor.rotations)) if self._monitor is not None else ""


def by_danger(monitor: Monitor) -> list[RotationTraffic]:
    """The overdue first, then those that somebody holds up."""
    return sorted(
        monitor.rotations,
        key=lambda each: (not each.rotation.overdue(monitor.as_of), not each.unmoved, each.rotation.id),
    )


def rotation_lines(traffic: RotationTraffic, monitor: Monitor, width: int) -> Iterator[RotationLine]:
    """A heading, both versions on one scale over one stretch of time, that scale and time, and who has not moved.

    Versions are counted by the minute: a bar of less would have all of one or nothing.
    """
    rotation, bucket, now = traffic.rotation, monitor.range.bucket, monitor.as_of
    group = group_of(traffic.old, bucket, width, MINUTE)
    old, new = (grouped(points, bucket, group, now) for points in (traffic.old, traffic.new))
    top = max((*old, *new), default=0)

    def line(what: str, label: Content, graph: Content, rate: Content = Content("")) -> RotationLine:  # noqa: B008  # frozen
        return RotationLine(rotation, f"{rotation.id} {what}", label, graph, rate)

    versions = f"  v{rotation.old_version} → " + _number(rotation.new_version)
    yield line("", Content.assemble((harmless(rotation.key_name), "bold"), versions), countdown(rotation, now))
    for name, number, per_second, values in (
        ("old", rotation.old_version, traffic.old_per_second, old),
        ("new", rotation.new_version, traffic.new_per_second, new),
    ):
        drawn = Content.styled(bars(values, top, width), "$graph")
        yield line(name, Content(f"  {name} {_number(number)}"), drawn, Content(pace(per_second * 60)))
    times = _times(*stretch(len(old), group, now), len(bars(old, top, width)))
    yield line("scale", Content.styled(f"  0 to {count(top)} in {_length(group)}", QUIET), times)
    for unmoved in traffic.unmoved[:_MOST_UNMOVED]:
        yield line(f"caller {unmoved.caller}", *_unmoved(unmoved, rotation, now))
    left = len(traffic.unmoved) - _MOST_UNMOVED
    if left > 0:
        yield line("more", Content.styled(f"  ✗ and {left:,} more", "$error"), Content("not moved: enter"))
    if not traffic.unmoved:
        yield line("none", Content.styled("  left behind", QUIET), Content.styled("nobody that is known", QUIET))


def _number(version: int | None) -> str:
    return "—" if version is None else f"v{version}"


def _length(duration: timedelta) -> str:
    seconds = int(duration.total_seconds())
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _times(begin: datetime, end: datetime, width: int) -> Content:
    """The first and the last time under their bars, local with UTC beside where there is room."""
    first, last = (_time(at, end - begin, width >= _ROOMY) for at in (begin, end))
    return Content.styled(f"{first}{last.rjust(max(width - len(first), len(last) + 1))}", QUIET)


def _time(at: datetime, span: timedelta, roomy: bool) -> str:
    """A clock's time; with its day, or the day alone, where a time alone could be of two days."""
    local = at.astimezone()
    if span > _HALF_A_DAY:
        return f"{local:%m-%d %H:%M}" if roomy and span < 4 * _HALF_A_DAY else f"{local:%m-%d}"
    return f"{local:%H:%M}" + (f" {at.astimezone(UTC):%H:%M}Z" if roomy else "")


def _unmoved(caller: Unmoved, rotation: Rotation, now: datetime) -> tuple[Content, Content, Content]:
    several = "" if caller.declared else " ~"
    return (
        Content.assemble(("  ✗ ", "$error"), outside(caller.caller), (several, QUIET)),
        Content.assemble(f"not moved, on v{rotation.old_version} ", ago(caller.last_on_old, now)),
        Content(pace(caller.per_minute)),
    )
