"""What the wizard's workers do at the targets of a key. Nothing here knows a widget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keytui.clock import Clock
from keytui.domain.errors import KeytuiError, Refused
from keytui.domain.keys import Version
from keytui.domain.rotation import Rotation, Verb, allowed
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.vault.deliveries import may_hold
from keytui.vault.delivering import Delivering, nothing_more
from keytui.vault.first_delivery import deliver_first
from keytui.vault.model import RotationDetail
from keytui.vault.profile import Profile, configuration_path
from keytui.vault.progress import Choice, NotBack, Stands, Tell, Undelivered
from keytui.vault.protocol import Vault
from keytui.vault.ways_on import stands_of, ways_on

if TYPE_CHECKING:
    from keytui.vault.outside import Outside


@dataclass(frozen=True, slots=True)
class Stopped:
    """A delivery came to no end: a target did not take the secret or could not say so, or something else was wrong."""

    error: KeytuiError
    target: str
    """The target's name; "" where it was none that stopped it."""
    stands: tuple[Stands, ...]
    ways: Mapping[Choice, str]
    """What may be done now: "" where it may, else why not. A new key has no version to go back to, or to keep."""


def stopped_by(error: KeytuiError) -> Stopped:
    """Something else than a target stopped it: to try again, or to come back later, is always possible."""
    return Stopped(error, "", (), dict.fromkeys(Choice, ""))


def why_stopped(outcome: Rotation | Stopped | None) -> str:
    """Why a delivery came to no end; "" where it did."""
    return f"stopped: {harmless(outcome.error.message)}" if isinstance(outcome, Stopped) else ""


def surroundings(vault: Vault, key_id: str, profile: Profile) -> Outside:
    """The systems around a key as this machine's configuration has them now."""
    from keytui.vault.outside import outside_of  # noqa: PLC0415  # connectors are not loaded before the first paint
    from keytui.vault.sealed_references import with_sealed  # noqa: PLC0415  # as above

    server = profile.server.host if profile.server is not None else ""
    return outside_of(configuration_path(), vault.find(key_id), server, with_sealed(vault))


@dataclass(frozen=True, slots=True)
class AtTargets:
    """One worker's way to the targets of a rotation's key. It tells of everything as it happens."""

    vault: Vault
    profile: Profile
    clock: Clock
    tell: Tell

    def deliver(
        self,
        outside: Outside,
        rotation: Rotation,
        act: Callable[[Delivering], Rotation],
        before_counts: Callable[[], None] = nothing_more,
    ) -> Rotation | Stopped:
        """Deliver by `act`. Refused where a target is none of this machine: some of them alone would be half a way."""
        key = outside.key
        _refuse_half(outside, f"`keytui rotate {key.id} --resume` where it is, or hand the secret over by hand")
        try:
            return act(self._delivering(outside, before_counts))
        except KeytuiError as error:
            detail = self.vault.rotation(rotation.id)
            target = error.target if isinstance(error, Undelivered) else ""
            return Stopped(error, target, stands_of(key, detail), ways_on(key, detail, target))

    def deliver_first(self, outside: Outside, version: Version, secret: Secret) -> Stopped | None:
        """The first secret of a key; None when every target has it."""
        _refuse_half(outside, "hand the secret over by hand")
        try:
            deliver_first(self.vault, outside.key, outside.targets, version, secret, clock=self.clock, tell=self.tell)
        except Undelivered as error:
            return Stopped(error, error.target, error.stands, {Choice.RETRY: "", Choice.LATER: ""})
        return None

    def resume(self, rotation: Rotation) -> Rotation | Stopped:
        """Go on with the secret that a target holds, or with another where none does."""
        outside = surroundings(self.vault, rotation.key_id, self.profile)
        return self.deliver(outside, rotation, lambda delivering: delivering.resume(rotation))

    def go_back(self, rotation: Rotation, note: str) -> Rotation:
        """To the old version, once every target holds it again. NotBack names those that may hold the new one."""
        key = self.vault.find(rotation.key_id)
        if key.targets and rotation.new_version is not None:
            self._put_back(rotation)
        abandons = Verb.ABANDON in allowed(self.vault.rotation(rotation.id).rotation)
        return (self.vault.abandon if abandons else self.vault.rollback)(rotation.id, note)

    def settle(self, rotation: Rotation) -> tuple[str, ...]:
        """The old version is over: targets that carry both let go of it. Those that did not, by name."""
        if not self.vault.find(rotation.key_id).targets:
            return ()
        outside = surroundings(self.vault, rotation.key_id, self.profile)
        return self._delivering(outside, nothing_more).settle(rotation)

    def _put_back(self, rotation: Rotation) -> None:
        outside = surroundings(self.vault, rotation.key_id, self.profile)
        unknown = [name for name in outside.missing if name in holding(self.vault.rotation(rotation.id))]
        if unknown:
            raise NotBack(
                f"{', '.join(unknown)} may hold v{rotation.new_version}, and is none of this machine",
                "go back on the machine that has it; the rotation stays open, and both versions stay as they are",
            )
        left = self._delivering(outside, nothing_more).put_back(rotation)
        if left:
            verb = "abandon" if Verb.ABANDON in allowed(rotation) else "rollback"
            raise NotBack(
                f"may hold v{rotation.new_version}, and cannot be put back from here: {', '.join(left)}",
                f"give it the secret of v{rotation.old_version} by hand, then `keytui {verb} {rotation.key_id} --yes`",
            )

    def _delivering(self, outside: Outside, before_counts: Callable[[], None]) -> Delivering:
        return Delivering(
            self.vault, outside.key, outside.targets, self.clock, tell=self.tell, before_counts=before_counts
        )


def _refuse_half(outside: Outside, way_on: str) -> None:
    """To deliver to some of a key's targets would be half a way."""
    if not outside.delivers:
        raise Refused(f"{', '.join(outside.missing)} of {outside.key.name} is none of this machine", way_on)


def holding(detail: RotationDetail) -> frozenset[str]:
    """The places where the rotation's new version may stand."""
    return may_hold(detail.deliveries, detail.new.known_as if detail.new is not None else None)
