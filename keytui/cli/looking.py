"""Keys looked at: a list of those that match, or all of one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from itertools import chain, islice
from typing import Annotated, Final

import typer

from keytui.cli.drift_words import said
from keytui.cli.options import MOST_ROWS, JsonOption, KeyArgument
from keytui.cli.output import remark, say, say_fields, say_json, say_json_array, say_table
from keytui.cli.rotations import versions
from keytui.cli.session import opened, written_out
from keytui.cli.shapes import detail_shape, key_shape
from keytui.cli.times import age, ago, ahead, minute
from keytui.clock import utc_now
from keytui.domain.drift import custody
from keytui.domain.errors import Invalid, KeytuiError
from keytui.domain.keys import KeySummary
from keytui.domain.no_such_value import may_mislead
from keytui.domain.query import Query, Sort, parse, parse_sort
from keytui.domain.text import harmless, shortened
from keytui.vault.model import KeyDetail
from keytui.vault.protocol import Vault

PAGE: Final = 500
_BEFORE_THE_COMMAND: Final = frozenset({"--plain", "--profile", "--read-only", "--write"})


def list_keys(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="QUERY", help="As in the console: flag:stale env:production unused:>30d -env:test"),
    ] = None,
    sort: Annotated[str, typer.Option(metavar="FIELD", help="name, env, owner, age, last-used, expires, created.")] = (
        "name"
    ),
    limit: Annotated[int | None, typer.Option(min=1, max=MOST_ROWS, metavar="N", help="At most so many.")] = None,
    json: JsonOption = False,
) -> None:
    """List the keys that match."""
    query = _query(context, words or [])
    order = parse_sort(sort)
    with opened(context) as vault:
        now = utc_now()
        found = islice(matching(vault, query, order), limit)
        if json:
            first = tuple(islice(found, 1))
            say_json_array(key_shape(summary, now) for summary in chain(first, found))
            remark_no_such_values(vault, query, len(first))
            return
        rows = [_row(summary, now) for summary in found]
        say_table(
            ("NAME", "ENV", "OWNER", "PREFIX", "VER", "STATE", "AGE", "LAST USED", "EXPIRES", "FLAGS"),
            rows,
            "NAME",
            ("EXPIRES", "OWNER", "VER", "AGE", "PREFIX"),
        )
        total = vault.page(query, order, 0, 1).total
        remark(f"{len(rows)} of {total}" if rows else _nothing(vault, query))
        remark_no_such_values(vault, query, total)


def remark_no_such_values(vault: Vault, query: Query, found: int) -> None:
    """Say which values no key has, where that is why nothing was found or why a `-` leaves nothing out."""
    with suppress(KeytuiError):  # the answer itself is out
        if may_mislead(query, found):
            for one in vault.no_such_values(query):
                remark(shortened(one.in_words()))


def _nothing(vault: Vault, query: Query) -> str:
    if query.terms:
        return "nothing matches: `keytui list` without a query lists all"
    if vault.page(parse("state:revoked"), Sort(), 0, 1).total:
        return "every key is revoked: `keytui list state:revoked` lists them"
    return "no key yet: `keytui create` makes one, `keytui import .env` takes yours in, `keytui demo` shows a fleet"


def show(context: typer.Context, key: KeyArgument, json: JsonOption = False) -> None:
    """Show all of one key."""
    with opened(context) as vault:
        detail = vault.detail(vault.find(key).id)
    now = utc_now()
    if json:
        say_json(detail_shape(detail, now))
    else:
        _say_detail(detail, now)


def matching(vault: Vault, query: Query, order: Sort) -> Iterator[KeySummary]:
    """Every key that matches, page by page."""
    offset = 0
    while True:
        page = vault.page(query, order, offset, PAGE)
        yield from page.rows
        offset += PAGE
        if offset >= page.total:
            return


def _query(context: typer.Context, words: list[str]) -> Query:
    """The words of a query; a leading dash negates, so only two of them can be a mistyped option."""
    mistyped = next((word for word in words if word.startswith("--")), None)
    if mistyped in _BEFORE_THE_COMMAND:
        raise Invalid(f"{mistyped} stands before the command", f"`keytui {mistyped} … list`")
    if mistyped is not None:
        raise Invalid(
            f"there is no option {mistyped}", "`keytui list --help` names them; a query negates with one dash"
        )
    return parse(written_out(context, " ".join(words)))


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
            ("issuer", key.issuer + custody(detail.keeps_plaintext)),
            ("targets", ", ".join(key.targets)),
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
        "LABEL",
        ("FINGERPRINT",),
    )
    for version in detail.versions:
        if version.drift is not None:
            what, command = said(key, version.number, version.state, version.drift)
            say(f"at {harmless(key.issuer)}: {what}")
            say(f"  {harmless(command)}")
    if detail.callers:
        say()
        say_table(
            ("CALLER", "VERSION", "LAST SEEN"),
            [(use.caller.name, f"v{use.version}", ago(use.last_seen, now)) for use in detail.callers],
            "CALLER",
        )
    if detail.rotations:
        say()
        say_table(
            ("ROTATION", "STRATEGY", "REASON", "STATE", "VERSIONS", "STARTED", "ENDED"),
            [
                (
                    f"#{rotation.id}",
                    rotation.plan.strategy,
                    rotation.plan.reason,
                    rotation.state,
                    versions(rotation),
                    minute(rotation.started_at),
                    minute(rotation.closed_at, "-"),
                )
                for rotation in detail.rotations
            ],
            "REASON",
            ("ENDED", "STARTED"),
        )
    if detail.audit:
        say()
        say_table(
            ("WHEN", "WHO", "WHAT"), [(minute(entry.at), entry.actor, entry.event.type) for entry in detail.audit]
        )
