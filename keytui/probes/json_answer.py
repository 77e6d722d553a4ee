"""An answer in JSON."""

from __future__ import annotations

import json

from keytui.domain.errors import Invalid


def parse(body: bytes, whose: str) -> object:
    """The answer as JSON. Invalid names whose it is."""
    try:
        answer: object = json.loads(body)
    except (ValueError, RecursionError):
        raise Invalid(f"{whose} does not answer in JSON", "check its url") from None
    return answer
