"""What tmux says of itself to a program within it."""

from __future__ import annotations

from typing import Final

from keytui.command import printed_by
from keytui.domain.errors import KeytuiError

_TIMEOUT: Final = 0.3
"""Seconds for an answer: it takes a few milliseconds, and each command that writes to a terminal waits for it."""


def tmux(*words: str) -> str:
    """What it prints; "" where it does not answer."""
    try:
        return printed_by(("tmux", *words), _TIMEOUT).decode(errors="replace").strip()
    except KeytuiError:
        return ""


def takes_unicode() -> bool:
    """Whether what is drawn reaches the terminal: one that it was told of no UTF-8 gets `_` for all beyond ASCII."""
    return tmux("display-message", "-p", "#{client_utf8}") != "0"
