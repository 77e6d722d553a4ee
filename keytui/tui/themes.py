"""The console's own themes. One accent colour; red, amber and green only ever repeat what a symbol and a word say.

Styles of Content use `$quiet`, `$accent`, `$success`, `$warning` and `$error`; `$text-muted` works in .tcss files only.
"""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

DARK: Final = Theme(
    name="keytui-dark",
    primary="#6cb6d9",
    secondary="#6cb6d9",
    accent="#6cb6d9",
    foreground="#d5dae0",
    background="#12161b",
    surface="#181d24",
    panel="#20262e",
    success="#8fbf7f",
    warning="#e0b45c",
    error="#ec7a72",
    dark=True,
    variables={
        "block-cursor-background": "#253341",
        "block-cursor-foreground": "#f2f5f7",
        "block-cursor-text-style": "none",
        "quiet": "#97a1ab",
        "graph": "#4f86a0",
        "field": "#0c0f13",
        "footer-background": "#12161b",
        "footer-description-foreground": "#97a1ab",
        "input-selection-background": "#6cb6d9 35%",
        "border": "#6cb6d9",
        "border-blurred": "#333c46",
    },
)
LIGHT: Final = Theme(
    name="keytui-light",
    primary="#0b5e86",
    secondary="#0b5e86",
    accent="#0b5e86",
    foreground="#1c2228",
    background="#fbfbf9",
    surface="#f3f3f0",
    panel="#e8e8e4",
    success="#2c6e2f",
    warning="#7f5400",
    error="#ab1f1a",
    dark=False,
    variables={
        "block-cursor-background": "#d5e4ec",
        "block-cursor-foreground": "#101418",
        "block-cursor-text-style": "none",
        "quiet": "#555e66",
        "graph": "#4a8cad",
        "field": "#ffffff",
        "footer-background": "#fbfbf9",
        "footer-description-foreground": "#555e66",
        "input-selection-background": "#0b5e86 30%",
        "border": "#0b5e86",
        "border-blurred": "#c3c6c4",
    },
)
