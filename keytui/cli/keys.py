"""Keys: made, listed, looked at and changed."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Annotated, Final

import typer

from keytui.cli.handover import claim_output, hand_out, hand_out_json, nothing_lost
from keytui.cli.options import (
    AppsOption,
    DescriptionOption,
    EnvironmentOption,
    JsonOption,
    KeyArgument,
    OwnerOption,
    ScopesOption,
    ShowOption,
    TenantOption,
)
from keytui.cli.output import remark, say, say_fields, say_json, say_json_array, say_table
from keytui.cli.session import opened
from keytui.cli.shapes import detail_shape, key_shape
from keytui.cli.times import age, ago, ahead, expiry, minute
from keytui.clock import utc_now
from keytui.domain.errors import Invalid
from keytui.domain.keys import KeyDraft, KeyEdit, KeySummary
from keytui.domain.query import Query, Sort, parse, parse_sort
from keytui.vault.model import Issued, KeyDetail
from keytui.vault.protocol import Vault

PAGE: Final = 500


def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Unique in its environment.")],
    *,
    environment: EnvironmentOption,
    owner: OwnerOption,
    scopes: ScopesOption,
    tenant: TenantOption = "",
    expires: Annotated[str, typer.Option(metavar="D", help="90d, a date, or never.")] = "never",
    format_: Annotated[
        str, typer.Option("--format", metavar="F", help="tk, hk, base64, or PREFIX:ALPHABET:LENGTH.")
    ] = "tk",
    sensitive: Annotated[bool, typer.Option("--sensitive", help="Mark it as one to handle with care.")] = False,
    apps: AppsOption = None,
    description: DescriptionOption = "",
    show: ShowOption = False,
    json: JsonOption = False,
) -> None:
    """Make a key. In a pipe its secret is all that standard output carries."""
    claim_output(show)
    draft = KeyDraft(
        name,
        environment,
        description=description,
        owner=owner,
        tenant=tenant,
        scopes=tuple(scopes),
        apps=tuple(apps or ()),
        format=format_,
        sensitive=sensitive,
        expires_at=expiry(expires, utc_now()),
    )
    with opened(context) as vault:
        issued = vault.create(draft, secrets.token_hex(16))
        with nothing_lost(
            f"{name} exists now, and nobody holds its secret: `keytui rotate {issued.key.id} --strategy immediate`"
        ):
            _hand_out_created(vault, issued, json)
        remark(f"created {issued.key.name}, version {issued.version.number} ({issued.version.prefix}…)")


def list_keys(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="QUERY", help="As in the console: flag:stale env:production unused:>30d -env:test"),
    ] = None,
    sort: Annotated[str, typer.Option(metavar="FIELD", help="name, env, owner, age, last-used, expires, created.")] = (
        "name"
    ),
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="At most so many.")] = None,
    json: JsonOption = False,
) -> None:
    """List the keys that match."""
    query = _query(words or [])
    order = parse_sort(sort)
    with opened(context) as vault:
        now = utc_now()
        found = islice(matching(vault, query, order), limit)
        if json:
            say_json_array(key_shape(summary, now) for summary in found)
            return
        rows = [_row(summary, now) for summary in found]
        say_table(("NAME", "ENV", "OWNER", "PREFIX", "VER", "STATE", "AGE", "LAST USED", "EXPIRES", "FLAGS"), rows)
        total = vault.page(query, order, 0, 1).total
        remark(f"{len(rows)} of {total}" if rows else "nothing matches: `keytui list` without a query lists all")


def show(context: typer.Context, key: KeyArgument, json: JsonOption = False) -> None:
    """Show all of one key."""
    with opened(context) as vault:
        detail = vault.detail(vault.find(key).id)
    now = utc_now()
    if json:
        say_json(detail_shape(detail, now))
    else:
        _say_detail(detail, now)


def edit(
    context: typer.Context,
    key: KeyArgument,
    *,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="A new name.")] = None,
    owner: Annotated[str | None, typer.Option(metavar="O", help="Who answers for it.")] = None,
    scopes: Annotated[
        list[str] | None, typer.Option("--scope", metavar="S", help="What it may do, all of it; repeat it.")
    ] = None,
    apps: Annotated[
        list[str] | None, typer.Option("--app", metavar="A", help="The applications that use it, all; repeat it.")
    ] = None,
    description: Annotated[str | None, typer.Option(metavar="TEXT", help="What it is for.")] = None,
    expires: Annotated[str | None, typer.Option(metavar="D", help="90d, a date, or never.")] = None,
    sensitive: Annotated[bool | None, typer.Option(help="Whether to handle it with care.")] = None,
    json: JsonOption = False,
) -> None:
    """Change a key: its environment and kind never do."""
    change = KeyEdit(
        name=name,
        description=description,
        owner=owner,
        scopes=None if scopes is None else tuple(scopes),
        apps=None if apps is None else tuple(apps),
        sensitive=sensitive,
        expires_at=None if expires is None else expiry(expires, utc_now()),
        never_expires=expires == "never",
    )
    with opened(context) as vault:
        edited = vault.edit(vault.find(key).id, change)
        if json:
            say_json(detail_shape(vault.detail(edited.id), utc_now()))
        else:
            say(f"changed {edited.name}")


def matching(vault: Vault, query: Query, order: Sort) -> Iterator[KeySummary]:
    """Every key that matches, page by page."""
    offset = 0
    while True:
        page = vault.page(query, order, offset, PAGE)
        yield from page.rows
        offset += PAGE
        if offset >= page.total:
            return


def _query(words: list[str]) -> Query:
    """The words of a query; a leading dash negates, so only two of them can be a mistyped option."""
    mistyped = next((word for word in words if word.startswith("--")), None)
    if mistyped is not None:
        raise Invalid(
            f"there is no option {mistyped}", "`keytui list --help` names them; a query negates with one dash"
        )
    return parse(" ".join(words))


def _hand_out_created(vault: Vault, issued: Issued, json: bool) -> None:
    if not json:
        hand_out(issued.secret)
        return
    summary = vault.detail(issued.key.id).summary
    hand_out_json(
        {
            "key": key_shape(summary, utc_now()),
            "version": issued.version.number,
            "secret": issued.secret.reveal(),
        }
    )


def _row(summary: KeySummary, now: datetime) -> tuple[str, ...]:
    key = summary.key
    return (
        key.name,
        key.environment,
        key.owner or "-",
        summary.version.prefix or "-",
        f"v{summary.version.number}",
        key.state(now),
        age(summary.age_from, now),
        ago(summary.last_used_at, now),
        ahead(key.expires_at, now),
        ", ".join(summary.flags) or "-",
    )


def _say_detail(detail: KeyDetail, now: datetime) -> None:
    key, current = detail.summary.key, detail.summary.version
    say_fields(
        (
            ("name", key.name),
            ("id", key.id),
            ("kind", key.kind),
            ("state", key.state(now)),
            ("flags", ", ".join(detail.summary.flags)),
            ("environment", key.environment),
            ("tenant", key.tenant),
            ("owner", key.owner or "nobody"),
            ("description", key.description),
            ("scopes", ", ".join(key.scopes)),
            ("applications", ", ".join(key.apps)),
            ("issuer", key.issuer),
            ("sensitive", "yes" if key.sensitive else ""),
            ("version", f"v{current.number} {current.prefix or '(no prefix shown)'}"),
            ("created", minute(key.created_at)),
            ("rotated", minute(key.rotated_at)),
            ("last used", minute(detail.summary.last_used_at)),
            ("expires", f"{minute(key.expires_at)} ({ahead(key.expires_at, now)})" if key.expires_at else "never"),
            ("rotation", f"#{detail.summary.rotation_id} is open" if detail.summary.rotation_id else ""),
        )
    )
    say()
    say_table(
        ("VERSION", "STATE", "PREFIX", "FINGERPRINT", "CREATED", "LAST USED", "LABEL"),
        [
            (
                f"v{version.number}",
                version.state,
                version.prefix or "-",
                version.fingerprint or "-",
                minute(version.created_at),
                minute(version.last_used_at),
                version.label,
            )
            for version in detail.versions
        ],
    )
    if detail.callers:
        say()
        say_table(
            ("CALLER", "VERSION", "LAST SEEN"),
            [(use.caller.name, f"v{use.version}", ago(use.last_seen, now)) for use in detail.callers],
        )
    if detail.audit:
        say()
        say_table(
            ("WHEN", "WHO", "WHAT"), [(minute(entry.at), entry.actor, entry.event.type) for entry in detail.audit]
        )
