"""`[issuers.NAME] kind = "rest"`: a platform's description as a site writes it, over a preset or all of it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from importlib.resources import files
from typing import Final

from keytui.domain.errors import Invalid
from keytui.domain.fields import Fields
from keytui.domain.references import Resolve
from keytui.domain.secrets import PREFIX_LENGTH, Format, parse_format
from keytui.issuers.rest.description import (
    Access,
    Call,
    Condition,
    CookieLogin,
    Description,
    HeaderCredential,
    Listing,
    Making,
    PagedBy,
    Paging,
    Word,
)
from keytui.issuers.rest.issuer import RestIssuer
from keytui.issuers.rest.line import Line

PRESETS: Final = ("keytui", "payload", "reserve-admin")
_TOP: Final = (
    *("kind", "preset", "url", "timeout", "credential", "header", "user", "password", "login"),
    *("list", "create", "rotate", "suspend", "restore", "revoke"),
    *("format", "keeps_plaintext", "errors", "unknown_id", "notes"),
)
_LOGIN: Final = ("path", "user", "password", "probe", "probe_user")
_LIST: Final = (
    *("path", "query", "items", "id", "label", "prefix", "created", "last_used", "expires", "scopes"),
    *("suspended", "revoked", "paging"),
)
_PAGING: Final = ("by", "parameter", "limit", "size", "next")
_CONDITION: Final = ("at", "is")
_CALL: Final = ("method", "path", "query", "body")
_MAKING: Final = (*_CALL, "returns", "id", "label", "put", "copy")
_METHODS: Final = ("POST", "PUT", "PATCH", "DELETE")
_LONGEST: Final = timedelta(minutes=1)
_TELLING: Final = 8
"""So many of a value's first characters have to be random for it to be found again by them."""


def rest_issuer(name: str, fields: Fields, resolve: Resolve) -> RestIssuer:
    """`[issuers.NAME] kind = "rest"`. Invalid names table and field."""
    if fields.has("preset"):
        fields = fields.over(preset(fields.one_of("preset", PRESETS)))
    description = read_description(fields)
    return RestIssuer(name, description, Line(name, description, resolve))


def preset(name: str) -> Mapping[str, object]:
    """A description that comes with keytui, but for its url and credentials."""
    return tomllib.loads((files("keytui.issuers.rest") / "presets" / f"{name}.toml").read_text())


def read_description(fields: Fields) -> Description:
    """The whole table."""
    fields.only(_TOP, "a rest issuer")
    url = fields.url("url").rstrip("/")
    if set(url) & set("?#"):
        raise fields.wrong("url", "has parameters", "they go under list.query")
    create = _making(fields, "create")
    takes_ours = create is not None and Word.VALUE in create.put.values()
    return Description(
        url=url,
        access=_access(fields),
        listing=_listing(fields),
        create=create,
        rotate=_making(fields, "rotate"),
        suspend=_call(fields, "suspend"),
        restore=_call(fields, "restore"),
        revoke=_revoking(fields),
        format=_format(fields) if takes_ours else None,
        keeps_plaintext=fields.flag("keeps_plaintext"),
        errors=fields.texts("errors"),
        unknown_id=frozenset(_status(fields, text) for text in fields.texts("unknown_id", ("404",))),
        notes=fields.texts("notes"),
        timeout=_timeout(fields),
    )


def _timeout(fields: Fields) -> timedelta:
    """One change takes several exchanges, and altogether no longer than any issuer may."""
    timeout = fields.duration("timeout", "15s")
    if timeout > _LONGEST:
        raise fields.wrong("timeout", "is not between 1 second and 1 minute", 'as in timeout = "15s"')
    return timeout


def _access(fields: Fields) -> Access:
    if fields.has("credential") and fields.has("user"):
        raise fields.wrong("credential", "and user are two ways in", "name one of them")
    if fields.has("credential"):
        return HeaderCredential(fields.reference("credential"), fields.header("header"))
    if not fields.has("user"):
        if fields.has("login") or fields.has("header"):
            instead = ", or user and password" if fields.has("login") else ""
            raise fields.wrong("credential", "is missing", f"name a credential{instead}, as in env:NAME")
        return None
    login = fields.table("login")
    login.only(_LOGIN, "a login")
    probe = _path(login, "probe") if login.has("probe") else ""
    return CookieLogin(
        path=_path(login, "path"),
        user=fields.reference("user"),
        password=fields.reference("password"),
        user_at=_within(login, "user"),
        password_at=_within(login, "password"),
        probe=probe,
        probe_user=login.pointer("probe_user") if probe else "",
    )


