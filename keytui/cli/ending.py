"""Keys refused for a while or for good."""

from __future__ import annotations

from typing import Annotated

import typer

from keytui.cli.asking import confirm_unless
from keytui.cli.batch import each
from keytui.cli.counting import counted
from keytui.cli.looking import matching
from keytui.cli.options import JsonOption, KeyArgument, NoteOption, YesOption
from keytui.cli.output import remark, say, say_json, say_json_array
from keytui.cli.session import opened
from keytui.cli.shapes import Shape, key_shape
from keytui.clock import utc_now
from keytui.domain.errors import Invalid, NotFound
from keytui.domain.keys import Key, KeyState
from keytui.domain.query import Facet, Query, Sort, Term
from keytui.domain.rotation import Reason
from keytui.vault.protocol import Vault


def disable(
    context: typer.Context,
    key: Annotated[str | None, typer.Argument(metavar="KEY", help="An id, a unique name or a unique prefix.")] = None,
    *,
    owner: Annotated[str | None, typer.Option(metavar="O", help="Every key of an owner, instead of one.")] = None,
    note: NoteOption = "",
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Refuse a key, or all keys of an owner, reversibly."""
    if (key is None) == (owner is None):
        raise Invalid("disable takes a KEY, or an owner with --owner", "name one of the two")
    with opened(context) as vault:
        if key is not None:
            _say(vault, vault.disable(vault.find(key).id, note), "disabled", json)
        else:
            _disable_all(vault, owner or "", note, yes, json)


def enable(context: typer.Context, key: KeyArgument, note: NoteOption = "", json: JsonOption = False) -> None:
    """Accept a disabled key again."""
    with opened(context) as vault:
        _say(vault, vault.enable(vault.find(key).id, note), "enabled", json)


def revoke(
    context: typer.Context,
    key: KeyArgument,
    *,
    reason: Annotated[Reason, typer.Option(help="Why; 'other' needs --note.")],
    version: Annotated[int | None, typer.Option(min=1, metavar="N", help="One version instead of the key.")] = None,
    note: NoteOption = "",
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """End a key, or one version of it, for good."""
    with opened(context) as vault:
        found = vault.find(key)
        what = found.name if version is None else f"version {version} of {found.name}"
        question = f"{what} ({found.environment}) will be refused for good."
        confirm_unless(yes, "revoking is final", question, found.name)
        revoked = vault.revoke(found.id, version, reason, note)
        _say(vault, revoked, "revoked" if version is None else f"revoked version {version} of", json)


def _disable_all(vault: Vault, owner: str, note: str, yes: bool, json: bool) -> None:
    keys = _of_owner(vault, owner)
    remark(f"{counted(len(keys), 'key')} of {owner}: " + ", ".join(f"{key.name} ({key.environment})" for key in keys))
    at_stake = f"all keys of {owner} would be refused"
    confirm_unless(yes, at_stake, "All of them will be refused within a second.", owner)

    def disable_one(key: Key) -> None:
        vault.disable(key.id, note)
        if not json:
            say(f"disabled {key.name} ({key.environment})")

    try:
        each(keys, disable_one)
    finally:
        if json:
            say_json_array(_shape(vault, key) for key in keys)


def _of_owner(vault: Vault, owner: str) -> list[Key]:
    query = Query((Term(Facet.OWNER, owner.lower()),))
    now = utc_now()
    found = [summary.key for summary in matching(vault, query, Sort()) if summary.key.state(now) is KeyState.ACTIVE]
    if not found:
        raise NotFound(f"{owner!r} owns no key that is accepted", f"`keytui list owner:{owner}` lists all of them")
    return found


def _say(vault: Vault, key: Key, what: str, json: bool) -> None:
    if json:
        say_json(_shape(vault, key))
    else:
        say(f"{what} {key.name}")


def _shape(vault: Vault, key: Key) -> Shape:
    return key_shape(vault.detail(key.id).summary, utc_now())
