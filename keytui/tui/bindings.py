"""Every binding of the console: what has bindings, by module, and each binding by its id."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Final

from textual.binding import Binding
from textual.dom import DOMNode

import keytui.tui
from keytui.tui.app import Console
from keytui.tui.widgets.paged_table import PagedTable
from keytui.tui.widgets.scrolling import Scrolling

_FIRST: Final[tuple[type[DOMNode], ...]] = (Console, PagedTable, Scrolling)
_SAID: Final = {
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "colon": ":",
    "question_mark": "?",
    "at": "@",
    "escape": "esc",
    "pageup": "page up",
    "pagedown": "page down",
}
NAMES: Final = {said: key for key, said in _SAID.items()}
"""What this project's pages call a key, where Textual has another name for it."""


def nodes() -> Iterator[type[DOMNode]]:
    """Everything of the console that has bindings of its own: the app, tables and texts, then the screens by module."""
    found = {node for node in every(DOMNode) if node.__module__.startswith("keytui.") and own(node)}
    listed = {binding.id for node in _FIRST for binding in own(node)}
    yield from _FIRST
    for node in sorted(found - set(_FIRST), key=lambda node: (node.__module__, node.__name__)):
        if not {binding.id for binding in own(node)} <= listed:  # every table has the same keys
            yield node


def by_id() -> dict[str, Binding]:
    """Each binding by its id. Where several classes have one id, the first."""
    found: dict[str, Binding] = {}
    for node in nodes():
        for binding in own(node):
            if binding.id is not None:
                found.setdefault(binding.id, binding)
    return found


def own(node: type[DOMNode]) -> list[Binding]:
    """The bindings that a class adds to those it inherits."""
    return [binding for binding in node.__dict__.get("BINDINGS", ()) if isinstance(binding, Binding)]


def every(node: type[DOMNode]) -> Iterator[type[DOMNode]]:
    """All subclasses, once every module of the console is imported."""
    for module in pkgutil.walk_packages(keytui.tui.__path__, "keytui.tui."):
        if not module.name.endswith("_doc"):  # what is run to write a page
            import_module(module.name)
    yield from _subclasses(node)


def _subclasses(node: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for child in node.__subclasses__():
        yield child
        yield from _subclasses(child)


def said(key: str) -> str:
    """A key as this project's pages write it."""
    return _SAID.get(key, key)
