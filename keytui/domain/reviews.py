"""Access reviews: what somebody looks at key by key, and that they did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from keytui.domain.keys import Flag, KeySummary
from keytui.domain.usage import CallerUse

GRAVE: Final = {
    Flag.SHARED: "one value, several applications or environments: whoever leaks it leaks all of them",
    Flag.BROAD: "full access, or scopes that nobody uses: it may do more than it needs",
    Flag.UNOWNED: "nobody answers for it",
}
"""The flags that a review is about, and what each means."""


class Decision(StrEnum):
    """What a review comes to."""

    KEPT = "kept"
    HANDED_OVER = "owner changed"
    DISABLED = "disabled"
    ROTATE_LATER = "rotate later"


@dataclass(frozen=True, slots=True)
class Review:
    """A sign-off. `flags` and `owner` are those of that moment."""

    key_id: str
    at: datetime
    by: str
    decision: Decision
    note: str = ""
    owner: str = ""
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who had the secret before their eyes. `how` as in `revealed it`; `version` and `at` are the latest."""

    who: str
    how: str
    version: int | None
    at: datetime
    times: int = 1


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One key as a review shows it: callers and viewers latest first, and the last sign-off."""

    summary: KeySummary
    callers: tuple[CallerUse, ...] = ()
    viewers: tuple[Viewer, ...] = ()
    last: Review | None = None

    @property
    def grave(self) -> tuple[Flag, ...]:
        """Those of its flags that a review is about."""
        return tuple(flag for flag in self.summary.flags if flag in GRAVE)


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """Keys `offset` … of `total` that match, by name."""

    rows: tuple[Reviewed, ...]
    offset: int
    total: int
