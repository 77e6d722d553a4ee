"""A vault whose every answer is as hostile as whoever wrote into it, or whoever serves it, could make it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Final

from keytui.domain.errors import KeytuiError
from keytui.domain.secrets import Secret
from keytui.vault.protocol import Vault

_KEPT: Final = frozenset({"id", "key_id", "key_ids", "fingerprint", "document", "signature", "public_key"})
"""What a face gives back to the vault, or what is signed."""


class Poisoned:
    """Answers as a vault does, after `say` has had each of its texts."""

    def __init__(self, vault: Vault, say: Callable[[str], str]) -> None:
        self._vault = vault
        self._say = say

    @property  # type: ignore[misc]  # what asks whether it is a local vault is told so
    def __class__(self) -> type:
        return type(self._vault)

    def __getattr__(self, name: str) -> object:
        found = getattr(self._vault, name)
        if not callable(found):
            return found

        def asked(*words: object, **named: object) -> object:
            try:
                return poisoned(found(*words, **named), self._say)
            except KeytuiError as error:
                error.message, error.hint = self._say(error.message), self._say(error.hint)
                raise

        return asked


def poisoned(value: object, say: Callable[[str], str]) -> object:
    """The value with every text in it said by `say`."""
    if isinstance(value, Enum | Secret):
        return value
    if isinstance(value, str):
        return say(value)
    if isinstance(value, tuple | list | frozenset):
        return type(value)(poisoned(one, say) for one in value)
    if isinstance(value, Mapping):
        return {name: poisoned(one, say) for name, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        told = {field.name: getattr(value, field.name) for field in fields(value) if field.init}
        return replace(value, **{name: poisoned(one, say) for name, one in told.items() if name not in _KEPT})
    return value
