"""Fields of an issuer's table that name variables."""

from __future__ import annotations

from keytui.domain.env_text import checked_variable
from keytui.domain.errors import Invalid
from keytui.domain.fields import Fields


def variable_name(fields: Fields, name: str) -> str:
    """A field that is the name of a variable."""
    return _checked(fields, name, fields.needed(name))


def variable_names(fields: Fields, name: str) -> tuple[str, ...]:
    """A field that is a list of names of variables; none when it is not there."""
    return tuple(_checked(fields, name, variable) for variable in fields.texts(name))


def _checked(fields: Fields, name: str, variable: str) -> str:
    try:
        return checked_variable(variable)
    except Invalid as error:
        raise fields.wrong(f"{name}:", error.message, error.hint) from None
