"""What a scan has found, by version: in words with what to do, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keytui.cli.output import say
from keytui.cli.session import reference
from keytui.cli.shapes import Shape
from keytui.domain.keys import Key, KeyState, Kind, Version, VersionState
from keytui.probes.scan import Hit, Scan
from keytui.vault.protocol import Vault

_SHOWN: Final = 10
"""Places of one version that are said in words; JSON has all."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One version's secret and everywhere that it lies."""

    key: Key
    version: Version
    state: KeyState
    accepted: bool
    hits: tuple[Hit, ...]
    named: str
    """How a command line names the key."""

    @property
    def over(self) -> bool:
        """Whether nobody is let in by it any more, for good."""
        return self.version.state is VersionState.REVOKED or self.state is KeyState.REVOKED

    @property
    def advice(self) -> str:
        """What to do."""
        if self.over:
            return "nothing: it is revoked"
        if self.version.state is VersionState.SUSPENDED:
            return f"do not restore it: keytui complete {self.named}"
        if self.version.state is VersionState.OUTGOING:
            return f"end its overlap: keytui retire {self.named}, then complete"
        if self.state is not KeyState.ACTIVE:
            return f"it is {self.state}: before it is accepted again, keytui rotate {self.named} --reason compromise"
        if self.key.kind is not Kind.API_KEY:
            return f"replace it where it comes from, then: keytui seal {self.named}"
        return f"stop the thief: keytui incident {self.named} --first revoke"


def findings(vault: Vault, hits: Sequence[Hit], now: datetime) -> list[Finding]:
    """The hits by version, those first that let somebody in."""
    places: dict[tuple[str, int], list[Hit]] = {}
    for hit in hits:
        places.setdefault((hit.key_id, hit.version), []).append(hit)
    details = {key_id: vault.detail(key_id) for key_id in {key_id for key_id, _ in places}}
    found = []
    for (key_id, number), at in places.items():
        key = details[key_id].summary.key
        version = next(version for version in details[key_id].versions if version.number == number)
        accepted = key.accepts(version, now)
        found.append(Finding(key, version, key.state(now), accepted, tuple(at), reference(vault, key)))
    return sorted(found, key=lambda one: (one.over, not one.accepted, one.key.name, one.version.number))


def say_findings(found: Sequence[Finding]) -> None:
    for one in found:
        key, version = one.key, one.version
        shown = " ".join(
            filter(None, (f"{version.prefix}…" if version.prefix else "(no prefix shown)", version.fingerprint))
        )
        standing = version.state if one.state is KeyState.ACTIVE else f"{version.state}, key {one.state}"
        say(f"{key.name} v{version.number} ({key.environment}, {standing})  {shown}")
        for hit in one.hits[:_SHOWN]:
            say(f"  {hit.place}{_further(hit)}")
        if len(one.hits) > _SHOWN:
            say(f"  and {len(one.hits) - _SHOWN} more places")
        say(f"  {one.advice}")


def shape_of(found: Sequence[Finding], run: Scan, unknowable: int) -> Shape:
    """All of a scan. `unknowable` are versions that could not be found, whatever was looked at."""
    return {
        "findings": [_finding_shape(one) for one in found],
        "files": run.files,
        "objects": run.objects,
        "bytes": run.size,
        "unread": [{"place": one.place, "why": one.why} for one in run.unread],
        "unknowable": unknowable,
    }


def _finding_shape(one: Finding) -> Shape:
    return {
        "key_id": one.key.id,
        "key": one.key.name,
        "environment": one.key.environment,
        "owner": one.key.owner,
        "version": one.version.number,
        "version_state": one.version.state,
        "state": one.state,
        "accepted": one.accepted,
        "revoked": one.over,
        "prefix": one.version.prefix,
        "fingerprint": one.version.fingerprint,
        "advice": one.advice,
        "places": [_place_shape(hit) for hit in one.hits],
    }


def _place_shape(hit: Hit) -> Shape:
    return {
        "file": hit.file,
        "line": hit.line or None,
        "lines": hit.lines,
        "commit": hit.commit or None,
        "object": hit.blob or None,
        "likely": hit.likely,
    }


def _further(hit: Hit) -> str:
    more = "" if hit.lines == 1 else f" and {hit.lines - 1} more lines"
    return f"{more} (likely: it begins so, and its value is not known here)" if hit.likely else more
