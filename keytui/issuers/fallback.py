"""What goes on accepting a value whatever its issuer says: a service's own environment variable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hmac import compare_digest
from pathlib import Path
from typing import Final

from keytui.domain.env_text import value_in
from keytui.domain.errors import KeytuiError
from keytui.domain.fields import Fields
from keytui.domain.references import Resolve
from keytui.domain.secrets import Secret
from keytui.issuers.configured import variable_name
from keytui.issuers.issuer import Mark
from keytui.text_file import TextFile, naming

FALLBACK_FIELDS: Final = ("fallback", "fallback_file", "fallback_variable")
"""Of a table that may have one."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """One value that a service accepts besides those that its issuer knows."""

    place: str
    """Where it stands, in words."""
    read: Callable[[], Secret | None] = field(repr=False)
    """What stands there now; None when nothing does. Raises a KeytuiError when it cannot be read."""

    def accepts(self, mark: Mark) -> tuple[str, ...]:
        """The place, when it holds this version, or when nobody can know that it does not."""
        try:
            value = self.read()
        except KeytuiError as error:
            return (f"{self.place}, which cannot be read ({error.message}),",)
        if value is None:
            return ()
        if not mark.digest:
            return (f"{self.place}, unless it holds another (nobody here had its value to compare),",)
        if not compare_digest(value.digest(), mark.digest):
            return ()
        return (self.place,)


def fallback_from(fields: Fields, resolve: Resolve) -> Fallback | None:
    """`fallback = "env:API_KEY"`, or `fallback_file` and `fallback_variable`; None when there is neither."""
    in_file = fields.has("fallback_file") or fields.has("fallback_variable")
    if fields.has("fallback") and in_file:
        raise fields.wrong("fallback", "is named twice", "keep it, or fallback_file and fallback_variable")
    if in_file:
        path, variable = fields.path("fallback_file", "/srv/reserve/.env"), variable_name(fields, "fallback_variable")
        return Fallback(f"{variable} in {path}", lambda: _in_file(path, variable))
    if not fields.has("fallback"):
        return None
    reference = fields.reference("fallback")
    return Fallback(str(reference), lambda: resolve(reference))


def _in_file(path: Path, variable: str) -> Secret | None:
    with naming(path):
        return value_in(TextFile.read(path).text, variable)
