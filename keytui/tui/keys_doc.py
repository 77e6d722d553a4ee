"""docs/keys.md, made from the bindings: `python -m keytui.tui.keys_doc docs/keys.md`."""

from __future__ import annotations

import pkgutil
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

from textual.binding import Binding
from textual.dom import DOMNode

import keytui.tui
from keytui.tui.app import Console
from keytui.tui.widgets.paged_table import PagedTable

_FIRST: Final[tuple[type[DOMNode], ...]] = (Console, PagedTable)
_SAID: Final = {
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "colon": ":",
    "question_mark": "?",
    "escape": "esc",
    "pageup": "page up",
    "pagedown": "page down",
}
_HEAD: Final = """# Keys

Made from the bindings by `python -m keytui.tui.keys_doc docs/keys.md`; a test keeps it true. `?` shows on any screen
what works there. Every binding has an id, which stays when its key changes.
"""


def document() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *(_section(node) for node in _nodes())])


def _nodes() -> Iterator[type[DOMNode]]:
    """Everything of the console that has bindings of its own: the app, the tables, then the screens by module."""
    for module in pkgutil.walk_packages(keytui.tui.__path__, "keytui.tui."):
        if not module.name.endswith("keys_doc"):
            import_module(module.name)
    found = {node for node in _subclasses(DOMNode) if node.__module__.startswith("keytui.") and _bindings(node)}
    listed = {binding.id for node in _FIRST for binding in _bindings(node)}
    yield from _FIRST
    for node in sorted(found - set(_FIRST), key=lambda node: (node.__module__, node.__name__)):
        if not {binding.id for binding in _bindings(node)} <= listed:  # every table has the same keys
            yield node


def _subclasses(node: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for child in node.__subclasses__():
        yield child
        yield from _subclasses(child)


def _bindings(node: type[DOMNode]) -> list[Binding]:
    return [binding for binding in node.__dict__.get("BINDINGS", ()) if isinstance(binding, Binding)]


def _section(node: type[DOMNode]) -> str:
    name = re.sub(r"(Screen|Body)$", "", node.__name__)
    title = node.__dict__.get("BINDING_GROUP_TITLE") or re.sub(r"(?<!^)(?=[A-Z])", " ", name).capitalize()
    rows = [
        f"| {_keys(binding)} | {binding.tooltip or binding.description} | `{binding.id}` |"
        for binding in _bindings(node)
    ]
    return "\n".join([f"## {title}", "", "| key | what it does | id |", "|---|---|---|", *rows, ""])


def _keys(binding: Binding) -> str:
    return " ".join(f"`{_SAID.get(key, key)}`" for key in binding.key.split(","))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
