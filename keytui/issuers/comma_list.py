"""Text that lists values with commas between them: one added or taken away, everything else left as it stands."""

from __future__ import annotations

import re


def items_of(text: str) -> tuple[str, ...]:
    """The values, each once, without blanks around it and without empty ones: as services read such a list."""
    return tuple(dict.fromkeys(item for part in text.split(",") if (item := part.strip())))


def with_item(text: str, item: str) -> str:
    """The list with a value at its end, after what stands after other commas; as it is when the value is there."""
    if item in items_of(text):
        return text
    if not items_of(text):
        return item
    listed, gap = text.rstrip(), re.search(r",(\s*)[^\s,]", text)
    comma_last = listed.endswith(",")
    return f"{listed}{'' if comma_last else ','}{gap[1] if gap else ''}{item}{',' if comma_last else ''}"


def without_item(text: str, item: str) -> str:
    """The list without a value, however often it is there; as it is when it is not. Empty when nothing is left."""
    parts = text.split(",")
    kept = [part for part in parts if part.strip() != item]
    if len(kept) == len(parts):
        return text
    left = ",".join(kept)
    return left.strip() if items_of(left) else ""
