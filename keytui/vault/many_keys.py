"""Many keys at once: what is said of each, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from keytui.domain.keys import KeyDraft
from keytui.domain.secrets import Secret, format_of, is_weak

ENDINGS: Final = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".json"})
"""By which a file of many keys is told from a .env file."""
MOST_AT_ONCE: Final = 5_000
"""Keys of one call: one transaction, which others wait for, and one request to a server."""


class Origin(StrEnum):
    """Where the values of new keys come from."""

    MADE = "made"
    """They were minted for these keys."""
    IMPORTED = "imported"
    """They exist outside already."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key and its first value. Of a value that cannot be guessed only the digest and the beginning are told."""

    name: str
    draft: KeyDraft
    """What it is beside its name: the draft's own name is not asked."""
    digest: str = ""
    """SHA-256 of the value, as 64 hex digits; "" where the value itself is given."""
    prefix: str = ""
    """The value's first characters, at most twelve; "" shows none."""
    value: Secret | None = None
    """One that could be guessed from its digest: the vault keys that under its pepper."""
    variable: str = ""
    """Where it was found, for the log."""


@dataclass(frozen=True, slots=True)
class LeftOutKey:
    """A key that was not added: its place in the call from 0, what is wrong with it, and the way out."""

    place: int
    why: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class AddedKeys:
    """What became of the keys of one call. `present` ones had a value that is known and added nothing; `shared` counts
    those of them that were met in another environment, tenant or application; `weak` counts those of the added.
    """

    added: int = 0
    present: int = 0
    shared: int = 0
    weak: int = 0
    left_out: tuple[LeftOutKey, ...] = ()


def new_key(name: str, draft: KeyDraft, secret: Secret, variable: str = "") -> NewKey:
    """A key with a value that exists: its format is what the value looks like."""
    format_ = format_of(secret, draft.format)
    if format_ != draft.format:
        draft = replace(draft, format=format_)
    if is_weak(secret):
        return NewKey(name, draft, value=secret, variable=variable)
    return NewKey(name, draft, secret.digest(), secret.prefix(), variable=variable)
