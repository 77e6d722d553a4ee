"""How the vault's dataclasses travel: as JSON, the same from both ends of the line.

Times carry their offset, durations are ISO 8601, enums go by their value, tuples and sets as lists, bytes as base64.
What a newer server says beside is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, TypeVar, cast

from pydantic import ConfigDict, GetCoreSchemaHandler, TypeAdapter, ValidationError, with_config
from pydantic_core import CoreSchema, PydanticSerializationError, SchemaValidator, core_schema, to_json

from keytui.domain.errors import Invalid
from keytui.domain.secrets import Secret
from keytui.vault.model import Checkpoint

if TYPE_CHECKING:
    from typing_extensions import TypeForm

T = TypeVar("T")
_VALIDATORS: Final[dict[object, SchemaValidator]] = {}
"""Made on first use: one takes some milliseconds."""
_TOLD_FAULTS: Final = 5
_LONGEST_PLACE: Final = 80


def encode(value: object) -> bytes:
    """The value as JSON, a secret in it in plain text: nothing but an answer to its holder goes through here."""
    try:
        return to_json(value, timedelta_mode="iso8601", bytes_mode="base64", fallback=_plain)
    except PydanticSerializationError:  # its text holds a piece of the value
        raise Invalid("there is a character in it that UTF-8 does not have", "leave it away, or encode it") from None


def decode(kind: TypeForm[T], data: bytes) -> T:
    """The value of that type. Invalid names the fields at fault and repeats nothing of what stood in them."""
    try:
        return cast(T, _validator(kind).validate_json(data, strict=True))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)[:_TOLD_FAULTS]
        told = "; ".join(": ".join(filter(None, (place_of(fault["loc"]), fault["msg"]))) for fault in faults)
        raise Invalid(told, "mend what it names and send it again") from None


def place_of(location: Iterable[int | str]) -> str:
    """Where a fault is. Only what reads like a field's name is told: anything else that was sent could be a value."""
    told = (str(part) if isinstance(part, int) or part.replace("_", "").isalpha() else "…" for part in location)
    return ".".join(told)[:_LONGEST_PLACE]


def _validator(kind: TypeForm[T]) -> SchemaValidator:
    found = _VALIDATORS.get(kind)
    if found is None:
        found = _VALIDATORS[kind] = SchemaValidator(cast(CoreSchema, _with_offsets(TypeAdapter(kind).core_schema)))
    return found


def _with_offsets(schema: object) -> object:
    """The schema with every time in it bound to say its offset: without one it could be anybody's noon."""
    if isinstance(schema, list):
        return [_with_offsets(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {name: _with_offsets(part) for name, part in schema.items()}
    return {**parts, "tz_constraint": "aware"} if parts.get("type") == "datetime" else parts


def _plain(value: object) -> object:
    """What pydantic does not know by itself."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} does not travel")


def _secret_schema(_kind: type[Secret], _handler: GetCoreSchemaHandler) -> CoreSchema:
    return core_schema.no_info_after_validator_function(Secret, core_schema.str_schema())


# The domain knows the standard library only, so what pydantic looks for on a class is put there from here.
Secret.__get_pydantic_core_schema__ = _secret_schema  # type: ignore[attr-defined]  # pydantic's hook, see above
with_config(ConfigDict(ser_json_bytes="base64", val_json_bytes="base64"))(Checkpoint)
