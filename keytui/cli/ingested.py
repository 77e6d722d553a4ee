"""What `keytui ingest` says of the logs that it has read."""

from __future__ import annotations

from collections.abc import Sequence

from keytui.cli.output import remark, say_table
from keytui.cli.shapes import Shape
from keytui.domain.errors import Refused
from keytui.domain.reports import Leak
from keytui.domain.secrets import PREFIX_LENGTH
from keytui.probes.access_log import AccessLog, FileCounts


def total(log: AccessLog) -> FileCounts:
    """Of all files."""
    added = FileCounts()
    for counts in log.counts.values():
        added.add(counts)
    return added


def numbers(counts: FileCounts) -> dict[str, int]:
    """The counts by the names that JSON and the audit log have for them."""
    return {
        "lines": counts.lines,
        "accepted": counts.accepted,
        "refused": counts.refused,
        "undecided": counts.undecided,
        "without_key": counts.without_key,
        "unknown_key": counts.unknown,
        "shared_prefix": counts.shared,
        "in_future": counts.skewed,
        "out_of_time": counts.astray,
        "not_understood": counts.not_understood,
        "leaks": counts.leaks,
        "without_zone": counts.zoneless,
        "short_key": counts.short,
    }


def shape_of(log: AccessLog, leaks: Sequence[tuple[Leak, str]]) -> Shape:
    """The same as JSON; leaks come with the names of their keys."""
    return {
        "source": log.source,
        "by_prefix_only": log.by_prefix_only,
        **numbers(total(log)),
        "files": [
            {
                "file": name,
                "format": log.formats.get(name),
                **numbers(counts),
                "samples": counts.samples,
                "problem": log.problems.get(name),
            }
            for name, counts in _every_file(log).items()
        ],
        "leaked": [
            {"key_id": leak.key_id, "key": name, "version": leak.version, "place": leak.place} for leak, name in leaks
        ],
    }


def _every_file(log: AccessLog) -> dict[str, FileCounts]:
    """Those that could not be read too."""
    return {**log.counts, **{name: FileCounts() for name in log.problems if name not in log.counts}}


def say_counts(log: AccessLog) -> None:
    """The table."""
    rows = [_row(name, log.formats.get(name, "-"), counts) for name, counts in log.counts.items()]
    if len(rows) > 1:
        rows.append(_row("all", "", total(log)))
    say_table(
        ("FILE", "FORMAT", "LINES", "ACCEPTED", "REFUSED", "NO KEY", "UNKNOWN KEY", "NOT COUNTED", "LEAKS"),
        rows,
        "FILE",
        ("FORMAT", "LEAKS", "NOT COUNTED", "UNKNOWN KEY"),
    )


def _row(name: str, format_: str, counts: FileCounts) -> tuple[str, ...]:
    not_counted = counts.undecided + counts.shared + counts.skewed + counts.astray + counts.not_understood
    columns = (counts.lines, counts.accepted, counts.refused, counts.without_key, counts.unknown, not_counted)
    return name, format_, *map(str, columns), str(counts.leaks)


def remark_on(log: AccessLog, leaks: Sequence[tuple[Leak, str]]) -> None:
    """What somebody should look after."""
    for name, why in log.problems.items():
        remark(f"{name} {why}")
    for name, counts in log.counts.items():
        for count, what in (
            (counts.undecided, "answered in a way that proves nothing about the key: counted neither way"),
            (counts.shared, "with a prefix that several versions share: log the fingerprint; a gap is noted"),
            (counts.skewed, "of a time still to come: kept out, and a gap is noted; set the clocks"),
            (
                counts.astray,
                "of a time days before the lines around: kept out, and a gap is noted",
            ),
            (counts.zoneless, "without a time zone: read as UTC"),
            (counts.short, f"with a key of fewer than {PREFIX_LENGTH} characters: log {PREFIX_LENGTH} of them"),
            (counts.not_understood, "not understood"),
        ):
            if count:
                remark(f"{name}: {count} {'line' if count == 1 else 'lines'} {what}")
        if counts.without_key and not (counts.keyed or counts.named):
            remark(f"{name}: no line has a field for a key, so that none proves anything: log one, as the guide shows,")
            remark("  or say where it stands: --map key=auth.key_id in JSON, --map key=2 for the second field behind")
        for sample in counts.samples:
            remark(f"  {sample}")
    for name in sorted(log.waiting):
        remark(f"{name}: its last line has no end yet: it is left for the next run")
    for leak, key in leaks:
        remark(f"{leak.place} holds the whole secret of {key} v{leak.version}: it is flagged as leaked, rotate it")
    if log.by_prefix_only:
        remark("keys are known by their prefixes, which an outsider could send: no verdict is SAFE on this log alone")
        remark("  say --verified where the service writes the field after it has accepted the key")


def refuse_nothing(log: AccessLog) -> None:
    """Refused when nothing could be read, or nothing understood."""
    counted = total(log)
    if not log.counts and log.problems:
        raise Refused("none of the files could be read", "see the reasons above")
    if counted.lines and counted.lines == counted.not_understood:
        raise Refused("no line could be understood", "name the format with --format, and where fields stand with --map")
