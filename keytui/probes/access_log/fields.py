"""Which field of a line says what: the names that servers use by default, and those that an operator gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from keytui.domain.errors import Invalid


class Field(StrEnum):
    """What a line can tell."""

    TIME = "time"
    ADDRESS = "address"
    AGENT = "agent"
    STATUS = "status"
    PATH = "path"
    KEY = "key"
    VERSION = "version"
    CALLER = "caller"


Place = tuple[str, ...]
"""Where a value stands in a JSON record: the names to follow, outermost first."""

DEFAULT_PLACES: Final[Mapping[Field, tuple[Place, ...]]] = {
    Field.TIME: (("t",), ("ts",), ("time",), ("timestamp",), ("@timestamp",), ("time_iso8601",), ("time_local",)),
    Field.ADDRESS: (
        ("ip",),
        ("remote_addr",),
        ("client_ip",),
        ("remote_ip",),
        ("address",),
        ("request", "client_ip"),
        ("request", "remote_ip"),
    ),
    Field.AGENT: (("ua",), ("user_agent",), ("http_user_agent",), ("agent",), ("request", "headers", "User-Agent")),
    Field.STATUS: (("s",), ("status",), ("status_code",)),
    Field.PATH: (("u",), ("uri",), ("path",), ("request_uri",), ("url",), ("request", "uri")),
    Field.KEY: (
        ("key_prefix",),
        ("key",),
        ("key_fingerprint",),
        ("key_digest",),
        ("key_id",),
        ("api_key",),
        ("user_id",),
        ("request", "headers", "X-Api-Key"),
    ),
    Field.VERSION: (("key_version",),),
    Field.CALLER: (("caller",),),
}
KEY_NAMES: Final = frozenset(place[0] for place in DEFAULT_PLACES[Field.KEY] if len(place) == 1)
"""What a field `name=value` of a text line is called when it names the key."""
_OTHER_WORDS: Final = {"route": Field.PATH}


def parse_mapping(texts: Iterable[str]) -> dict[Field, str]:
    """What `--map field=path` says, once a field; Invalid names the field that does not exist."""
    mapping: dict[Field, str] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        field = _OTHER_WORDS.get(name) or next((field for field in Field if field == name), None)
        if field is None:
            raise Invalid(f"no such field: {name!r}", f"--map takes {', '.join(Field)}")
        if not equals or not path:
            raise Invalid(f"--map {text} does not say where {field} stands", "as in --map key=request.headers.X-Key-Id")
        if field in mapping:
            raise Invalid(f"--map names {field} twice", "give each field one place")
        mapping[field] = path
    return mapping


def places(mapping: Mapping[Field, str]) -> dict[Field, tuple[Place, ...]]:
    """Where each field may stand in a JSON record, the likeliest first; a mapped one stands in one place only.

    A name with dots in it may be one name, or a way inwards.
    """
    return {field: _told(mapping[field]) if field in mapping else DEFAULT_PLACES[field] for field in Field}


def _told(path: str) -> tuple[Place, ...]:
    return ((path,), tuple(path.split("."))) if "." in path else ((path,),)
