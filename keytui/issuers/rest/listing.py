"""The list of a platform's keys, page by page; of each item what is pointed at and nothing else."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from keytui.domain.errors import Invalid, Unreachable
from keytui.domain.json_pointers import MISSING, at
from keytui.domain.keys import VersionState
from keytui.domain.secrets import PREFIX_LENGTH
from keytui.issuers.issuer import Listed, Mark
from keytui.issuers.rest.description import Condition, Description, Listing, PagedBy, Paging
from keytui.issuers.rest.documents import parsed, text_at, texts_at, time_at
from keytui.issuers.rest.exchange import Question
from keytui.issuers.rest.line import Line

_PATIENCE: Final = 10
"""A whole list may take so many times as long as one exchange."""

_MASKED: Final = re.compile(r"…|\.\.\.|\*|•")
"""Where a preview of a value begins to hide it."""


@dataclass(frozen=True, slots=True)
class Item:
    """One key of the list."""

    listed: Listed
    head: str
    """As much of the value's beginning as the list tells: to find it by, a part of the prefix is too little."""
    copied: Mapping[str, object] = field(default_factory=dict)
    """What a key that shall be like it takes over, by the pointer in the body where it goes."""

    def matches(self, mark: Mark) -> bool:
        """Whether it is the version of this mark. One with a new value under its old id is another version."""
        same_head = self.head[:PREFIX_LENGTH] == mark.prefix[: len(self.head)]
        if mark.reference:
            return self.listed.mark.reference == mark.reference and (same_head or not mark.prefix)
        return bool(mark.prefix) and len(self.head) >= PREFIX_LENGTH and same_head


def items(line: Line, description: Description) -> Iterator[Item]:
    """Every key that the platform lists. Invalid where a pointer is wrong, or where pages repeat."""
    listing = description.listing
    until = time.monotonic() + _PATIENCE * description.timeout.total_seconds()
    copy = description.create.copy if description.create else {}
    seen: set[str] = set()
    for page in _pages(line, listing):
        found = [_item(line.whose, listing, copy, entry) for entry in page]
        ids = {item.listed.mark.reference for item in found}
        if ids and ids <= seen:
            raise Invalid(f"{line.whose} gives the same page again and again", "correct list.paging.parameter and .by")
        yield from (item for item in found if item.listed.mark.reference not in seen)
        seen |= ids
        if time.monotonic() > until:
            raise Unreachable(f"{line.whose} does not end its list in time", "ask for larger pages: list.paging.size")


def _pages(line: Line, listing: Listing) -> Iterator[list[object]]:
    """The items of each page, as they come."""
    paging, query = listing.paging, dict(listing.query)
    if paging and paging.limit:
        query[paging.limit] = str(paging.size)
    wanted, had, number = _first(paging), 0, 1
    while True:
        if paging and wanted:
            query[paging.parameter] = wanted
        document = parsed(line.told(Question("GET", listing.path, query)).body)
        entries = at(document, listing.items)
        if not isinstance(entries, list):
            raise Invalid(f"{line.whose}: no list stands at {listing.items!r} of its answer", "correct list.items")
        yield entries
        had, number = had + len(entries), number + 1
        if paging is None or not entries:
            return
        wanted = _next(paging, document, had, number)
        if not wanted:
            return


def _first(paging: Paging | None) -> str:
    """The first page has no cursor."""
    return {PagedBy.PAGE: "1", PagedBy.OFFSET: "0"}.get(paging.by, "") if paging else ""


def _next(paging: Paging, document: object, had: int, number: int) -> str:
    """What the next page is asked by; "" after the last."""
    match paging.by:
        case PagedBy.NEXT:
            told = at(document, paging.next)
            return str(told) if isinstance(told, str | int) and not isinstance(told, bool) else ""
        case PagedBy.PAGE:
            return str(number)
        case PagedBy.OFFSET:
            return str(had)


def _item(whose: str, listing: Listing, copy: Mapping[str, str], entry: object) -> Item:
    reference = text_at(entry, listing.id)
    if not reference:
        raise Invalid(f"{whose}: an item of its list has nothing at {listing.id!r}", "correct list.id")
    head = _MASKED.split(text_at(entry, listing.prefix), maxsplit=1)[0]
    listed = Listed(
        mark=Mark("", head[:PREFIX_LENGTH], reference),
        label=text_at(entry, listing.label),
        state=_state(listing, entry),
        created_at=time_at(entry, listing.created, whose),
        last_used_at=time_at(entry, listing.last_used, whose),
        expires_at=time_at(entry, listing.expires, whose),
        scopes=texts_at(entry, listing.scopes),
    )
    copied = {there: at(entry, here) for there, here in copy.items()}
    return Item(listed, head, {there: value for there, value in copied.items() if value not in (MISSING, None)})


def _state(listing: Listing, entry: object) -> VersionState:
    """What it is not said to refuse, it accepts."""
    if _holds(listing.revoked, entry):
        return VersionState.REVOKED
    return VersionState.SUSPENDED if _holds(listing.suspended, entry) else VersionState.ACTIVE


def _holds(condition: Condition | None, entry: object) -> bool:
    if condition is None:
        return False
    found = at(entry, condition.pointer)
    wanted = condition.value
    if found is MISSING:
        return False
    if isinstance(wanted, str):
        return wanted == (found if isinstance(found, str) else json.dumps(found))
    if wanted is None:
        return found not in (None, False, "")
    return isinstance(found, bool) is isinstance(wanted, bool) and found == wanted  # in Python True is 1
