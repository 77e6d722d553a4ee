"""What is read from an answer in JSON: texts and times, where JSON pointers lead."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Final

from keytui.domain.errors import Invalid
from keytui.domain.json_pointers import MISSING, at
from keytui.domain.text import harmless

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
