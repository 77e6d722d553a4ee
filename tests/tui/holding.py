"""What holds of any screen of the console at any size and in any theme, looked at on a screen that is drawn."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Button, Input, Select

from keytui.tui.app import Console
from keytui.tui.widgets.status_line import StatusLine, line
from keytui.vault.appearance import ThemeName

LEAST: Final = {ThemeName.DARK: 4.5, ThemeName.LIGHT: 4.5, ThemeName.HIGH_CONTRAST: 7.0}
"""The contrast of text in a theme, by WCAG 2.2 (AA, AA, AAA). That of ANSI is up to the terminal's palette."""
_ROUNDING: Final = 0.005
GRAPHIC: Final = 3.0
"""The contrast of a graph and a mark, which say nothing that words do not."""


def contrast(one: Color, other: Color) -> float:
    """By WCAG 2.2: from 1, which nobody can see, to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Color) -> float:
    channels = (value / 255 for value in colour.get_truecolor())
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def is_readable(screen: Screen[object], strips: Sequence[Strip], theme: ThemeName) -> None:
    """Whatever is drawn of the screen has the contrast that its theme owes. What is behind a dialog may be faint."""
    faint = {
        f"{segment.text.strip()!r} in {type(owner).__name__}: {segment.style}"
        for owner, segment in _owned(screen, strips)
        if segment.style is not None and _is_faint(segment.text, segment.style, theme)
    }
    assert not faint, f"{theme}, {screen}:\n" + "\n".join(sorted(faint))


def _owned(screen: Screen[object], strips: Sequence[Strip]) -> Iterator[tuple[Widget, Segment]]:
    """The letters of the screen's own widgets, as far as they can be used."""
    for y, strip in enumerate(strips):
        x = 0
        for segment in strip:
            owner = screen.get_widget_at(x, y)[0] if segment.text.strip() else screen
            if owner is not screen and not owner.disabled and not owner.has_class("-disabled"):
                yield owner, segment
            x += segment.cell_length


def _is_faint(text: str, style: Style, theme: ThemeName) -> bool:
    front, ground = style.color, style.bgcolor
    if _is_frame(text) or front is None or ground is None:
        return False
    if theme is ThemeName.ANSI:
        return front == ground and not front.is_default
    least = GRAPHIC if _is_graphic(text) else LEAST[theme]
    return contrast(front, ground) < least - _ROUNDING


def _is_frame(text: str) -> bool:
    names = (unicodedata.name(character, "") for character in text if character != " ")
    return all("BOX DRAWINGS" in name or "ONE EIGHTH BLOCK" in name for name in names)


def _is_graphic(text: str) -> bool:
    return all("BLOCK" in unicodedata.name(character, "") for character in text if character != " ")


def holds_at_any_size(console: Console) -> None:
    """Whose vault this is and that it is read-only can be read; whatever can be used can be reached, by keys alone."""
    _tells_where_it_is(console)
    screen = console.screen
    for widget in screen.walk_children(Widget):
        if isinstance(widget, Button | Input | Select) or widget.focusable:
            assert _is_within_reach(widget), f"{widget} at {console.size} is cut off: {_place(widget)}"
        if widget is screen.focused:
            assert _is_seen(widget), f"{widget} has the focus at {console.size} and lies under something"
        if isinstance(widget, Button) and not widget.disabled and widget.display:
            assert widget in screen.focus_chain, f"{widget} needs a mouse"


def _tells_where_it_is(console: Console) -> None:
    """The topmost line is the status line, and it has room for what must not be missed."""
    bar = console.screen.query_one(StatusLine)
    assert _place(bar)[0] == Region(0, 0, console.size.width, 1), f"the status line of {console.screen} is away"
    status = console.status
    if status.standing is not None:
        guarded = replace(status.standing, read_only=True, armed_until=None)
        words = line(replace(status, standing=guarded), bar.size.width).plain
        for word in (status.profile, "READ-ONLY", guarded.role, guarded.location[-10:]):
            assert word in words, f"{word!r} is not in {words!r} at {console.size}"


def _place(widget: Widget) -> tuple[Region, Region]:
    place = widget.screen.find_widget(widget)
    return place.region, place.clip


def _is_within_reach(widget: Widget) -> bool:
    """Wholly seen, or in something that scrolls down to it. Nothing scrolls sideways."""
    if not widget.display or any(not parent.display for parent in widget.ancestors if isinstance(parent, Widget)):
        return True
    region, clip = _place(widget)
    beside = region.x < clip.x or region.right > clip.right
    below = region.y < clip.y or region.bottom > clip.bottom
    scrolls = any(parent.max_scroll_y > 0 for parent in widget.ancestors if isinstance(parent, Widget))
    return not beside and (not below or scrolls)


def _is_seen(widget: Widget) -> bool:
    """Whether its corner is in sight, on top of everything."""
    region, clip = _place(widget)
    seen = region.intersection(clip)
    if not seen:
        return False
    top = widget.screen.get_widget_at(seen.x, seen.y)[0]
    return widget in top.ancestors_with_self
