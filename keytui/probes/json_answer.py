"""An answer in JSON, and what a JSON pointer (RFC 6901) finds in it."""

from __future__ import annotations

import json
from typing import Final

from keytui.domain.errors import Invalid

MISSING: Final = object()
"""Stands where a pointer leads nowhere; `null` is something."""


def parse(body: bytes, whose: str) -> object:
    """The answer as JSON. Invalid names whose it is."""
    try:
        answer: object = json.loads(body)
    except (ValueError, RecursionError):
        raise Invalid(f"{whose} does not answer in JSON", "check its url") from None
    return answer


def at(document: object, pointer: str) -> object:
    """What the pointer leads to; MISSING when there is nothing. The empty pointer is the whole document."""
    found = document
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isascii() and name.isdigit() and int(name) < len(found):
            found = found[int(name)]
        else:
            return MISSING
    return found
