"""A vault with a long audit log: keys are made and rotated, and every entry is chained and signed as the vault does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final

from sqlmodel import Session

from keytui.domain.audit import Actor, Event
from keytui.vault.local.log_head import head_of
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile

NAME: Final = "default"
_BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)
_STEP: Final = timedelta(seconds=7.3)
_AT_ONCE: Final = 1_000
_ROTATIONS: Final = 10


def filled(home: Path, entries: int, *, rotated: bool) -> Profile:
    """The profile of a vault with that many entries more than its first: of keys that are made, or made and rotated."""
    profile = Profile(NAME, home / NAME, Actor("benchmark", "bastion"))
    vault = LocalVault.open(profile)
    ledger, written = vault._ground.ledger, 0
    with vault._ground.database.writing() as session:
        head, at = head_of(session), _BEGAN
        for events in _rotations() if rotated else _new_keys():
            at += _STEP
            head = ledger.append_all(session, at, "ada@bastion-2", [(event, "") for event in events], after=head)
            if rotated:
                ledger.checkpoint(session, head, at)
            written += len(events)
            if written >= entries:
                break
        session.flush()
        _put_keys(session)
        ledger.checkpoint(session, head, at)
    ledger.remember(head)
    vault.close()
    return profile


def _put_keys(session: Session) -> None:
    """Those that the log tells of, as bare as a log needs them."""
    session.connection().exec_driver_sql(
        "INSERT INTO keys (id, name, environment, tenant, kind, description, issuer, format, owner, scopes, apps,"
        " targets, sensitive, created_at, version, version_created_at, weak, shared, leaked)"
        " SELECT key_id, min(key_name), 'production', '', 'api-key', '', 'builtin', 'tk', '', '', '', '', 0, 0, 1, 0,"
        " 0, 0, 0 FROM audit WHERE key_id <> '' GROUP BY key_id"
    )


def _new_keys() -> Iterator[list[Event]]:
    """Keys that are made, a thousand at once, without end."""
    for number in count():
        yield [_created(number * _AT_ONCE + one) for one in range(_AT_ONCE)]


def _rotations() -> Iterator[list[Event]]:
    """Keys that are made and rotated ten times, one event list a rotation, without end."""
    for number in count():
        created = _created(number)
        for version in range(2, _ROTATIONS + 2):
            rotation = list(_rotation(created.key_id, created.key_name, version, number * _ROTATIONS + version))
            yield [created, *rotation] if version == 2 else rotation  # the first rotation


def _created(number: int) -> Event:
    key_id, name = f"{number:016x}", f"orders-api-{number}"
    details = {"env": "production", "new_fingerprint": _fingerprint(name)}
    return Event("key.created", key_id, name, 1, details=details)


def _rotation(key_id: str, name: str, version: int, rotation_id: int) -> Iterator[Event]:
    old, new = _fingerprint(f"{name}-{version - 1}"), _fingerprint(f"{name}-{version}")
    told = (
        ("planned", version - 1, {"old_fingerprint": old, "reason": "scheduled", "strategy": "rolling"}),
        ("issued", version, {"new_fingerprint": new, "old_fingerprint": old, "prefix": f"tk_{new[-9:]}"}),
        ("delivered", version, {"how": "checkout-env"}),
        ("retired", version - 1, {"reasons": "every known caller has moved", "verdict": "SAFE"}),
        ("completed", version - 1, {"reasons": "every known caller has moved", "verdict": "SAFE"}),
    )
    for what, of, details in told:
        yield Event(f"rotation.{what}", key_id, name, of, rotation_id, details)


def _fingerprint(of: str) -> str:
    return f"sha256:{hashlib.sha256(of.encode()).hexdigest()[:16]}"
