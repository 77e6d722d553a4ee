"""Requests for a second operator's word: what waits, and the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from keytui.cli.options import JsonOption, NoteOption
from keytui.cli.output import remark, say, say_json, say_json_array, say_table
from keytui.cli.session import opened
from keytui.cli.shapes import Shape
from keytui.cli.times import ahead, iso, minute
from keytui.clock import utc_now
from keytui.domain.approvals import Approval, ApprovalState

NumberArgument = Annotated[int, typer.Argument(metavar="N", help="The request's number.")]

approvals = typer.Typer(
    rich_markup_mode=None, invoke_without_command=True, help="What waits for a second operator's approval."
)


def list_approvals(
    context: typer.Context,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Those of the last 30 days that were answered too.")] = False,
    json: JsonOption = False,
) -> None:
    """List the requests that wait for an answer, the oldest first."""
    if context.invoked_subcommand is not None:
        return
    with opened(context) as vault:
        found = vault.approvals(decided=all_)
    if json:
        say_json_array(map(approval_shape, found))
    else:
        _say_approvals(found)


approvals.callback()(list_approvals)
approvals.command("list")(list_approvals)


@approvals.command()
def approve(context: typer.Context, number: NumberArgument, note: NoteOption = "", json: JsonOption = False) -> None:
    """Agree: whoever asked can do that one thing, once, within a day."""
    with opened(context) as vault:
        _say(vault.approve(number, note), json)


@approvals.command()
def deny(context: typer.Context, number: NumberArgument, note: NoteOption = "", json: JsonOption = False) -> None:
    """Say no; or take a request of your own back."""
    with opened(context) as vault:
        _say(vault.deny(number, note), json)


def approval_shape(approval: Approval) -> Shape:
    """A request. A key that is to be made has an empty id."""
    return {
        "id": approval.id,
        "state": approval.state,
        "operation": approval.operation,
        "what": approval.what,
        "key_id": approval.key_id,
        "key": approval.key_name,
        "environment": approval.environment,
        "tenant": approval.tenant,
        "requested_by": approval.requested_by,
        "requested_at": iso(approval.requested_at),
        "expires_at": iso(approval.expires_at),
        "decided_by": approval.decided_by,
        "decided_at": iso(approval.decided_at),
        "note": approval.note,
    }


def _say(approval: Approval, json: bool) -> None:
    if json:
        say_json(approval_shape(approval))
        return
    say(f"{approval.state} #{approval.id}: {approval.operation} {approval.key_name} ({approval.environment})")
    if approval.state is ApprovalState.APPROVED:
        remark(f"{approval.requested_by} does it again to have it done, until {minute(approval.expires_at)}")


def _say_approvals(found: Sequence[Approval]) -> None:
    now = utc_now()
    rows = [
        (
            f"#{approval.id}",
            approval.state,
            approval.operation,
            f"{approval.key_name} ({approval.environment})",
            approval.what,
            approval.requested_by,
            approval.decided_by or ahead(approval.expires_at, now),
        )
        for approval in found
    ]
    headings = ("N", "STATE", "TO", "KEY", "WHAT", "ASKED BY", "ANSWERED BY, OR EXPIRES")
    say_table(headings, rows, cut="WHAT", leave_out=("STATE",))
    if not rows:
        remark("nothing waits for an answer")
