"""What is read from an answer in JSON, and written into a question: JSON pointers (RFC 6901), texts and times."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from keytui.domain.errors import Invalid
from keytui.domain.text import harmless

MISSING: Final = object()
"""Stands where a pointer leads nowhere; `null` is something."""
_IN_MILLISECONDS: Final = 1e11
"""From here on a number is milliseconds since 1970 and not seconds."""
_LONGEST: Final = 500


def parsed(body: bytes) -> object:
    """The answer as JSON; MISSING when it is none."""
    try:
        answer: object = json.loads(body)
    except (ValueError, RecursionError):
        return MISSING
    return answer


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


def text_at(document: object, pointer: str) -> str:
    """A text or a number there, harmless; "" for anything else, and where there is no pointer."""
    if not pointer:
        return ""
    found = at(document, pointer)
    return harmless(str(found))[:_LONGEST] if isinstance(found, str | int) and not isinstance(found, bool) else ""


def texts_at(document: object, pointer: str) -> tuple[str, ...]:
    """The texts of a list there, harmless; of a single text, itself."""
    found = at(document, pointer) if pointer else MISSING
    listed = found if isinstance(found, list) else [found]
    return tuple(harmless(text)[:_LONGEST] for text in listed if isinstance(text, str) and text)


def time_at(document: object, pointer: str, whose: str) -> datetime | None:
    """A time there, as ISO 8601 with its zone or as (milli)seconds since 1970; None for `null` and nothing.

    Invalid names whose it is, and repeats nothing: under a wrong pointer it may be a key itself.
    """
    found = at(document, pointer) if pointer else MISSING
    if found is MISSING or found is None or found == "":
        return None
    try:
        if isinstance(found, int | float) and not isinstance(found, bool):
            return datetime.fromtimestamp(found / 1000 if found >= _IN_MILLISECONDS else found, UTC)
        time = datetime.fromisoformat(str(found))
        if time.tzinfo is not None:
            return time.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise Invalid(f"{whose}: what {pointer} leads to is no time with a zone", "correct the pointer")


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
