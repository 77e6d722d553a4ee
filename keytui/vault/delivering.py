"""A new secret goes to its key's targets, in order; and what is to be done where it was lost on the way.

Before a target is asked the vault notes that it begins, so that after a crash every place that may hold the new version
is known. Nothing that may be held is ever revoked here: a secret that was lost is read back from a target that has it,
or the target goes back to what it held before; where neither can be, somebody must look.

Whoever looks at targets holds the rotation first: what another delivers there afterwards, the vault knows of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto

from keytui.clock import Clock
from keytui.domain.errors import AlreadyDone, KeytuiError, OutcomeUnknown, Refused
from keytui.domain.keys import Key, Version
from keytui.domain.rotation import Rotation, RotationState
from keytui.domain.secrets import Secret, fingerprint
from keytui.targets.configured import NotFollowed
from keytui.targets.target import Target
from keytui.vault.deliveries import PUTTING_BACK, last_told, may_hold
from keytui.vault.model import Delivery, RotationDetail
from keytui.vault.protocol import Vault


class Undelivered(Refused):
    """One target did not take the secret, or could not say so; those after it were not asked."""


class NotBack(Refused):
    """A target that may hold a version does not go back to what it held before."""


class Holds(Enum):
    """Whether a target has the new version."""

    YES = auto()
    NO = auto()
    MAYBE = auto()


@dataclass(frozen=True, slots=True)
class Delivering:
    """One key's targets, and the vault that is told what became of each delivery."""

    vault: Vault
    key: Key
    targets: Sequence[Target]
    clock: Clock
    go_on: Callable[[], None]
    """Called before each target: raises when this process must not go on."""

    def rehearse(self) -> None:
        """Raise what delivering would meet, while nothing has been done yet."""
        for target in self.targets:
            target.rehearse(self.key)

    def hand_over(self, rotation: Rotation, version: Version, secret: Secret) -> Rotation:
        """Deliver to each target that does not have it. Undelivered at the first failure; the last one hands over."""
        taken = last_told(self.vault.rotation(rotation.id).deliveries, version.fingerprint)
        *others, last = self.targets
        for target in others:
            if taken.get(target.name) not in {"sent", "proven"}:
                self.vault.deliver(rotation.id, self._delivered(rotation, target, version, secret))
        return self.vault.handed_over(rotation.id, self._delivered(rotation, last, version, secret))

    def resume(self, rotation: Rotation) -> Rotation:
        """Go on after a crash or a failure, with the secret that was issued or, if nobody has that, with another."""
        self._take_over(rotation)
        detail = self.vault.rotation(rotation.id)
        version = detail.new
        if version is None:
            raise Refused(f"rotation #{rotation.id} has no new version", "issue it first")
        held = {target.name: self._looked_up(target, detail, version) for target in self.targets}
        found = next((secret for _, secret in held.values() if secret is not None), None)
        if found is not None:
            return self.hand_over(rotation, version, found)
        having = [target for target in self.targets if held[target.name][0] is not Holds.NO]
        if having and self._all_have(held, version):
            return self.vault.handed_over(rotation.id, self._delivery(having[-1], "sent", version))
        for target in having:
            self._put_back(detail, target, version)
        self.rehearse()
        issued = self.vault.reissue(rotation.id)
        return self.hand_over(rotation, issued.version, issued.secret)

    def put_back(self, rotation: Rotation) -> tuple[str, ...]:
        """Let every target hold again what it held before; those that cannot, or do not, by name.

        An old version that is suspended is accepted again before anybody is given it.
        """
        self._take_over(rotation)
        detail = self.vault.rotation(rotation.id)
        if detail.rotation.state is RotationState.SUSPENDED:
            self.vault.restore(rotation.id)
        version = detail.new
        if version is None:
            return ()
        left = []
        for target in reversed(self.targets):
            if self._looked_up(target, detail, version)[0] is not Holds.NO:
                try:
                    self._put_back(detail, target, version)
                except NotBack:
                    left.append(target.name)
        return tuple(left)

    def _take_over(self, rotation: Rotation) -> None:
        """Hold the rotation. Refused while somebody else is at one of its targets."""
        with suppress(AlreadyDone):
            self.vault.take_over(rotation.id)

    def _delivered(self, rotation: Rotation, target: Target, version: Version, secret: Secret) -> Delivery:
        """Deliver to one target, and what it says of it."""
        self.go_on()
        self.vault.deliver(rotation.id, self._delivery(target, "begun", version))
        try:
            target.deliver(self.key, version.number, secret)
        except NotFollowed as error:
            self.vault.deliver(rotation.id, self._delivery(target, "begun", version, error.message))
            raise Undelivered(error.message, error.hint) from None
        except OutcomeUnknown as error:
            self.vault.deliver(rotation.id, self._delivery(target, "begun", version, error.message))
            raise Undelivered(f"{target.name} may have taken the secret or not: {error.message}", error.hint) from None
        except KeytuiError as error:
            self.vault.deliver(rotation.id, Delivery(target.name, "failed", self.clock(), None, error.message))
            raise Undelivered(f"{target.name} did not take the secret: {error.message}", error.hint) from None
        if not target.abilities.reads_back:
            return self._delivery(target, "sent", version)
        return self._proven(rotation, target, version, secret)

    def _proven(self, rotation: Rotation, target: Target, version: Version, secret: Secret) -> Delivery:
        """A target that took it and cannot be read just now has been sent it; one that holds another value has not."""
        try:
            stands = target.read_back(self.key)
        except KeytuiError as error:
            return self._delivery(target, "sent", version, error.message)
        if stands == secret:
            return self._delivery(target, "proven", version)
        detail = "it took the secret, and holds something else"
        self.vault.deliver(rotation.id, Delivery(target.name, "failed", self.clock(), None, detail))
        raise Undelivered(f"{target.name}: {detail}", "see who else writes there")

    def _looked_up(self, target: Target, detail: RotationDetail, version: Version) -> tuple[Holds, Secret | None]:
        """What a target holds; the vault is told where it is not what was begun there."""
        held = self._holds(target, detail, version)
        if held[0] is Holds.NO and target.name in may_hold(detail.deliveries, version.fingerprint):
            gone = f"it does not hold v{version.number}"
            self.vault.deliver(detail.rotation.id, Delivery(target.name, "failed", self.clock(), None, gone))
        return held

    def _holds(self, target: Target, detail: RotationDetail, version: Version) -> tuple[Holds, Secret | None]:
        told = last_told(detail.deliveries, version.fingerprint).get(target.name)
        if target.abilities.reads_back:
            self.go_on()
            try:
                stands = target.read_back(self.key)
            except KeytuiError:
                pass  # what was noted has to do
            else:
                has_it = stands is not None and fingerprint(stands.digest()) == version.fingerprint
                return (Holds.YES, stands) if has_it else (Holds.NO, None)
        if told in {"sent", "proven"}:
            return Holds.YES, None
        return (Holds.MAYBE if told == "begun" else Holds.NO), None

    def _all_have(self, held: Mapping[str, tuple[Holds, Secret | None]], version: Version) -> bool:
        """A version that is in use did arrive; with one target alone, it arrived there."""
        if len(held) == 1 and version.last_used_at is not None:
            return True
        return all(holds is Holds.YES for holds, _ in held.values())

    def _put_back(self, detail: RotationDetail, target: Target, version: Version) -> None:
        """Let a target hold what it held before, so that nobody reads a version there that is to be revoked."""
        if not target.abilities.rolls_back:
            raise NotBack(
                f"the secret of v{version.number} is lost, and {target.name} may hold it",
                f"look there: if it does, say so in the console; if not, `keytui abandon {self.key.id} --yes` lets the"
                " next rotation begin",
            )
        self.go_on()
        number = detail.rotation.id
        self.vault.deliver(number, self._delivery(target, "begun", version, PUTTING_BACK))
        try:
            target.roll_back(self.key, version.number)
            stands = target.read_back(self.key) if target.abilities.reads_back else None
        except KeytuiError as error:
            self.vault.deliver(number, self._delivery(target, "begun", version, f"is not put back: {error.message}"))
            raise NotBack(f"{target.name} may hold v{version.number}: {error.message}", error.hint) from None
        if stands is not None and fingerprint(stands.digest()) != detail.old.fingerprint:
            self.vault.deliver(number, self._delivery(target, "begun", version, "was put back to something else"))
            raise NotBack(
                f"{target.name} was put back, and holds something else than v{detail.old.number}",
                f"give it the secret of v{detail.old.number} by hand, then `keytui rollback` or `abandon` with --yes",
            )
        said = f"put back to what it held before v{version.number}"
        self.vault.deliver(number, Delivery(target.name, "failed", self.clock(), None, said))

    def _delivery(self, target: Target, state: str, version: Version, detail: str = "") -> Delivery:
        return Delivery(target.name, state, self.clock(), version.fingerprint, detail)
