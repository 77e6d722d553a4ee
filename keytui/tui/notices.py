"""What is said over whichever screen is on top."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal

from textual.actions import SkipAction

from keytui.domain.text import harmless

if TYPE_CHECKING:
    from keytui.tui.app import Console

Severity = Literal["information", "warning", "error"]
_SEVERITIES: Final[dict[Severity, tuple[str, float]]] = {
    "information": ("✓", 6),
    "warning": ("▲", 8),
    "error": ("✗", 12),
}
"""The symbol that a notification begins with, and the seconds that it stays."""


def tell(console: Console, message: str, hint: str = "", severity: Severity = "information") -> None:
    """A notification, which begins with the symbol of its severity. Nothing in it is parsed as markup.

    Words that stand there are not said again: all who ask a lost vault come back with the same.
    """
    symbol, seconds = _SEVERITIES[severity]
    text = f"{symbol} {harmless(message)}" + (f"\n  {harmless(hint)}" if hint else "")
    if not console.says(text):
        console.notify(text, severity=severity, timeout=seconds, markup=False)


def copy_or_help_quit(copy: Callable[[], None], console: Console) -> None:
    """At ctrl+c: `copy` what is selected; where it finds nothing, it is meant to quit."""
    try:
        copy()
    except SkipAction:
        console.action_help_quit()
