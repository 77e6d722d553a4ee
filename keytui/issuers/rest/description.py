"""What a platform's API for keys looks like, as the engine needs to know it. Pointers are JSON pointers (RFC 6901)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from keytui.domain.references import Reference
from keytui.domain.secrets import Format


@dataclass(frozen=True, slots=True)
class HeaderCredential:
    """A credential in a header; without a `header`, as `Authorization: Bearer`."""

    credential: Reference
    header: str = ""


@dataclass(frozen=True, slots=True)
class CookieLogin:
    """A POST with a user and a password that answers with cookies. They are the session."""

    path: str
    user: Reference
    password: Reference
    user_at: str
    password_at: str
    probe: str = ""
    """A path that tells whose session it is: some refuse an expired one as they refuse what is not permitted."""
    probe_user: str = ""
    """Where it does; `null` there is nobody's."""


Access = HeaderCredential | CookieLogin | None
"""How the platform lets us in; None is without asking."""


class PagedBy(StrEnum):
    """What the next page is asked by."""

    NEXT = "next"
    """What the answer names: a number or a cursor; `null` after the last."""
    PAGE = "page"
    """Counting from 1, until a page is empty."""
    OFFSET = "offset"
    """The items had so far, until a page is empty."""


@dataclass(frozen=True, slots=True)
class Paging:
    """A list in pages: `parameter` says which is asked for, `limit` how many items (`size`) it may have."""

    by: PagedBy
    parameter: str
    limit: str = ""
    size: int = 100
    next: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that holds of an item: what stands at the pointer is `value`, or without one, is there at all."""

    pointer: str
    value: str | int | bool | None = None
    """A text is compared with what JSON writes there, so that "false" is also `false`; a number or a truth value only
    with the same. None is anything but nothing, `null`, `false` and an empty text."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The list of keys. Of an item nothing is read but what is pointed at."""

    path: str
    query: Mapping[str, str]
    items: str
    id: str
    label: str = ""
    prefix: str = ""
    """The first characters of the value; what follows a `…` in it, or another mask, is not looked at."""
    created: str = ""
    last_used: str = ""
    expires: str = ""
    scopes: str = ""
    suspended: Condition | None = None
    revoked: Condition | None = None
    paging: Paging | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request that changes something; `{id}` in the path is the platform's name of the key."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None


class Word(StrEnum):
    """What may be put into the body of a call that makes a key."""

    LABEL = "label"
    VALUE = "value"
    SCOPES = "scopes"
    EXPIRES = "expires"
    OWNER = "owner"
    DESCRIPTION = "description"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class Making:
    """A call that makes a value: a key of its own, or (rotating in place) the next value of one that is there."""

    call: Call
    returns: str | None
    """Where the answer has the value; None where it does not repeat one of ours."""
    id: str = ""
    """Where it has the key's id; rotating in place keeps it."""
    label: str = "{name}"
    """May hold `{id}`, `{name}`, `{environment}`, and `{tag}`, which is new each time."""
    put: Mapping[str, Word] = field(default_factory=dict)
    """By the pointer in the body where it goes."""
    copy: Mapping[str, str] = field(default_factory=dict)
    """By the pointer in the body: the pointer in the list's item of the version that it shall be like."""

    @property
    def tagged(self) -> bool:
        """Whether a key that it made can be told from every other by its label."""
        return "{tag}" in self.label


@dataclass(frozen=True, slots=True)
class Description:
    """One platform."""

    url: str
    access: Access
    listing: Listing
    create: Making | None = None
    rotate: Making | None = None
    suspend: Call | None = None
    restore: Call | None = None
    revoke: tuple[Call, ...] = ()
    """One after the other, of which the last decides: where a key can only be disabled, rotating it away is final."""
    format: Format | None = None
    """Of the values that we choose; None where the platform chooses."""
    keeps_plaintext: bool = False
    errors: tuple[str, ...] = ()
    """Where an answer may say what was wrong. Of nothing else in it is anything repeated."""
    unknown_id: frozenset[int] = frozenset({404})
    """The statuses that an id may be answered with that it does not know."""
    notes: tuple[str, ...] = ()
    """What an operator should know beforehand."""
    timeout: timedelta = timedelta(seconds=15)
    """For one exchange; a list of many pages may take ten times as long, unless a change waits for it."""
