"""JSON pointers (RFC 6901): what stands in a document, and what is put there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MISSING: Final = object()
"""Stands where a pointer leads nowhere; `null` is something."""


def at(document: object, pointer: str) -> object:
    """What the pointer leads to; MISSING when there is nothing. The empty pointer is the whole document."""
    found = document
    for name in _steps(pointer):
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isascii() and name.isdigit() and int(name) < len(found):
            found = found[int(name)]
        else:
            return MISSING
    return found


def put(document: Mapping[str, object], pointer: str, value: object) -> dict[str, object]:
    """The document with the value there; tables on the way are made."""
    name, *rest = _steps(pointer)
    within = document.get(name)
    if rest:
        deeper = "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in rest)
        value = put(within if isinstance(within, dict) else {}, deeper, value)
    return {**document, name: value}


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
