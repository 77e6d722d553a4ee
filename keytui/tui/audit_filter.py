"""The filter of the audit mode: a type, and facets that narrow it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from keytui.domain.audit import AuditFilter
from keytui.domain.durations import parse_duration
from keytui.domain.errors import Invalid, NotFound
from keytui.vault.protocol import Vault

FACETS: Final = "key:NAME, actor:NAME, version:N, since:24h, until:1h"
_Facet = Callable[[AuditFilter, str], AuditFilter]


def audit_filter(vault: Vault, text: str, now: datetime) -> AuditFilter:
    """The filter that `text` says. A key that nothing answers to is an error, as is a word that is no facet."""
    facets: dict[str, _Facet] = {
        "key": lambda which, value: replace(which, key_id=vault.find(value).id),
        "actor": lambda which, value: replace(which, actor=value),
        "version": lambda which, value: replace(which, key_version=_number(value)),
        "since": lambda which, value: replace(which, since=now - parse_duration(value)),
        "until": lambda which, value: replace(which, until=now - parse_duration(value)),
    }
    which = AuditFilter()
    for word in text.split():
        name, colon, value = word.partition(":")
        if colon and value and name in facets:
            which = facets[name](which, value)
        elif colon or which.type:
            raise NotFound(f"{word!r} is nothing to filter by", f"a type, as in rotation or key.created, and {FACETS}")
        else:
            which = replace(which, type=word)
    return which


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise Invalid(f"{text!r} is no version", "as in version:3")
    return int(text)
