"""The API as OpenAPI describes it: how to come in, what is refused and how, and an example of each thing."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from typing import Final

from fastapi import Depends, FastAPI
from fastapi.security import APIKeyHeader, HTTPBearer
from pydantic.json_schema import PydanticJsonSchemaWarning

from keytui.server.examples import EXAMPLES
from keytui.vault.problems import MEDIA_TYPE, Problem
from keytui.vault.wire import encode

_JSON: Final = "application/json"
_REFUSED: Final = "4XX"

CREDENTIALS: Final = [
    Depends(HTTPBearer(auto_error=False, description="An operator's token, or an API key with `keys:manage`.")),
    Depends(APIKeyHeader(name="X-API-Key", auto_error=False, description="The same, in a header of its own.")),
]
"""Described here, and asked for by the door."""
REFUSALS: Final[dict[int | str, dict[str, object]]] = {
    _REFUSED: {"model": Problem, "description": "A problem (RFC 9457): who may not, what is not there, what is wrong."}
}


class Api(FastAPI):
    """FastAPI, with a description of what is not its own default."""

    def openapi(self) -> dict[str, object]:
        """The description, made once."""
        if self.openapi_schema is None:
            with warnings.catch_warnings():
                # A body that may be left away has a default, which the description has no need of.
                warnings.simplefilter("ignore", PydanticJsonSchemaWarning)
                described: dict[str, object] = super().openapi()
            for response in _refusals(described):
                content = response["content"]
                assert isinstance(content, dict)  # noqa: S101  # FastAPI has just made it
                content[MEDIA_TYPE] = content.pop(_JSON)
            _add_examples(described)
            self.openapi_schema = described
        return self.openapi_schema


def _refusals(described: Mapping[str, object]) -> Iterator[dict[str, object]]:
    for path in _parts(described, "paths").values():
        for operation in _as_dict(path).values():
            response = _parts(_as_dict(operation), "responses").get(_REFUSED)
            if response is not None:
                yield _as_dict(response)


def _add_examples(described: Mapping[str, object]) -> None:
    schemas = _parts(_parts(described, "components"), "schemas")
    for name in EXAMPLES.keys() & schemas.keys():
        _as_dict(schemas[name])["examples"] = [json.loads(encode(EXAMPLES[name]))]


def _parts(of: Mapping[str, object], name: str) -> dict[str, object]:
    return _as_dict(of[name])


def _as_dict(value: object) -> dict[str, object]:
    assert isinstance(value, dict)  # noqa: S101  # OpenAPI has an object there
    return value
