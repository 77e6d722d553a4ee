"""Who uses keys, how much, and what falls due."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from keytui.cli.options import MOST_ROWS, JsonOption, SinceOption
from keytui.cli.output import remark, say, say_json, say_json_array, say_table
from keytui.cli.session import opened
from keytui.cli.shapes import due_shape
from keytui.cli.times import ago, ahead, before, minute
from keytui.cli.traffic_shapes import caller_traffic_shape, monitor_shape
from keytui.clock import utc_now
from keytui.domain.durations import LONGEST, parse_duration, short
from keytui.domain.errors import Invalid
from keytui.domain.monitor import CallerTraffic, KeyTraffic
from keytui.domain.ranges import range_of
from keytui.domain.text import harmless
from keytui.domain.usage import Caller
from keytui.vault.protocol import Vault


def callers(
    context: typer.Context,
    key: Annotated[str | None, typer.Argument(metavar="KEY", help="Who uses this key.")] = None,
    caller: Annotated[
        str | None, typer.Option("--caller", metavar="NAME", help="Instead, the keys that one caller uses.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """List who uses a key, or the keys that a caller uses; the busiest first, then the latest."""
    if (key is None) == (caller is None):
        raise Invalid("give a key or a caller", "`keytui callers KEY`, or `keytui callers --caller NAME`")
    with opened(context) as vault:
        found = vault.caller_traffic(vault.find(key).id) if key is not None else _keys_of(vault, harmless(caller or ""))
    if json:
        say_json_array(caller_traffic_shape(each) for each in found)
        return
    now = utc_now()
    say_table(
        ("KEY", "CALLER", "KNOWN BY", "VERSION", "/MIN", "FIRST SEEN", "LAST SEEN", "ACCEPTED", "REFUSED", "PAUSE"),
        [(each.key_name, *_caller_cells(each, now)) for each in found],
        "CALLER",
        ("PAUSE", "FIRST SEEN", "KNOWN BY", "KEY" if caller is None else "CALLER"),
    )
    if not found and caller is None:
        remark("nobody was seen: callers appear once a service checks its requests with a verifier")
    elif not found:
        remark(f"no caller is called {caller!r}; `keytui callers KEY` lists names as they are known")


def _keys_of(vault: Vault, name: str) -> tuple[CallerTraffic, ...]:
    """Of the caller that declared the name, and of one that is known by it."""
    return tuple(each for declared in (True, False) for each in vault.caller_keys(Caller(name, declared)))


def _caller_cells(traffic: CallerTraffic, now: datetime) -> tuple[str, ...]:
    use = traffic.use
    return (
        use.caller.name,
        "name" if use.caller.declared else "address",
        f"v{use.version}",
        _rate(traffic.per_minute),
        minute(use.first_seen),
        ago(use.last_seen, now),
        str(use.accepted),
        str(use.refused),
        "-" if use.longest_gap is None else short(use.longest_gap),
    )


def usage(
    context: typer.Context,
    key: Annotated[str | None, typer.Argument(metavar="KEY", help="One key; without it, the busiest.")] = None,
    since: SinceOption = "24h",
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, metavar="N", help="At most so many keys.")] = 20,
    json: JsonOption = False,
) -> None:
    """Say how much the busiest keys are used, or one key and when: what the console's Usage mode shows."""
    now = utc_now()
    start = before(since, now)
    if start >= now:
        raise Invalid(f"{since!r} is not past", "name a time that is past, or a duration such as 24h")
    with opened(context) as vault:
        over = range_of(min(now - start, LONGEST))
        found = vault.monitor(over, limit, None if key is None else vault.find(key).id)
    if json:
        say_json(monitor_shape(found))
        return
    say_table(
        ("KEY", "/S", "24 H", "ACCEPTED", "REFUSED", "VERSIONS", "ALERT"),
        [_key_cells(one) for one in found.keys],
        "KEY",
        ("ALERT", "24 H", "VERSIONS"),
    )
    if not found.keys:
        remark(f"no request was recorded since {minute(found.as_of - found.range.span)}")
    elif key is not None:
        say()
        busy = [point for point in found.points if point.accepted or point.refused]
        rows = [(minute(point.at), str(point.accepted), str(point.refused)) for point in busy]
        say_table(("SINCE", "ACCEPTED", "REFUSED"), rows)
    elif found.total_keys > len(found.keys):
        remark(f"{len(found.keys)} of {found.total_keys} keys")


def _key_cells(key: KeyTraffic) -> tuple[str, ...]:
    return (
        key.key_name,
        _rate(key.per_second),
        str(key.day),
        str(key.accepted),
        str(key.refused),
        "  ".join(f"v{use.version} {use.accepted}" for use in key.versions),
        "-" if key.alert is None else key.alert.signal.kind,
    )


def _rate(requests: float) -> str:
    return f"{requests:.0f}" if requests >= 10 or not requests else f"{requests:.2f}"


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
