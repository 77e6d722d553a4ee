"""Operators and services: who holds a token for a vault, from the first to the last day."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from keytui.cli.asking import confirm_unless
from keytui.cli.handover import claim_output, hand_out, hand_out_json, nothing_lost
from keytui.cli.options import JsonOption, NoteOption, ShowOption, YesOption
from keytui.cli.output import remark, say, say_json, say_json_array, say_table
from keytui.cli.session import opened
from keytui.cli.shapes import Shape, key_shape
from keytui.cli.times import ahead, expiry, iso, minute
from keytui.clock import utc_now
from keytui.domain.access import GRANTED, SERVICE_SCOPES, Operation, Role
from keytui.domain.errors import Invalid
from keytui.domain.operators import Operator, OperatorDraft
from keytui.vault.model import DisabledUser
from keytui.vault.protocol import Vault

_EVERY_TENANT: Final = "all"
"""How a list shows an operator without a tenant; that of keys without one is `-`."""

operators = typer.Typer(
    rich_markup_mode=None, invoke_without_command=True, help="Who holds a token for this vault, and may do what."
)


@operators.command()
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is; a second token of ada is ada@laptop.")],
    *,
    role: Annotated[str, typer.Option(metavar="R", help=f"One of {', '.join(GRANTED)}.")],
    tenant: Annotated[str | None, typer.Option(metavar="T", help="The one tenant that it is for.")] = None,
    scopes: Annotated[
        list[str] | None,
        typer.Option("--scope", metavar="S", help=f"Of a service: {', '.join(sorted(SERVICE_SCOPES))}; repeat it."),
    ] = None,
    expires: Annotated[str, typer.Option(metavar="D", help="90d, a date, or never.")] = "never",
    show: ShowOption = False,
    json: JsonOption = False,
) -> None:
    """Make an operator or a service. In a pipe its token is all that standard output carries."""
    draft = OperatorDraft(name, _role(role), tenant, frozenset(map(_scope, scopes or ())), expiry(expires, utc_now()))
    claim_output(show)
    with opened(context) as vault:
        made = vault.add_operator(draft)
        with nothing_lost(f"{name} exists now, and nobody holds the token: `keytui operators revoke {name}`"):
            if json:
                hand_out_json({"operator": operator_shape(made.operator), "token": made.token.reveal()})
            else:
                hand_out(made.token)
        remark(f"made {made.operator.name}, {made.operator.role}{_where(made.operator)} ({made.operator.prefix}…)")


def list_operators(context: typer.Context, *, json: JsonOption = False) -> None:
    """List operators and services; those whose token was revoked come last."""
    if context.invoked_subcommand is not None:
        return
    with opened(context) as vault:
        found = vault.operators()
    if json:
        say_json_array(map(operator_shape, found))
    else:
        say_operators(found)


operators.callback()(list_operators)
operators.command("list")(list_operators)


@operators.command()
def revoke(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name, or an id where a name is not enough.")],
    *,
    note: NoteOption = "",
    json: JsonOption = False,
) -> None:
    """End a token: within a second it opens nothing, whatever it is doing."""
    with opened(context) as vault:
        revoked = vault.revoke_operator(name, note)
    if json:
        say_json(operator_shape(revoked))
    else:
        say(f"revoked the token of {revoked.name} ({revoked.prefix}…)")


def disable_user(
    context: typer.Context,
    user: Annotated[str, typer.Argument(metavar="USER", help="As keys name their owner and tokens their operator.")],
    *,
    note: NoteOption = "",
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Refuse every key that somebody owns and every token that they hold, at once."""
    with opened(context) as vault:
        at_stake = f"every key that {user} owns and every token of {user}"
        confirm_unless(yes, f"{at_stake} would be refused", f"E{at_stake[1:]} will be refused within a second.", user)
        done = vault.disable_user(user, note)
        if json:
            say_json(_disabled_shape(vault, done))
        else:
            _say_disabled(done)


def operator_shape(operator: Operator) -> Shape:
    """An operator or service. A tenant of null is every tenant."""
    return {
        "id": operator.id,
        "name": operator.name,
        "role": operator.role,
        "tenant": operator.tenant,
        "scopes": sorted(operator.scopes),
        "prefix": operator.prefix,
        "valid": operator.valid(utc_now()),
        "created_at": iso(operator.created_at),
        "created_by": operator.created_by,
        "expires_at": iso(operator.expires_at),
        "revoked_at": iso(operator.revoked_at),
    }


def _role(text: str) -> Role:
    found = next((role for role in GRANTED if role == text), None)
    if found is None:
        raise Invalid(f"nobody is given the role {text!r}", f"it is one of {', '.join(GRANTED)}")
    return found


def _scope(text: str) -> Operation:
    found = next((scope for scope in SERVICE_SCOPES if scope == text), None)
    if found is None:
        raise Invalid(f"{text!r} is no scope of a service", f"it is one of {', '.join(sorted(SERVICE_SCOPES))}")
    return found


def _where(operator: Operator) -> str:
    return "" if operator.tenant is None else f" of tenant {operator.tenant or '-'}"


def say_operators(found: tuple[Operator, ...]) -> None:
    """A table of them."""
    now = utc_now()
    headings = ("NAME", "ROLE", "TENANT", "TOKEN", "MADE", "BY", "EXPIRES")
    rows = [
        (
            operator.name,
            " ".join((operator.role, *sorted(operator.scopes))),
            _EVERY_TENANT if operator.tenant is None else operator.tenant or "-",
            f"{operator.prefix}…",
            minute(operator.created_at),
            operator.created_by,
            f"revoked {minute(operator.revoked_at)}" if operator.revoked_at else ahead(operator.expires_at, now),
        )
        for operator in found
    ]
    say_table(headings, rows, cut="NAME", leave_out=("BY", "MADE", "TOKEN"))
    if not rows:
        remark("nobody has a token: `keytui operators add NAME --role super_admin` makes the first")


def _disabled_shape(vault: Vault, done: DisabledUser) -> Shape:
    now = utc_now()
    return {
        "keys": [key_shape(vault.detail(key.id).summary, now) for key in done.keys],
        "operators": [operator_shape(operator) for operator in done.operators],
    }


def _say_disabled(done: DisabledUser) -> None:
    for key in done.keys:
        say(f"disabled {key.name} ({key.environment})")
    for operator in done.operators:
        say(f"revoked the token of {operator.name}")
