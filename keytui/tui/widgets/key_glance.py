"""A key at a glance, under the table: what it may do, until when, and how its versions stand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from textual.content import Content

from keytui.domain.keys import Version, VersionState
from keytui.domain.text import harmless
from keytui.tui.wording import QUIET, expiry, outside, state_of, version_state
from keytui.vault.model import KeyDetail


def glance(detail: KeyDetail, now: datetime) -> Content:
    """Up to five lines; each is cut where the screen ends."""
    return Content("\n").join(_lines(detail, now))


def _lines(detail: KeyDetail, now: datetime) -> Iterator[Content]:
    key = detail.summary.key
    yield Content.assemble(
        (harmless(key.name), "bold"),
        "   ",
        state_of(key, now),
        "   ",
        expiry(key.expires_at, now),
        "   ",
        (f"issuer {harmless(key.issuer)}", QUIET),
    )
    scopes = harmless(", ".join(key.scopes)) or "—"
    apps = harmless(", ".join(key.apps)) or "—"
    yield Content.assemble(("scopes ", QUIET), scopes, ("   apps ", QUIET), apps)
    for version in detail.versions[:2]:
        yield _version(detail, version)
    if len(detail.versions) > 2:
        yield Content.styled(f"and {len(detail.versions) - 2} older versions: enter", QUIET)


def _version(detail: KeyDetail, version: Version) -> Content:
    callers = [use.caller.name for use in detail.callers if use.version == version.number]
    words: list[str | Content | tuple[str, str]] = [
        (f"v{version.number} ", "bold"),
        version_state(version.state),
        "   ",
        outside(version.fingerprint or "", QUIET),
    ]
    if version.state is VersionState.REVOKED and version.revoked_at is not None:
        words.append(f"   since {version.revoked_at.astimezone():%Y-%m-%d}")
    else:
        words.append(f"   since {version.created_at.astimezone():%Y-%m-%d}")
        some = harmless(", ".join(callers[:4])) + (", …" if len(callers) > 4 else "")
        words.append(f"   {len(callers)} caller{'' if len(callers) == 1 else 's'}" + (f": {some}" if some else ""))
    return Content.assemble(*words)
