"""docs/keys.md, made from the bindings: `python -m keytui.tui.keys_doc docs/keys.md`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

from textual.binding import Binding
from textual.dom import DOMNode

from keytui.tui.bindings import nodes, own, said
from keytui.tui.widgets.row_bindings import IN_TEXT
from keytui.tui.widgets.scrolling import Scrolling

_HEAD: Final = """# Keys

Made from the bindings by `python -m keytui.tui.keys_doc docs/keys.md`; a test keeps it true. `?` shows on any screen
what works there. Every binding has an id, by which [`[keymap]`](guide/keymap.md) gives it another key.
"""


def document() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *(_section(node) for node in nodes())])


def _section(node: type[DOMNode]) -> str:
    name = re.sub(r"(Screen|Body)$", "", node.__name__)
    title = node.__dict__.get("BINDING_GROUP_TITLE") or re.sub(r"(?<!^)(?=[A-Z])", " ", name).capitalize()
    shown = [binding for binding in own(node) if node is Scrolling or binding not in IN_TEXT]
    rows = [f"| {_keys(binding)} | {binding.tooltip or binding.description} | `{binding.id}` |" for binding in shown]
    return "\n".join([f"## {title}", "", "| key | what it does | id |", "|---|---|---|", *rows, ""])


def _keys(binding: Binding) -> str:
    return " ".join(f"`{said(key)}`" for key in binding.key.split(","))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
