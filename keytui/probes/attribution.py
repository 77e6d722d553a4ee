"""What a text or a series' labels speak of: which version, which caller, and whether it was refused."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from keytui.domain.errors import Invalid
from keytui.domain.recognition import Recognised, Recogniser
from keytui.domain.text import harmless, quoted
from keytui.domain.usage import NO_KEY, UNKNOWN_CALLER, Caller
from keytui.probes.configuration import Labels, Settings
from keytui.probes.coverage import Coverage

LONGEST_NAME: Final = 200
"""Characters of a caller's name that are kept."""
_VAGUE_STATUS: Final = re.compile(r"4[xX]{2}")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one series counts. `doubtful`: an outsider who knows a prefix could have made it rise."""

    key_id: str
    version: int
    caller: Caller
    refused: bool
    doubtful: bool = False


class Attribution:
    """Turns texts and labels into versions, by the recogniser and by what a probe's settings call them."""

    def __init__(self, settings: Settings, coverage: Coverage, recogniser: Recogniser) -> None:
        self._settings = settings
        self._aliases = {text: _with_id(meant, coverage.ids) for text, meant in (settings.aliases or {}).items()}
        self._ids = coverage.ids
        self._recogniser = recogniser

    def version(self, text: str) -> Recognised | None:
        """The version that a text means; None for an unknown one. Invalid for an alias of a version that is none."""
        meant = self._aliases.get(text)
        found = self._recogniser.recognise(_with_id(text, self._ids) if meant is None else meant)
        if found is None and meant is not None:
            raise Invalid(
                f"{self._settings.source}: the alias {quoted(text)} means {quoted(meant)}, which is no version",
                "write KEY:VERSION, with a version that there is",
            )
        return found

    def ambiguous(self, text: str) -> bool:
        """Whether several versions could be meant."""
        return self._recogniser.ambiguous(text)

    def of(self, labels: Labels, series: Mapping[str, str]) -> Meaning | None:
        """What a series counts; None when it is none of ours, or no refusal where only those count."""
        refused = _refused(labels, series)
        if not labels.key:
            return Meaning(NO_KEY, 0, UNKNOWN_CALLER, refused=True) if refused or not labels.status else None
        found = self.version(_identity(labels, series))
        if found is None:
            return None
        doubtful = found.by_prefix and not labels.status
        return Meaning(found.key_id, found.version, _caller(labels, series), refused, doubtful)

    def unclear(self, labels: Labels, series: Mapping[str, str]) -> bool:
        """Whether a series speaks of one of several versions, and nobody can say of which."""
        return bool(labels.key) and self.ambiguous(_identity(labels, series))


def check_labels(source: str, labels: Labels, found: Iterable[Mapping[str, str]]) -> None:
    """A label that no series has is a mistake in the settings, and not a key that nobody uses: Invalid."""
    there = frozenset(name for series in found for name in series)
    fields = {"key_label": labels.key, "version_label": labels.version, "status_label": labels.status}
    for field, name in fields.items():
        if name and there and name not in there:
            names = harmless(", ".join(sorted(there)))
            raise Invalid(f"{source}: {field} = {name!r} is on no series", f"they have {names}")


def _with_id(text: str, ids: Mapping[str, str]) -> str:
    """`checkout:2` with the id in place of the name."""
    name, colon, version = text.rpartition(":")
    return f"{ids[name]}:{version}" if colon and name in ids else text


def _identity(labels: Labels, series: Mapping[str, str]) -> str:
    key = series.get(labels.key, "")
    return f"{key}:{series.get(labels.version, '')}" if labels.version else key


def _refused(labels: Labels, series: Mapping[str, str]) -> bool:
    status = series.get(labels.status, "") if labels.status else ""
    if _VAGUE_STATUS.fullmatch(status) and status not in labels.refused:
        raise Invalid(
            f"the status {status!r} holds refusals and other errors alike",
            f"count whole codes, leave it out of the selector ({labels.status}!={status!r}), or name it in `refused`",
        )
    return status in labels.refused


def _caller(labels: Labels, series: Mapping[str, str]) -> Caller:
    name = harmless(series.get(labels.caller, "")[:LONGEST_NAME]) if labels.caller else ""
    if not name:
        return UNKNOWN_CALLER
    if labels.caller_declared:
        return Caller.called(name)
    return Caller.undeclared(name) if _is_address(name) else Caller.undeclared("", name)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
