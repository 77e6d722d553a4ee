"""A key at a glance, under the table: what it may do, until when, and how its versions stand.

It follows the cursor, so that only the cells that differ from one key to the next are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import zip_longest

from rich.cells import cell_len
from rich.style import Style
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from keytui.domain.keys import Version, VersionState
from keytui.domain.text import harmless
from keytui.tui.wording import QUIET, expiry, outside, state_of, version_state
from keytui.vault.model import KeyDetail

Cell = tuple[str, Style | None, int]
"""A character, its look, and which of its cells this is."""


class Glance(Widget):
    """Up to five lines; each is cut where the screen ends."""

    def __init__(self, *, id: str) -> None:  # noqa: A002  # Textual's own name for it
        super().__init__(id=id)
        self._lines: tuple[Content, ...] = ()
        self._drawn: dict[int, Strip] = {}

    def show(self, detail: KeyDetail | None, now: datetime) -> None:
        """Show this key from now on, or none."""
        self._lines = () if detail is None else tuple(_lines(detail, now))
        for y in range(self.content_size.height):
            differ = _differ(self._drawn.get(y, Strip([])), self._strip(y))
            if differ is not None:
                self.refresh(Region(differ.start, y, len(differ), 1))

    def render_line(self, y: int) -> Strip:
        strip = self._drawn[y] = self._strip(y)
        return strip

    def on_resize(self) -> None:
        self._drawn.clear()

    def _strip(self, y: int) -> Strip:
        width = self.content_size.width
        if y >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        strips = Visual.to_strips(self, self._lines[y], width, 1, self.visual_style, pad=True)
        return strips[0] if strips else Strip.blank(width, self.rich_style)


def _differ(one: Strip, other: Strip) -> range | None:
    """From the first to the last cell in which they differ; None when they are the same."""
    pairs = zip_longest(_cells(one), _cells(other))
    found = [at for at, (mine, theirs) in enumerate(pairs) if mine != theirs]
    return range(found[0], found[-1] + 1) if found else None


def _cells(strip: Strip) -> Iterator[Cell]:
    for text, style, _ in strip:
        for character in text:
            yield from ((character, style, part) for part in range(cell_len(character)))


def _lines(detail: KeyDetail, now: datetime) -> Iterator[Content]:
    key = detail.summary.key
    yield Content.assemble(
        (harmless(key.name), "bold"),
        "   ",
        state_of(key, now),
        "   ",
        expiry(key.expires_at, now),
        "   ",
        (f"issuer {harmless(key.issuer)}", QUIET),
    )
    scopes = harmless(", ".join(key.scopes)) or "—"
    apps = harmless(", ".join(key.apps)) or "—"
    yield Content.assemble(("scopes ", QUIET), scopes, ("   apps ", QUIET), apps)
    for version in detail.versions[:2]:
        yield _version(detail, version)
    if len(detail.versions) > 2:
        yield Content.styled(f"and {len(detail.versions) - 2} older versions: enter", QUIET)


def _version(detail: KeyDetail, version: Version) -> Content:
    callers = [use.caller.name for use in detail.callers if use.version == version.number]
    words: list[str | Content | tuple[str, str]] = [
        (f"v{version.number} ", "bold"),
        version_state(version.state),
        "   ",
        outside(version.fingerprint or "", QUIET),
    ]
    if version.state is VersionState.REVOKED and version.revoked_at is not None:
        words.append(f"   since {version.revoked_at.astimezone():%Y-%m-%d}")
    else:
        words.append(f"   since {version.created_at.astimezone():%Y-%m-%d}")
        some = harmless(", ".join(callers[:4])) + (", …" if len(callers) > 4 else "")
        words.append(f"   {len(callers)} caller{'' if len(callers) == 1 else 's'}" + (f": {some}" if some else ""))
    return Content.assemble(*words)
