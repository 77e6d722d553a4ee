"""Choosing a theme: the configuration's at the start, and later by the palette, which keeps what was chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

from textual.app import SystemCommand

from keytui.domain.errors import KeytuiError
from keytui.tui.asking import answer
from keytui.tui.notices import tell
from keytui.tui.themes import THEMES
from keytui.vault.appearance import ThemeName

if TYPE_CHECKING:
    from keytui.tui.app import Console

Keep = Callable[[ThemeName], str]
"""Keeps a theme for the next start; says in words where."""

_WORDS: Final = {
    ThemeName.DARK: "Light letters on a dark ground",
    ThemeName.LIGHT: "Dark letters on a light ground",
    ThemeName.HIGH_CONTRAST: "White on black; what has the focus is reversed",
    ThemeName.ANSI: "The 16 colours of the terminal's own palette",
}
_FEW: Final = "standard"
"""What Rich calls a terminal with 16 colours."""


def register(console: Console) -> None:
    """Make the console's own themes known to it."""
    for theme in THEMES.values():
        console.register_theme(theme)


def first_theme(chosen: ThemeName | None, *, no_color: bool, colours: str | None = None) -> str:
    """The Textual name of the theme to begin with; without a choice by how many colours there are.

    Without any, one that brings its own greys: of the terminal's palette Textual would make black on black.
    """
    if no_color:
        return THEMES[ThemeName.DARK if chosen in (None, ThemeName.ANSI) else chosen].name
    return THEMES[chosen or (ThemeName.ANSI if colours == _FEW else ThemeName.DARK)].name


def commands(console: Console) -> Iterator[SystemCommand]:
    """What the palette offers: one command for each theme."""
    for name in THEMES:
        yield SystemCommand(f"Theme: {name}", _WORDS[name], partial(console.choose_theme, name))


def choose(console: Console, name: ThemeName, keep: Keep | None) -> None:
    """Change to a theme at once, and keep it, off the loop."""
    if console.no_color and name is ThemeName.ANSI:
        return tell(
            console, "the terminal's own colours are off", "NO_COLOR is set: unset it, or take another theme", "warning"
        )
    console.theme = THEMES[name].name
    if keep is None:
        return None

    def work() -> None:
        kept = partial(tell, console, f"theme {name}")
        console.call_later(answer(lambda: keep(name), kept, partial(_not_kept, console)))

    console.run_worker(work, thread=True, exit_on_error=False, group="theme")
    return None


def _not_kept(console: Console, error: KeytuiError) -> None:
    tell(console, f"the theme is this console's alone: {error.message}", error.hint, "warning")
