"""Whether this machine's clock can be right: verdicts, expiries and the log go by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from keytui.domain.durations import short
from keytui.vault.doctor.finding import Finding, fine, wants_an_eye, wrong

SUBJECT: Final = "clock"
_TOLERANCE: Final = timedelta(seconds=5)
_LONG: Final = timedelta(days=180)
"""A vault in use has an entry of every sign-off, rotation and checkpoint."""


def look_at_clock(now: datetime, newest_entry: datetime | None, directory: Path) -> Iterator[Finding]:
    """Against the vault's newest entry, and against the times of its files, which the file system has given."""
    behind = list[Finding]()
    if newest_entry is not None and newest_entry - now > _TOLERANCE:
        behind.append(_behind(f"the vault's newest entry, by {short(newest_entry - now)}"))
    ahead = max((at for at in _times(directory) if at - now > _TOLERANCE), default=None)
    if ahead is not None:
        behind.append(_behind(f"the newest file in {directory}, by {short(ahead - now)}"))
    yield from behind
    if newest_entry is not None and now - newest_entry > _LONG:
        yield wants_an_eye(
            SUBJECT,
            f"{now:%Y-%m-%d}: the vault's newest entry is {(now - newest_entry).days} days old",
            "if the vault was used since, this clock is ahead: set it by a time server (timedatectl) before anything",
        )
    elif not behind:
        yield fine(SUBJECT, f"{now:%Y-%m-%d %H:%M:%S}Z; the vault and its files are not ahead of it")


def _behind(what: str) -> Finding:
    return wrong(
        SUBJECT,
        f"this machine's clock is behind {what}",
        "set it by a time server (timedatectl); while it was wrong, verdicts say UNKNOWN",
    )


def _times(directory: Path) -> list[datetime]:
    try:
        return [datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in directory.iterdir()]
    except OSError:
        return []
