"""The line that never leaves the screen: which profile, who, what may be done, what is wrong, and what time it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final, cast

from textual.content import Content
from textual.widget import Widget

from keytui.domain.text import harmless
from keytui.vault.model import SealState, Standing

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
_ACTOR: Final = 4
Part = tuple[int, Content]
"""What stays longer when the line is narrow (lower stays), and the words."""


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
    """The words of the status line in `width` cells. Profile, READ-ONLY and alerts are the last to go."""
    left, right = _left(status), _right(status)
    for rank in sorted({rank for rank, _ in left + right if rank}, reverse=True):
        if _length(left) + _length(right) + 3 <= width:
            break
        left = _role_alone(left, status) if rank == _ACTOR else [part for part in left if part[0] != rank]
        right = [part for part in right if part[0] != rank]
    begin, end = _joined(left), _joined(right)
    space = max(width - begin.cell_length - end.cell_length - 2, 1)
    return Content.assemble(" ", begin, " " * space, end, " ")


def _left(status: Status) -> list[Part]:
    parts: list[Part] = [(0, Content.styled(harmless(status.profile), "bold"))]
    standing = status.standing
    if standing is not None:
        parts.append((5, Content(harmless(standing.location))))
        parts.append((_ACTOR, Content(f"{harmless(standing.actor)} · {harmless(standing.role)}")))
    parts.append((1, Content.styled(*_LINKS[status.link])))
    if status.as_of is not None:
        parts.append((0, Content.styled(f"as of {status.as_of.astimezone():%H:%M:%S}", "bold $warning")))
    if standing is not None and standing.seal is not SealState.UNSET:
        symbol = "▣" if standing.seal is SealState.LOCKED else "□"
        parts.append((6, Content.styled(f"{symbol} seal {standing.seal}", "$quiet")))
    return parts


def _role_alone(parts: list[Part], status: Status) -> list[Part]:
    """Who it is can be spared, what they may do cannot."""
    role = Content(harmless(status.standing.role)) if status.standing is not None else Content("")
    return [(1, role) if part[0] == _ACTOR else part for part in parts]


def _right(status: Status) -> list[Part]:
    parts: list[Part] = []
    standing = status.standing
    if standing is not None and standing.alerts:
        words = f"! {standing.alerts} alert" + ("s" if standing.alerts != 1 else "")
        parts.append((0, Content.styled(words, "bold $error")))
    if standing is not None and standing.approvals:
        parts.append((1, Content.styled(f"? {standing.approvals} to approve", "bold $warning")))
    parts.extend(_writing(status))
    local = status.now.astimezone()
    parts.append((2, Content(f"{local:%H:%M}")))
    parts.append((3, Content.styled(f"{status.now.astimezone(UTC):%H:%M}Z", "$quiet")))
    return parts


def _writing(status: Status) -> list[Part]:
    if status.armed_until is not None:
        minutes = -(-int((status.armed_until - status.now).total_seconds()) // 60)
        return [(0, Content.styled(f"▲ WRITE armed {minutes} m", "bold $warning"))]
    if not status.writable:
        return [(0, Content.styled("READ-ONLY", "bold $accent")), (2, Content.styled("(:write)", "$quiet"))]
    return []


def _joined(parts: list[Part]) -> Content:
    return Content("  ").join([content for _, content in parts])


def _length(parts: list[Part]) -> int:
    return _joined(parts).cell_length
