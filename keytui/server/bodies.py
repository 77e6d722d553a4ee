"""What a request says in its body: an object of a method's parameters by name, and nothing else."""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic.config import JsonDict
from pydantic_core import CoreSchema, core_schema

from keytui.domain.errors import Invalid
from keytui.server.examples import EXAMPLES
from keytui.vault.wire import decode, encode

_LARGEST: Final = 2**63 - 1
_DEEPEST: Final = 32


def _add_example(described: JsonDict, body: type[BaseModel]) -> None:
    if body.__name__ in EXAMPLES:
        described["examples"] = [json.loads(encode(EXAMPLES[body.__name__]))]


class Body(BaseModel):
    """A body is read as strictly as an answer: a number is no text, a time says its offset, nothing is passed over."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=_add_example)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[BaseModel], handler: GetCoreSchemaHandler) -> CoreSchema:
        """FastAPI hands over what it has parsed, and read from there `"1"` would do for a number."""
        as_it_came = core_schema.no_info_plain_validator_function(lambda value: _read_strictly(cls, value))
        return core_schema.json_or_python_schema(json_schema=handler(source), python_schema=as_it_came)


def _read_strictly(body: type[Body], value: object) -> Body:
    _refuse_unfit(value)
    read = decode(body, json.dumps(value).encode())
    _refuse_vague_times([getattr(read, name) for name in body.model_fields])
    return read


class Note(Body):
    """A few words for the log."""

    note: str = ""


class Override(Body):
    """Why the old version goes although the verdict is not SAFE; empty to go by the verdict."""

    override: str = ""


NO_NOTE: Final = Note.model_construct()
NO_OVERRIDE: Final = Override.model_construct()
"""Where a request may come without a body."""


def _refuse_unfit(value: object, depth: int = 0) -> None:
    """Invalid for what no store can keep."""
    if depth > _DEEPEST:
        raise Invalid("the body is nested too deeply", "send what the API describes")
    if isinstance(value, str) and "\x00" in value:
        raise Invalid("there is a NUL character in the body", "leave it away")
    if isinstance(value, int | float) and not (math.isfinite(value) and abs(value) <= _LARGEST):
        raise Invalid("a number in the body is too large", "send a smaller one")
    if isinstance(value, dict):
        for name, inner in value.items():
            _refuse_unfit(name, depth)
            _refuse_unfit(inner, depth + 1)
    if isinstance(value, list):
        for inner in value:
            _refuse_unfit(inner, depth + 1)


def _refuse_vague_times(value: object) -> None:
    """Without its offset a time could be anybody's noon; one that UTC has no year for could not be read again."""
    if isinstance(value, datetime) and not _is_storable(value):
        raise Invalid("a time in the body has no offset, or is beyond what can be kept", "as in 2027-01-31T12:00:00Z")
    if is_dataclass(value):
        value = [getattr(value, field.name) for field in fields(value)]
    if isinstance(value, list | tuple):
        for inner in value:
            _refuse_vague_times(inner)


def _is_storable(time: datetime) -> bool:
    try:
        return time.tzinfo is not None and time.astimezone(UTC) == time
    except OverflowError:
        return False
