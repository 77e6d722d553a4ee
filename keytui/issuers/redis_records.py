"""What Redis holds of each version in HyperCode's layout: a set of the accepted values, and a record beside each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Final

from keytui.domain.errors import KeytuiError
from keytui.domain.keys import VersionState
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.issuers.issuer import Listed, Mark
from keytui.issuers.values import mark_of
from keytui.redis_line import Command, Line

ACTIVE: Final = b"api_keys:active"
_BEFORE, _AFTER = b"api_key:", b":meta"
_MOST_LABEL: Final = 200
_AT_ONCE: Final = 500
"""Versions that one question asks for: few enough to be answered at once."""

Record = dict[str, object]


@dataclass(frozen=True, slots=True)
class Standing:
    """What Redis holds of one version."""

    value: bytes = field(repr=False)
    accepted: bool
    """HyperCode asks the set and nothing else."""
    written: bytes | None = field(repr=False)
    """The record as it stands; None when there is none."""

    @property
    def record(self) -> Record | None:
        """None when it is no record that HyperCode could read."""
        try:
            found: object = json.loads(self.written or b"")
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    @property
    def state(self) -> VersionState | None:
        """None when neither set nor record knows it. In the set means accepted, whatever the record says."""
        if self.accepted:
            return VersionState.ACTIVE
        if self.written is None:
            return None
        revoked = self.record is None or self.record.get("revoked") is not False
        return VersionState.REVOKED if revoked else VersionState.SUSPENDED

    @property
    def secret(self) -> Secret:
        return Secret(self.value.decode(errors="surrogateescape"))

    @property
    def label(self) -> str:
        """As it stands there: text from outside."""
        label = (self.record or {}).get("label")
        return label if isinstance(label, str) else ""

    def listed(self) -> Listed | None:
        """The version as an issuer tells of it; None when there is none."""
        if self.state is None:
            return None
        return Listed(
            mark=mark_of(self.secret),
            label=harmless(self.label)[:_MOST_LABEL],
            state=self.state,
            created_at=_moment((self.record or {}).get("created_at")),
            value=self.secret,
        )


def every_version(line: Line) -> Iterator[Standing]:
    """Every version once: those that are accepted, then those of which only a record is left."""
    seen: set[bytes] = set()
    for members in _scanned(line, "SSCAN", ACTIVE):
        yield from standing_of(line, _unseen(members, seen))
    for names in _scanned(line, "SCAN", pattern=record_name(b"*")):
        values = [name.removeprefix(_BEFORE).removesuffix(_AFTER) for name in names]
        yield from standing_of(line, _unseen(values, seen))


def _unseen(values: Sequence[bytes], seen: set[bytes]) -> list[bytes]:
    """A scan may give one several times."""
    new = list(dict.fromkeys(value for value in values if value not in seen))
    seen.update(new)
    return new


def _scanned(line: Line, command: str, of: bytes | None = None, pattern: bytes = b"*") -> Iterator[list[bytes]]:
    cursor, where = b"0", () if of is None else (of,)
    while True:
        (answer,) = line.ask((command, *where, cursor, "MATCH", pattern, "COUNT", _AT_ONCE))
        if not isinstance(answer, list) or len(answer) != 2 or not isinstance(answer[0], bytes):
            raise _no_redis(line)
        yield [found for found in answer[1] if isinstance(found, bytes)] if isinstance(answer[1], list) else []
        cursor = answer[0]
        if cursor == b"0":
            return


def standing_of(line: Line, values: Sequence[bytes]) -> list[Standing]:
    """What stands of each value, asked for at once."""
    if not values:
        return []
    written, *accepted = line.ask(
        ("MGET", *map(record_name, values)), *(("SISMEMBER", ACTIVE, value) for value in values)
    )
    if not isinstance(written, list) or len(written) != len(values):
        raise _no_redis(line)
    return [
        Standing(value, isin == 1, record if isinstance(record, bytes) else None)
        for value, isin, record in zip(values, accepted, written, strict=True)
    ]


def found_by(line: Line, mark: Mark) -> Standing | None:
    """The version with this mark. Redis knows it by its value alone: the way to it is to walk past all."""
    if not mark.digest:
        return None
    return next((stands for stands in every_version(line) if compare_digest(stands.secret.digest(), mark.digest)), None)


def commands_between(stands: Standing, wanted: Standing) -> list[Command]:
    """What turns the one into the other, in HyperCode's order."""
    commands: list[Command] = []
    if stands.accepted or wanted.accepted:
        commands.append(("SADD" if wanted.accepted else "SREM", ACTIVE, stands.value))
    if wanted.written is not None and wanted.written != stands.written:
        commands.append(("SET", record_name(stands.value), wanted.written))
    return commands


def record_name(value: bytes) -> bytes:
    return _BEFORE + value + _AFTER


def new_record(value: Secret, created_at: datetime, revoked: bool, label: str) -> bytes:
    """A record as HyperCode writes it, byte for byte."""
    at = created_at.astimezone(UTC).isoformat()
    return written_record({"key": value.reveal(), "created_at": at, "revoked": revoked, "label": label})


def written_record(record: Record) -> bytes:
    """A record's text, its fields in their order."""
    try:
        return json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a character, which came in as an escape and can go out as one only
        return json.dumps(record, separators=(",", ":")).encode()


def _moment(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo is not None else found.replace(tzinfo=UTC)


def _no_redis(line: Line) -> KeytuiError:
    return line.failed(ValueError())
