"""The audit log as files: JSON lines for programs, CSV for auditors' spreadsheets. The same from every face."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Final

from keytui.domain.audit import AuditEntry, AuditFilter
from keytui.domain.text import harmless
from keytui.private_file import new_file
from keytui.vault.protocol import Vault

PAGE: Final = 500
_FORMULA: Final = re.compile(r"(^|;)([\s\"]*[=+\-@\uff0b\uff0d\uff1d\uff20])")
"""What a spreadsheet would calculate, also where it parts cells at semicolons, and in wide letters."""
_COLUMNS: Final = ("sequence", "at", "actor", "type", "key_id", "key", "version", "rotation", "refused", "details")


def every_entry(vault: Vault, which: AuditFilter) -> Iterator[AuditEntry]:
    """Page by page, newest first, each from behind the last entry: those that come in meanwhile do not move them."""
    while True:
        entries = vault.audit(which, 0, PAGE).entries
        yield from entries
        if len(entries) < PAGE:
            return
        which = replace(which, before=entries[-1].sequence)


def json_lines(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """One object a line. What is beyond ASCII is escaped: safe on a terminal, exact in a program."""
    for entry in entries:
        yield json.dumps(fields_of(entry)) + "\n"


def csv_lines(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """A head and one line each. No cell is a formula to a spreadsheet, whoever chose its words."""
    yield _line(_COLUMNS)
    for entry in entries:
        fields = fields_of(entry)
        told = fields | {"details": details_of(entry), "refused": "yes" if entry.event.refused else "no"}
        yield _line([_cell(told[column]) for column in _COLUMNS])


def export_to(path: Path, vault: Vault, which: AuditFilter) -> int:
    """Write a new file that only its owner reads, CSV where its name ends so, else JSON lines; how many entries.

    Refused when something is there already; Invalid when it cannot be written. One that broke off is removed again.
    """
    absolute = path.expanduser().absolute()
    layout = csv_lines if absolute.suffix.lower() == ".csv" else json_lines
    count = 0

    def counted() -> Iterator[AuditEntry]:
        nonlocal count
        for entry in every_entry(vault, which):
            count += 1
            yield entry

    with new_file(absolute) as file:
        file.writelines(line.encode() for line in layout(counted()))
    return count


def fields_of(entry: AuditEntry) -> dict[str, object]:
    """The entry as every JSON of ours has it; times in UTC with microseconds."""
    event = entry.event
    return {
        "sequence": entry.sequence,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "actor": entry.actor,
        "type": event.type,
        "key_id": event.key_id,
        "key": event.key_name,
        "version": event.version,
        "rotation": event.rotation_id,
        "refused": event.refused,
        "details": dict(event.details),
        "previous": entry.previous,
        "hash": entry.hash,
    }


def details_of(entry: AuditEntry) -> str:
    """The details in one line, by name."""
    return "; ".join(f"{name}={value}" for name, value in sorted(entry.event.details.items()))


def _line(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _cell(value: object) -> str:
    return _FORMULA.sub(r"\1'\2", "" if value is None else harmless(str(value)))
