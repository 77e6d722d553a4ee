"""Who uses keys, how much, and what falls due."""

from __future__ import annotations

from typing import Annotated

import typer

from keytui.cli.options import JsonOption, KeyArgument, SinceOption
from keytui.cli.output import remark, say_json_array, say_table
from keytui.cli.session import opened
from keytui.cli.shapes import caller_shape, due_shape, usage_shape
from keytui.cli.times import ago, ahead, before, minute
from keytui.clock import utc_now
from keytui.domain.durations import parse_duration, short


def callers(context: typer.Context, key: KeyArgument, json: JsonOption = False) -> None:
    """List who uses a key, the latest first."""
    with opened(context) as vault:
        found = vault.callers(vault.find(key).id)
    now = utc_now()
    if json:
        say_json_array(caller_shape(use) for use in found)
        return
    say_table(
        ("CALLER", "KNOWN BY", "VERSION", "FIRST SEEN", "LAST SEEN", "ACCEPTED", "REFUSED", "LONGEST PAUSE"),
        [
            (
                use.caller.name,
                "name" if use.caller.declared else "address",
                f"v{use.version}",
                minute(use.first_seen),
                ago(use.last_seen, now),
                str(use.accepted),
                str(use.refused),
                "-" if use.longest_gap is None else short(use.longest_gap),
            )
            for use in found
        ],
        "CALLER",
        ("LONGEST PAUSE", "FIRST SEEN", "KNOWN BY"),
    )
    if not found:
        remark("nobody was seen: callers appear once a service checks its requests with a verifier")


def usage(
    context: typer.Context,
    key: Annotated[str | None, typer.Argument(metavar="KEY", help="One key; without it, the busiest.")] = None,
    since: SinceOption = "24h",
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="At most so many keys.")] = 20,
    json: JsonOption = False,
) -> None:
    """Count the requests of a key, or of the busiest."""
    start = before(since, utc_now())
    with opened(context) as vault:
        found = vault.usage(None if key is None else vault.find(key).id, start, limit)
    if json:
        say_json_array(usage_shape(one) for one in found)
        return
    rows = []
    for one in found:
        for version in sorted({point.version for point in one.points}, reverse=True):
            points = [point for point in one.points if point.version == version]
            accepted, refused = sum(point.accepted for point in points), sum(point.refused for point in points)
            rows.append((one.key_name, f"v{version}", str(accepted), str(refused)))
    say_table(("KEY", "VERSION", "ACCEPTED", "REFUSED"), rows, "KEY")
    if not rows:
        remark(f"no request was recorded since {minute(start)}")


def schedule(
    context: typer.Context,
    following: Annotated[str, typer.Option("--next", metavar="D", help="How far to look ahead.")] = "30d",
    json: JsonOption = False,
) -> None:
    """List what falls due when; what is overdue comes first."""
    now = utc_now()
    until = now + parse_duration(following)
    with opened(context) as vault:
        found = vault.schedule(until)
    if json:
        say_json_array(due_shape(due, now) for due in found)
        return
    say_table(
        ("WHEN", "", "WHAT", "KEY", "ENV", "OWNER"),
        [
            (minute(due.at), ahead(due.at, now), due.what, due.key.name, due.key.environment, due.key.owner or "-")
            for due in found
        ],
        "KEY",
        ("OWNER",),
    )
    if not found:
        remark(f"nothing falls due before {minute(until)}")
