"""Lines in few bytes: each change of style is as long on the wire as a word."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.css.styles import StylesBase
from textual.strip import Strip


def lean(strip: Strip) -> Strip:
    """The same line to the eye: blanks take the style before them where only the colour of their letters differs."""
    segments: list[Segment] = []
    for text, style, control in strip:
        before = segments[-1] if segments else None
        if before is not None and not control and _joins(before.style, style, blank=text.isspace()):
            segments[-1] = Segment(before.text + text, before.style)
        else:
            segments.append(Segment(text, style, control))
    return Strip(segments, strip.cell_length)


def reversed_if(strip: Strip, styles: StylesBase) -> Strip:
    """The line as those styles have it: of them Textual's visual style leaves `reverse` out."""
    return strip.apply_style(Style(reverse=True)) if styles.text_style.reverse else strip


def _joins(before: Style | None, style: Style | None, *, blank: bool) -> bool:
    if before is None or style is None:
        return before is style
    return _on_blanks(before) == _on_blanks(style) and (blank or _on_letters(before) == _on_letters(style))


def _on_blanks(style: Style) -> tuple[object, ...]:
    """What of a style is seen where no letter is."""
    ground = style.color if style.reverse else style.bgcolor
    return ground, bool(style.reverse), bool(style.underline), bool(style.strike), bool(style.overline)


def _on_letters(style: Style) -> tuple[object, ...]:
    return style.color, bool(style.bold), bool(style.dim), bool(style.italic)
