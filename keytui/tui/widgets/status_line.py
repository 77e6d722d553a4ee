"""The line that never leaves the screen: which profile, who, what may be done, what is wrong, and what time it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final, cast

from textual.content import Content
from textual.widget import Widget

from keytui.domain.durations import short
from keytui.domain.text import harmless
from keytui.vault.standing import SealState, Standing

if TYPE_CHECKING:
    from keytui.tui.app import Console


class Link(StrEnum):
    """Whether the vault answers."""

    OPENING = "opening"
    CONNECTED = "connected"
    UNREACHABLE = "unreachable"
    SHUT_OUT = "shut out"
    """The server is there, and does not let this token in."""


@dataclass(frozen=True, slots=True)
class Status:
    """All that the status line says. `standing` is None until the vault has answered once."""

    profile: str
    read_only: bool
    link: Link
    standing: Standing | None
    now: datetime
    as_of: datetime | None = None
    """When the vault last answered, once it no longer does: what is on the screen is as old."""
    waits: bool = False
    """Whether an answer that the operator waits for takes long."""

    @property
    def armed_until(self) -> datetime | None:
        """Until when a read-only profile may be written; None when it is not armed."""
        until = self.standing.armed_until if self.standing is not None else None
        return until if until is not None and until > self.now else None

    @property
    def writable(self) -> bool:
        """Whether the vault takes changes now."""
        read_only = self.standing.read_only if self.standing is not None else self.read_only
        return not read_only or self.armed_until is not None


_LINKS: Final = {
    Link.OPENING: ("◌ opening", "$quiet"),
    Link.CONNECTED: ("● connected", "$success"),
    Link.UNREACHABLE: ("✗ unreachable", "bold $error"),
    Link.SHUT_OUT: ("✗ no token", "bold $error"),
}
_ASKING: Final = ("◌ asking …", "bold $accent")
_LONGEST_PLACE: Final = 18
"""Cells of a location on a narrow line: a path's end says more than its beginning."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is said. Each of its forms, the longest first, gives way at its rank, the highest rank first."""

    forms: tuple[tuple[int, Content], ...]

    @property
    def words(self) -> Content:
        return self.forms[0][1]

    def narrowed(self, rank: int) -> tuple[Part, ...]:
        """What is left of it at that rank."""
        forms = tuple(form for form in self.forms if form[0] != rank)
        return (Part(forms),) if forms else ()


class StatusLine(Widget):
    """One line, on every screen. It repaints only when its words change."""

    DEFAULT_CSS = """
    StatusLine { height: 1; background: $panel; color: $foreground; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown: Content | None = None

    def on_mount(self) -> None:
        cast("Console", self.app).status_changed.subscribe(self, self._update)

    def _update(self, status: Status) -> None:
        if self._shown is None or not self._shown.is_same(line(status, self.size.width)):
            self.refresh()

    def render(self) -> Content:
        self._shown = line(cast("Console", self.app).status, self.size.width)
        return self._shown


def line(status: Status, width: int) -> Content:
    """The words of the status line in `width` cells.

    However narrow: profile, whether it answers, whether it can be written, alerts. From 60 on, host and role too.
    """
    left, right = _left(status), _right(status)
    for rank in range(_HIGHEST, 0, -1):
        if _joined(left).cell_length + _joined(right).cell_length + 3 <= width:
            break
        left = [less for part in left for less in part.narrowed(rank)]
        right = [less for part in right for less in part.narrowed(rank)]
    begin, end = _joined(left), _joined(right)
    space = max(width - begin.cell_length - end.cell_length - 2, 1)
    return Content.assemble(" ", begin, " " * space, end, " ")


_HIGHEST: Final = 9
_LONGEST: Final = 500


def _left(status: Status) -> list[Part]:
    parts = [Part(((0, Content.styled(_outside(status.profile), "bold")),))]
    standing = status.standing
    if standing is not None:
        place, role = _outside(standing.location), _outside(standing.role)
        parts.append(Part(((9, Content(place)), (1, Content(_end_of(place))))))
        parts.append(Part(((7, Content(f"{_outside(standing.actor)} · {role}")), (1, Content(role)))))
    words, style = _ASKING if status.waits and status.link is Link.CONNECTED else _LINKS[status.link]
    parts.append(Part(((2, Content.styled(words, style)), (0, Content.styled(words[0], style)))))
    if status.as_of is not None:
        parts.append(Part(((0, Content.styled(f"as of {status.as_of.astimezone():%H:%M:%S}", "bold $warning")),)))
    if standing is not None and standing.seal is not SealState.UNSET:
        symbol = "▣" if standing.seal is SealState.LOCKED else "□"
        parts.append(Part(((9, Content.styled(f"{symbol} seal {standing.seal}", "$quiet")),)))
    return parts


def _outside(text: str) -> str:
    """Harmless, and no longer than any screen: the line is drawn every second."""
    return harmless(text[:_LONGEST])


def _end_of(place: str) -> str:
    return place if len(place) <= _LONGEST_PLACE else f"…{place[1 - _LONGEST_PLACE :]}"


def _right(status: Status) -> list[Part]:
    parts: list[Part] = []
    standing = status.standing
    if standing is not None and standing.alerts:
        words = f"! {standing.alerts} alert" + ("s" if standing.alerts != 1 else "")
        parts.append(_shrinking(words, f"! {standing.alerts}", 0, "bold $error"))
    if standing is not None and standing.clock_off:
        parts.append(_shrinking(_clock_words(standing.clock_off), "▲ clock", 2, "bold $warning"))
    if standing is not None and standing.approvals:
        few = f"? {standing.approvals}"
        parts.append(_shrinking(f"{few} to approve", few, 2, "bold $warning"))
    if standing is not None and standing.head_says_nothing:
        parts.append(_shrinking("! audit.head is damaged (doctor)", "! head", 0, "bold $warning"))
    parts.extend(_writing(status))
    local = status.now.astimezone()
    parts.append(Part(((4, Content(f"{local:%H:%M}")),)))
    parts.append(Part(((8, Content.styled(f"{status.now.astimezone(UTC):%H:%M}Z", "$quiet")),)))
    return parts


def _clock_words(off: timedelta) -> str:
    """Of a clock that cannot be right: verdicts, expiries and the log go by it."""
    return f"▲ clock {short(abs(off))} {'behind' if off < timedelta() else 'ahead'}"


def _shrinking(words: str, few: str, rank: int, style: str) -> Part:
    return Part(((3, Content.styled(words, style)), (rank, Content.styled(few, style))))


def _writing(status: Status) -> list[Part]:
    if status.armed_until is not None:
        minutes = -(-int((status.armed_until - status.now).total_seconds()) // 60)
        return [_shrinking(f"▲ WRITE armed {minutes} m", f"▲ WRITE {minutes} m", 0, "bold $warning")]
    if not status.writable:
        unreconciled = status.standing is not None and status.standing.unreconciled
        way, style = ("(backup reconcile)", "bold $warning") if unreconciled else ("(:write)", "$quiet")
        hint = Part(((6, Content.styled(way, style)),))
        return [Part(((0, Content.styled("READ-ONLY", "bold $accent")),)), hint]
    return []


def _joined(parts: list[Part]) -> Content:
    return Content("  ").join([part.words for part in parts])
