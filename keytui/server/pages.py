"""Pages of the key list: by offset, or by a cursor that holds for the same filter and order only."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Query, Request

from keytui.domain.errors import Invalid
from keytui.domain.query import parse, parse_sort
from keytui.server.asking import LARGEST, Limit, Offset
from keytui.vault.model import Page

_FILTER: Final = Query(max_length=1024, description="As in the console.", examples=["env:production -flag:stale"])
_SORT: Final = Query(max_length=32, description="A field, with a leading - for descending.", examples=["-last-used"])
_CURSOR: Final = Query(max_length=256, description="From the Link header of the page before; instead of an offset.")


class Listing:
    """Which keys are asked for, in which order, and which part of them."""

    def __init__(
        self,
        request: Request,
        *,
        filter: Annotated[str, _FILTER] = "",  # noqa: A002  # the parameter's name
        sort: Annotated[str, _SORT] = "name",
        limit: Limit = 100,
        offset: Offset = 0,
        cursor: Annotated[str, _CURSOR] = "",
    ) -> None:
        if cursor and offset:
            raise Invalid("a cursor and an offset say two things", "give one of them")
        self._path = request.url.path
        self._parameters = {"filter": filter, "sort": sort, "limit": str(limit)}
        self.query, self.sort, self.limit = parse(filter), parse_sort(sort), limit
        self.offset = self._offset_of(cursor) if cursor else offset

    def link(self, page: Page) -> dict[str, str]:
        """The header that leads to the next page (RFC 8288); none after the last."""
        end = page.offset + len(page.rows)
        if not page.rows or end >= page.total:
            return {}
        cursor = urlsafe_b64encode(json.dumps([end, self._name()]).encode()).decode().rstrip("=")
        return {"Link": f'<{self._path}?{urlencode({**self._parameters, "cursor": cursor})}>; rel="next"'}

    def _offset_of(self, cursor: str) -> int:
        try:
            offset, name = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        except (ValueError, TypeError, RecursionError):
            offset, name = None, None
        if type(offset) is not int or not 0 <= offset <= LARGEST or name != self._name():
            raise Invalid("the cursor is none of this listing", "begin without one, with the same filter and sort")
        return offset

    def _name(self) -> str:
        """Of this filter and order, so that a cursor is not taken into another one."""
        return hashlib.sha256(json.dumps(self._parameters).encode()).hexdigest()[:16]