def _listing(fields: Fields) -> Listing:
    table = fields.table("list")
    table.only(_LIST, "a list")
    told = {
        name: table.pointer(name) if table.text(name) else ""
        for name in ("label", "prefix", "created", "last_used", "expires", "scopes")
    }
    return Listing(
        path=_path(table, "path"),
        query=table.mapping("query"),
        items=table.pointer("items"),
        id=table.pointer("id"),
        suspended=_condition(table, "suspended"),
        revoked=_condition(table, "revoked"),
        paging=_paging(table.table("paging")) if table.has("paging") else None,
        **told,
    )


def _paging(table: Fields) -> Paging:
    table.only(_PAGING, "paging")
    by = PagedBy(table.one_of("by", tuple(PagedBy)))
    return Paging(
        by=by,
        parameter=table.needed("parameter"),
        limit=table.text("limit"),
        size=table.count("size", 100),
        next=table.pointer("next") if by is PagedBy.NEXT else "",
    )


def _condition(fields: Fields, name: str) -> Condition | None:
    if not fields.has(name):
        return None
    table = fields.table(name)
    table.only(_CONDITION, "a condition")
    wanted = table.scalar("is")
    return Condition(table.pointer("at"), None if wanted == "" else wanted)


def _call(fields: Fields, name: str) -> Call | None:
    if not fields.has(name):
        return None
    table = fields.table(name)
    table.only(_CALL, "a call")
    return _request(table, about_one=True)


def _revoking(fields: Fields) -> tuple[Call, ...]:
    """`[revoke]`, and `[revoke.first]` before it."""
    if not fields.has("revoke"):
        return ()
    table = fields.table("revoke")
    table.only((*_CALL, "first"), "a call that revokes")
    first = _call(table, "first")
    last = _request(table, about_one=True)
    return (first, last) if first else (last,)


def _making(fields: Fields, name: str) -> Making | None:
    """`create` makes a key, `rotate` the next value of one that is there."""
    if not fields.has(name):
        return None
    table = fields.table(name)
    table.only(_MAKING, f"{name}")
    put = {_pointer_to(table, "put", there): _word(table, word) for there, word in table.mapping("put").items()}
    copy = {_pointer_to(table, "copy", there): here for there, here in table.mapping("copy").items()}
    silent = Word.VALUE in put.values() and not table.has("returns")
    return Making(
        call=_request(table, about_one=name == "rotate"),
        returns=None if silent else table.pointer("returns"),
        id=table.pointer("id") if name == "create" else "",
        label=table.text("label") or "{name}",
        put=put,
        copy=copy,
    )


def _request(table: Fields, *, about_one: bool) -> Call:
    path = _path(table, "path")
    if about_one is not ("{id}" in path):
        raise table.wrong(
            "path",
            "does not say of which key" if about_one else "names a key that is not there yet",
            'as in path = "/keys/{id}"' if about_one else "leave out {id}",
        )
    body = table.document("body") if table.has("body") else None
    return Call(table.one_of("method", _METHODS), path, table.mapping("query"), body)


def _path(table: Fields, name: str) -> str:
    path = table.needed(name)
    if not path.startswith("/") or not path.isprintable() or set(path) & set("?# \\"):
        raise table.wrong(name, "is a path from the url on", f'as in {name} = "/api/keys"; parameters go under query')
    return path


def _within(table: Fields, name: str) -> str:
    return _pointer_to(table, name, table.needed(name))


def _pointer_to(table: Fields, name: str, pointer: str) -> str:
    if not pointer.startswith("/"):
        raise table.wrong(name, "says where by JSON pointers", 'as in "/name"')
    return pointer


def _word(table: Fields, word: str) -> Word:
    if word not in tuple(Word):
        raise table.wrong("put", "puts a word that is none", f"the words are {', '.join(Word)}")
    return Word(word)


def _status(fields: Fields, text: str) -> int:
    if not (text.isascii() and text.isdigit() and 400 <= int(text) < 600):
        raise fields.wrong("unknown_id", "is a list of statuses", 'as in unknown_id = ["404"]')
    return int(text)


def _format(fields: Fields) -> Format:
    try:
        format_ = parse_format(fields.needed("format"))
    except Invalid as error:
        raise fields.wrong("format:", error.message, error.hint) from None
    if len(format_.prefix) > PREFIX_LENGTH - _TELLING:
        raise fields.wrong(
            "format", "leaves too few of the first 12 characters to chance", "give it a shorter prefix: 4 characters"
        )
    return format_
