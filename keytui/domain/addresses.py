"""Addresses in texts: they are people's, perhaps, and are left out of what goes elsewhere."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

LEFT_OUT: Final = "(address left out)"
_LIKE_AN_ADDRESS: Final = re.compile(r"[0-9A-Fa-f:.]{3,}")


def without_addresses(text: str) -> str:
    """The text with every address of either kind left out, and nothing else."""
    return _LIKE_AN_ADDRESS.sub(_left_out, text)


def _left_out(found: re.Match[str]) -> str:
    text = found[0]
    for candidate in (text, text.rstrip(".:")):
        try:
            ipaddress.ip_address(candidate)
        except ValueError:
            continue
        return LEFT_OUT + text[len(candidate) :]
    return text
