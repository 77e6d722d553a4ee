"""Pages of the key list: by offset, or by a cursor, which goes on behind the last row that was told.

A cursor holds for the same filter and order only. Keys that come or go meanwhile make it neither skip nor repeat one.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Query, Request

from keytui.domain.errors import Invalid
from keytui.domain.query import Place, SortField, parse, parse_sort, place_of
from keytui.server.asking import LARGEST, Limit, Offset
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Page, Rows
from keytui.vault.wire import decode

FILTER: Final = Query(max_length=1024, description="As in the console.", examples=["env:production -flag:stale"])
_SORT: Final = Query(max_length=32, description="A field, with a leading - for descending.", examples=["-last-used"])
_CURSOR: Final = Query(max_length=2048, description="From the Link header of the page before; instead of an offset.")

_OF_TIME: Final = frozenset({SortField.AGE, SortField.LAST_USED, SortField.EXPIRES, SortField.CREATED})
_AtTime = tuple[int, str, datetime | None, str, str]
_AtWord = tuple[int, str, str, str, str]
"""What a cursor holds: how many rows were told, of which listing, and the place of the last."""


class Listing:
    """Which keys are asked for, in which order, and which part of them."""

    def __init__(
        self,
        request: Request,
        *,
        filter: Annotated[str, FILTER] = "",  # noqa: A002  # the parameter's name
        sort: Annotated[str, _SORT] = "name",
        limit: Limit = 100,
        offset: Offset = 0,
        cursor: Annotated[str, _CURSOR] = "",
    ) -> None:
        if cursor and offset:
            raise Invalid("a cursor and an offset say two things", "give one of them")
        self._path = request.url.path
        self._parameters = {"filter": filter, "sort": sort, "limit": str(limit)}
        self._query, self._sort, self._limit = parse(filter), parse_sort(sort), limit
        self._offset = offset
        self._place: Place | None = None
        if cursor:
            self._offset, self._place = self._read(cursor)

    def page(self, vault: LocalVault) -> tuple[Page, dict[str, str]]:
        """The page, and the header that leads to the next one (RFC 8288); none after the last."""
        if self._place is None:
            found = vault.page(self._query, self._sort, self._offset, self._limit + 1)
        else:
            found = vault.page_after(self._query, self._sort, self._place, self._limit + 1)
        page = replace(found, rows=found.rows[: self._limit], offset=self._offset)
        return page, self._link(page) if len(found.rows) > self._limit else {}

    def rows(self, vault: LocalVault) -> Rows:
        """The same rows, whose number is told where it costs nothing. It takes no cursor."""
        if self._place is not None:
            raise Invalid("rows without their number have no cursor", "give an offset, or ask /admin/keys")
        return vault.rows(self._query, self._sort, self._offset, self._limit)

    def _link(self, page: Page) -> dict[str, str]:
        place = place_of(page.rows[-1], self._sort)
        value = place.value.isoformat() if isinstance(place.value, datetime) else place.value
        told = json.dumps([page.offset + len(page.rows), self._name(), value, place.name, place.id])
        cursor = urlsafe_b64encode(told.encode()).decode().rstrip("=")
        return {"Link": f'<{self._path}?{urlencode({**self._parameters, "cursor": cursor})}>; rel="next"'}

    def _read(self, cursor: str) -> tuple[int, Place]:
        try:
            data = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            of_time = self._sort.field in _OF_TIME
            offset, listing, value, name, key_id = decode(_AtTime, data) if of_time else decode(_AtWord, data)
        except (ValueError, Invalid):
            raise _strange() from None
        words = f"{name}{key_id}{value}"
        if not 0 <= offset <= LARGEST or listing != self._name() or "\0" in words:
            raise _strange()
        return offset, Place(value, name, key_id)

    def _name(self) -> str:
        """Of this filter and order, so that a cursor is not taken into another one."""
        return hashlib.sha256(json.dumps(self._parameters).encode()).hexdigest()[:16]


def _strange() -> Invalid:
    return Invalid("the cursor is none of this listing", "begin without one, with the same filter and sort")
