"""What happened after a backup, by an export of the log that somebody kept elsewhere."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from keytui.domain.audit import AuditEntry, Event, first_break
from keytui.domain.errors import Invalid, Refused
from keytui.vault.reconciling import Loaded

_KEY_REVOKED = "key.revoked"
_TOKEN_REVOKED = "operator.revoked"  # noqa: S105  # an event's type


@dataclass(frozen=True, slots=True)
class LaterLog:
    """The entries that follow on a backup's last one, in order, and nothing between them missing or changed."""

    entries: Sequence[AuditEntry]

    @property
    def ends(self) -> int | None:
        """The last of them; None when there is none."""
        return self.entries[-1].sequence if self.entries else None

    def of_keys(self) -> Mapping[str, tuple[str, ...]]:
        """What was done to each key, by its id: types of entries, in order, each once."""
        done = defaultdict[str, dict[str, None]](dict)
        for entry in self.entries:
            if entry.event.key_id and not entry.event.refused:
                done[entry.event.key_id][entry.event.type] = None
        return {key_id: tuple(types) for key_id, types in done.items()}

    @property
    def revoked_keys(self) -> frozenset[str]:
        """Ids of the keys that were revoked."""
        return frozenset(entry.event.key_id for entry in self.entries if entry.event.type == _KEY_REVOKED)

    @property
    def revoked_tokens(self) -> frozenset[str]:
        """Names of the operators and services whose token was revoked."""
        return frozenset(
            entry.event.details.get("operator", "") for entry in self.entries if entry.event.type == _TOKEN_REVOKED
        )


def read_later_log(path: Path, loaded: Loaded) -> LaterLog:
    """What a file of `keytui audit --format jsonl` has of the time after a backup. Whatever is older is passed over.

    Invalid when it cannot be read; Refused when it does not follow on the backup's log.
    """
    try:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise Invalid(f"{path} cannot be read: {why}", "name a file of text that can be") from None
    entries = {entry.sequence: entry for entry in (_entry(path, number, line) for number, line in enumerate(lines, 1))}
    later = [entries[sequence] for sequence in sorted(entries) if sequence > loaded.ends]
    broken = first_break(later, loaded.ended_hash, loaded.ends + 1)
    if broken is not None:
        raise Refused(
            f"{path} does not follow on the backup's log: entry {broken} is missing in it, or another one",
            f"export all from entry {loaded.ends + 1} on: keytui audit --format jsonl",
        )
    return LaterLog(later)


def _entry(path: Path, number: int, line: str) -> AuditEntry:
    try:
        told = json.loads(line)
        event = Event(
            str(told["type"]),
            str(told["key_id"]),
            str(told["key"]),
            told["version"],
            told["rotation"],
            {str(name): str(value) for name, value in told["details"].items()},
            bool(told["refused"]),
        )
        at = datetime.fromisoformat(told["at"])
        return AuditEntry(
            int(told["sequence"]), at, str(told["actor"]), event, str(told["previous"]), str(told["hash"])
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Invalid(
            f"{path}, line {number} is no entry of the log", "write it with keytui audit --format jsonl"
        ) from None
