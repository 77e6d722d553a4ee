"""Where evidence comes from, and how far each source's word reaches."""

from __future__ import annotations

from datetime import datetime

import typer

from keytui.cli.options import JsonOption
from keytui.cli.output import remark, say_json_array, say_table
from keytui.cli.session import opened
from keytui.cli.shapes import Shape
from keytui.cli.times import ago, iso, minute
from keytui.clock import utc_now
from keytui.domain.reports import SourceStanding


def sources(context: typer.Context, json: JsonOption = False) -> None:
    """List the evidence sources, the recorders included."""
    with opened(context) as vault:
        found = vault.sources()
    now = utc_now()
    if json:
        say_json_array(_shape(source) for source in found)
        return
    say_table(
        ("SOURCE", "KIND", "AS OF", "SINCE", "GAPS", "TELLS VERSIONS APART", "COULD BE FORGED"),
        [
            (
                source.name,
                source.kind,
                ago(source.as_of, now),
                minute(source.since),
                _gaps(source, now),
                "yes" if source.attributable else "no",
                "yes" if source.forgeable else "no",
            )
            for source in found
        ],
        "SOURCE",
        ("SINCE", "TELLS VERSIONS APART", "COULD BE FORGED"),
    )
    if not found:
        remark(
            "no source yet: let a service check its requests with a verifier, read its log with `keytui ingest FILE`,"
            " or ask a server with `keytui probe`"
        )


def _gaps(source: SourceStanding, now: datetime) -> str:
    """How many, and the one that ended last: `3, last 2h ago: events dropped`."""
    if not source.gaps:
        return "none"
    last = max(source.gaps, key=lambda gap: gap.end or now)
    when = "open" if last.end is None else ago(last.end, now)
    return f"{len(source.gaps)}, last {when}: {last.kind}"


def _shape(source: SourceStanding) -> Shape:
    return {
        "name": source.name,
        "kind": source.kind,
        "since": iso(source.since),
        "as_of": iso(source.as_of),
        "attributable": source.attributable,
        "forgeable": source.forgeable,
        "gaps": [
            {"kind": gap.kind, "start": iso(gap.start), "end": iso(gap.end), "count": gap.count} for gap in source.gaps
        ],
    }
