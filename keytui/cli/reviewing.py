"""`keytui review`: who may what with which key, looked at one by one and signed off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

import typer

from keytui.cli.asking import answered, confirm, interactive
from keytui.cli.looking import remark_no_such_values
from keytui.cli.operators import operator_shape, say_operators
from keytui.cli.options import JsonOption, NoteOption
from keytui.cli.output import remark, say, say_json
from keytui.cli.reviewed import review_shape, reviewed_shape, say_reviewed
from keytui.cli.session import opened, written_out
from keytui.clock import utc_now
from keytui.domain.errors import ApprovalNeeded, Invalid, Refused
from keytui.domain.keys import Key, KeyEdit
from keytui.domain.query import Query, parse
from keytui.domain.reviews import Decision, Reviewed
from keytui.vault.protocol import Vault

_PAGE: Final = 200
_DECISIONS: Final = {
    "k": Decision.KEPT,
    "o": Decision.HANDED_OVER,
    "d": Decision.DISABLED,
    "l": Decision.ROTATE_LATER,
}
_ANSWERS: Final = "k keep, o change owner, d disable, l rotate later, s skip, q quit"


def review(
    context: typer.Context,
    *,
    query: Annotated[
        str, typer.Option("--query", metavar="Q", help="Which keys, as in the console: flag:shared env:production.")
    ] = "",
    sign_off: Annotated[
        str | None, typer.Option("--sign-off", metavar="KEY", help="Sign one key off, without a question.")
    ] = None,
    note: NoteOption = "",
    json: JsonOption = False,
) -> None:
    """Walk through the keys: owner, scopes, consumers, who saw the secret; then who holds a token.

    On a terminal each is decided on, and signed off in the audit log. In a pipe, and with --json, it only tells.
    """
    if note and sign_off is None:
        raise Invalid("a note is about one key", "name it: --sign-off KEY")
    if query and sign_off is not None:
        raise Invalid("--query and --sign-off say two things", "leave one away")
    with opened(context) as vault:
        if sign_off is not None:
            _sign_one_off(vault, sign_off, note, json)
            return
        which = parse(written_out(context, query))
        remark_no_such_values(vault, which, vault.count(which))
        if json:
            _tell_json(vault, which)
        else:
            _walk(vault, which, ask=interactive())


def _sign_one_off(vault: Vault, reference: str, note: str, json: bool) -> None:
    key = vault.find(reference)
    signed = vault.sign_off(key.id, Decision.KEPT, note)
    if json:
        say_json(review_shape(signed))
    else:
        say(f"signed off {key.name} ({key.environment})")


def _tell_json(vault: Vault, query: Query) -> None:
    now = utc_now()
    keys = [reviewed_shape(one, now) for one in _all(vault, query)]
    say_json({"keys": keys, "operators": [operator_shape(operator) for operator in vault.operators()]})


def _all(vault: Vault, query: Query) -> Iterator[Reviewed]:
    """Every key that matches. Each page is asked for as it is needed, so that a long walk sees what has changed."""
    offset = 0
    while True:
        page = vault.reviews(query, offset, _PAGE)
        yield from page.rows
        offset += _PAGE
        if offset >= page.total:
            return


def _walk(vault: Vault, query: Query, *, ask: bool) -> None:
    rows = list(_all(vault, query)) if ask else _all(vault, query)  # a decision may take a key out of the query
    signed = number = 0
    total = vault.reviews(query, 0, 1).total
    for number, one in enumerate(rows, 1):
        say_reviewed(one, f"{number} of {total}", utc_now())
        if ask:
            outcome = _decided(vault, one.summary.key)
            if outcome is None:
                break
            signed += outcome
    say()
    say("OPERATORS AND SERVICES")
    say_operators(vault.operators())
    remark(f"{number} of {total} keys looked at, {signed} signed off")


def _decided(vault: Vault, key: Key) -> bool | None:
    """Whether the key was signed off; None to look at no more keys."""
    while True:
        given = answered(f"{key.name} ({key.environment}): {_ANSWERS}")
        if given in {None, "q"}:
            return None
        if given == "s":
            return False
        try:
            if given in _DECISIONS:
                _carry_out(vault, key, _DECISIONS[given])
                return True
        except ApprovalNeeded as error:
            remark(f"{error.message}: not signed off yet; {error.hint}")
            return False
        except (Invalid, Refused) as error:
            remark(f"{error.message}: {error.hint}")


def _carry_out(vault: Vault, key: Key, decision: Decision) -> None:
    """What the decision changes, then the sign-off: a change without one is in the log by itself."""
    if decision is Decision.HANDED_OVER:
        owner = answered("new owner")
        if not owner:
            raise Invalid("no owner was named", "say who answers for it, or choose something else")
        vault.edit(key.id, KeyEdit(owner=owner))
    if decision is Decision.DISABLED:
        confirm(f"Every request with {key.name} ({key.environment}) will be refused within a second.", key.name)
    note = answered("until when, and why" if decision is Decision.ROTATE_LATER else "note for the log, or nothing")
    if decision is Decision.ROTATE_LATER and not note:
        raise Invalid("to rotate later takes a note", "say until when, and why")
    if decision is Decision.DISABLED:
        vault.disable(key.id, note or "")
    vault.sign_off(key.id, decision, note or "")
