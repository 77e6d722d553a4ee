"""What is known of a compromised key before anything is done, and what either way would cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keytui.domain.keys import Key, VersionState
from keytui.domain.rotation import First, RotationState
from keytui.domain.usage import CallerUse
from keytui.vault.going_on import goes_on, leaked_again, left_to_do, new_stays_accepted, only_goes_on, refuse_again
from keytui.vault.model import RotationDetail
from keytui.vault.outside import Outside
from keytui.vault.protocol import Vault

_HOUR: Final = timedelta(hours=1)
_LET_IN: Final = frozenset({VersionState.ACTIVE, VersionState.OUTGOING})
_MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Costs:
    """What is known of a compromised key before anything is done. `callers` are those of its accepted versions."""

    key: Key
    versions: tuple[int, ...]
    callers: tuple[CallerUse, ...]
    an_hour: int
    """Requests that were let in within the last hour."""
    targets: tuple[str, ...]
    missing: tuple[str, ...]
    """Targets of the key that this machine does not know."""
    begun: RotationDetail | None
    """The rotation that is open already: it goes on, or is ended first."""
    asked_at: datetime
    again: bool = False
    """Whether the new secret of the one that is open is said to have leaked too."""

    def of(self, first: First) -> str:
        """What it costs to do that first, in a sentence or two."""
        if self.begun is not None and (told := self._of_going_on(self.begun, first)):
            return told
        old = " and ".join(f"v{number}" for number in self.versions) or "no version"
        if first is First.REVOKE:
            return (
                f"{old} is refused at once. Cut off until they have the new secret: {self._who()};"
                f" {self.an_hour:,} requests in the last hour."
            )
        if self.delivers:
            return (
                f"{old} works on, for whoever stole it too, until {', '.join(self.targets)} have the new secret and it"
                f" is proven; then it is refused. Cut off is whoever reads none of these, of {self._who()}."
            )
        return f"{old} works on, for whoever stole it too, until you have handed the new secret over and complete it."

    def _of_going_on(self, begun: RotationDetail, first: First) -> str:
        """The same where the new secret is under way already; "" where nothing of it is."""
        rotation, old = begun.rotation, f"v{begun.old.number}"
        if self._anew or not goes_on(rotation, first):
            return ""
        if begun.old.state is VersionState.REVOKED:
            stays = rotation.state is RotationState.PROVING
            beside = f" {new_stays_accepted(self.key, rotation)}." if stays else ""
            return f"{old} is revoked already. Go on: {self._left(begun)}.{beside}"
        if rotation.state is RotationState.DELIVERED and first is First.REVOKE:
            return f"{old} is refused at once; the new secret is out. Cut off until they read it: {self._who()}."
        if rotation.state in {RotationState.ISSUED, RotationState.DELIVERED}:
            until = f"{old} works on, for whoever stole it too, until that is done and proven; then it is refused."
            return f"Go on: {self._left(begun)}. {until}"
        return ""

    def _left(self, begun: RotationDetail) -> str:
        return left_to_do(self.key, begun, delivers=self.delivers)

    @property
    def only_goes_on(self) -> bool:
        """Whether either way is the same: to go on with what was begun."""
        return self.begun is not None and not self._anew and only_goes_on(self.begun)

    @property
    def _anew(self) -> bool:
        return self.begun is not None and leaked_again(self.begun.rotation, again=self.again)

    @property
    def of_the_open_one(self) -> str:
        """What becomes of the rotation that is open, in words; "" where none is."""
        if self.begun is None:
            return ""
        rotation = self.begun.rotation
        on = [first for first in First if goes_on(rotation, first) and not self._anew]
        is_open = f"rotation #{rotation.id} is open ({rotation.state}), and"
        if not on:
            return f"{is_open} is ended first"
        otherwise = "" if len(on) == len(First) else f" with {on[0]} first, else it is ended"
        return f"{is_open} goes on{otherwise}"

    def _who(self) -> str:
        if not self.callers:
            return "nobody that is known of"
        named = ", ".join(use.caller.name for use in self.callers[:_MOST_NAMED])
        others = len(self.callers) - _MOST_NAMED
        who = "1 caller" if len(self.callers) == 1 else f"{len(self.callers)} callers"
        return f"{who} ({named}{f' and {others} more' if others > 0 else ''})"

    @property
    def delivers(self) -> bool:
        """Whether the new secret goes from here to every target of the key."""
        return bool(self.targets) and not self.missing


def costs_of(vault: Vault, outside: Outside, now: datetime, *, again: bool = False) -> Costs:
    """Asked of the vault alone: no target is waited for in an emergency. `again` and Refused as `Emergency` has it."""
    detail = vault.detail(outside.key.id)
    rotation = vault.open_rotation(outside.key.id)
    if again:
        refuse_again(outside.key, rotation)
    accepted = tuple(sorted(one.number for one in detail.versions if one.state in _LET_IN))
    used = [use for use in vault.callers(outside.key.id) if use.version in accepted and use.accepted]
    usage = vault.usage(outside.key.id, now - _HOUR, 1)
    return Costs(
        key=detail.summary.key,
        versions=accepted,
        callers=tuple(used),
        an_hour=sum(one.accepted for one in usage),
        targets=tuple(target.name for target in outside.targets),
        missing=outside.missing,
        begun=None if rotation is None else vault.rotation(rotation.id),
        asked_at=now,
        again=again,
    )
