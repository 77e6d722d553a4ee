"""A new secret goes to its key's targets, in order; and what is to be done where it was lost on the way.

Before a target is asked the vault notes that it begins, so that after a crash every place that may hold the new version
is known. Nothing that may be held is ever revoked here: a secret that was lost is read back from a target that has it,
or the target goes back to what it held before; where neither can be, somebody must look.

Whoever looks at targets holds the rotation first: what another delivers there afterwards, the vault knows of.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from keytui.clock import Clock
from keytui.domain.errors import AlreadyDone, KeytuiError, Refused
from keytui.domain.keys import Key, Version, VersionState
from keytui.domain.rotation import Rotation, RotationState, Verb, allowed
from keytui.domain.secrets import Secret
from keytui.targets.target import CarriesBoth, Target
from keytui.vault.attempts import Attempt, deliver_once
from keytui.vault.deliveries import ARRIVED, NOT_SETTLED, PUTTING_BACK, SETTLED, last_told, may_hold, skipped
from keytui.vault.model import Delivery, RotationDetail
from keytui.vault.occupants import occupied, rehearse_target
from keytui.vault.progress import Holds, NotBack, Tell, Told, Undelivered, What, tell_nobody
from keytui.vault.protocol import Vault
from keytui.vault.recognising import is_newer, surely_another
from keytui.vault.ways_on import stands_of

_BEFORE_ISSUE = frozenset({RotationState.PLANNED, RotationState.REVOKED})


def nothing_more() -> None:
    """What has to be seen to before a hand-over counts, where there is nothing."""


@dataclass(frozen=True, slots=True)
class Delivering:
    """One key's targets, and the vault that is told what became of each delivery."""

    vault: Vault
    key: Key
    targets: Sequence[Target]
    clock: Clock
    go_on: Callable[[], None] = nothing_more
    """Called before each target: raises when this process must not go on."""
    tell: Tell = tell_nobody
    """Hears of everything as it happens."""
    before_counts: Callable[[], None] = nothing_more
    """Called once every target has the secret, before the hand-over counts: raises when it must not."""
    run: str = field(default_factory=lambda: secrets.token_hex(8))
    """What tells these deliveries from those that another process of the same name may have under way."""

    def rehearse(self) -> None:
        """Raise what delivering would meet, while nothing has been done yet."""
        for target in self.targets:
            rehearse_target(self.vault, target, self.key)

    def carry_on(self, rotation: Rotation) -> Rotation:
        """Issue and deliver, from wherever the rotation stands before its hand-over. Undelivered at a failure."""
        if rotation.state not in _BEFORE_ISSUE:
            return self.resume(rotation)
        self.rehearse()
        issued = self.vault.issue(rotation.id)
        return self.hand_over(rotation, issued.version, issued.secret)

    def hand_over(self, rotation: Rotation, version: Version, secret: Secret) -> Rotation:
        """Deliver to each target that does not have it, but for those that were skipped.

        Undelivered at the first failure; to call it again tries that one again. The last one hands over.
        """
        told = self.vault.rotation(rotation.id).deliveries
        taken = last_told(told, version.known_as)
        targets = self._wanted(told)
        if not targets:
            raise Refused("every target is skipped, so nobody would receive the secret", "deliver to one of them")
        self._say_skipped(told, version)
        *others, last = targets
        for target in others:
            if self._has_it(target, taken, version):
                continue
            self.vault.deliver(rotation.id, self._delivered(rotation, target, version, secret))
        if self._has_it(last, taken, version):
            arrived = self._delivery(last, taken[last.name], version)
        else:
            arrived = self._delivered(rotation, last, version, secret)
        return self._handed_over(rotation, arrived)

    def resume(self, rotation: Rotation) -> Rotation:
        """Go on after a crash or a failure, with the secret that was issued or, if nobody has that, with another.

        Where the old version is revoked no target goes back to that. Those that may hold the lost one are the first to
        get the next, for the lost one is refused from then on.
        """
        self._take_over(rotation)
        detail = self.vault.rotation(rotation.id)
        version = detail.new
        if version is None:
            raise Refused(f"rotation #{rotation.id} has no new version", "issue it first")
        held = {target.name: self._looked_up(target, detail, version) for target in self.targets}
        found = next((secret for _, secret in held.values() if secret is not None), None)
        if found is not None:
            return self.hand_over(rotation, version, found)
        wanted = {target.name: held[target.name] for target in self._wanted(detail.deliveries)}
        having = [target for target in self.targets if held[target.name][0] is not Holds.NO]
        if having and wanted and self._all_have(wanted, version):
            last = [target for target in having if target.name in wanted][-1]
            return self._handed_over(rotation, self._delivery(last, "sent", version))
        if detail.old.state is not VersionState.REVOKED:
            for target in having:
                self._put_back(detail, target, version, self._lost(target, version))
            having = []
        for target in self._wanted(detail.deliveries):
            rehearse_target(self.vault, target, self.key)
        issued = self.vault.reissue(rotation.id)
        first = having + [target for target in self.targets if target not in having]
        return replace(self, targets=first).hand_over(rotation, issued.version, issued.secret)

    def put_back(self, rotation: Rotation) -> tuple[str, ...]:
        """Let every target hold again what it held before; those that cannot, or do not, by name.

        An old version that is suspended is accepted again before anybody is given it. Refused for one that is revoked.
        """
        detail = self.vault.rotation(rotation.id)
        if detail.old.state is VersionState.REVOKED:
            raise Refused(
                f"v{detail.old.number} of {self.key.name} is revoked, and is put back nowhere",
                f"`keytui rotate {self.key.id} --resume` goes on" if rotation.open else "start a new rotation",
            )
        self._take_over(rotation)
        if detail.rotation.state is RotationState.SUSPENDED:
            self.vault.restore(rotation.id)
        version = detail.new
        if version is None:
            return ()
        left = []
        for target in reversed(self.targets):
            if self._looked_up(target, detail, version)[0] is Holds.NO:
                self._say_strange(target, detail, version)
                continue
            try:
                self._put_back(detail, target, version, self._cannot(detail, target, version))
            except NotBack as error:
                left.append(target.name)
                self._say(target, What.NOT_BACK, version, error.message, error.hint)
        return tuple(left)

    def settle(self, rotation: Rotation) -> tuple[str, ...]:
        """The former secret is over: targets that carry both let go of it. Those that did not, by name.

        To be called once the old version is revoked. A failure is told and noted, and undoes nothing.
        """
        version = self.vault.rotation(rotation.id).new
        left = []
        for target in self.targets:
            if version is None or not isinstance(target, CarriesBoth) or not target.abilities.carries_both:
                continue
            self.go_on()
            try:
                target.settle(self.key, version.number)
            except KeytuiError as error:
                left.append(target.name)
                self._note(rotation, self._delivery(target, "sent", version, f"{NOT_SETTLED}: {error.message}"))
                self._say(target, What.NOT_SETTLED, version, error.message, error.hint)
            else:
                self._note(rotation, self._delivery(target, "proven", version, SETTLED))
                self._say(target, What.SETTLED, version)
        return tuple(left)

    def _wanted(self, told: Sequence[Delivery]) -> Sequence[Target]:
        """The targets that are not skipped."""
        left_out = skipped(told)
        return [target for target in self.targets if target.name not in left_out]

    def _say_skipped(self, told: Sequence[Delivery], version: Version) -> None:
        left_out = skipped(told)
        for target in self.targets:
            if target.name in left_out:
                self._say(target, What.SKIPPED, version)

    def _has_it(self, target: Target, taken: Mapping[str, str], version: Version) -> bool:
        has_it = taken.get(target.name) in ARRIVED
        if has_it:
            self._say(target, What.HAS_IT, version)
        return has_it

    def _take_over(self, rotation: Rotation) -> None:
        """Hold the rotation. Refused while somebody else is at one of its targets."""
        with suppress(AlreadyDone):
            self.vault.take_over(rotation.id)

    def _handed_over(self, rotation: Rotation, arrived: Delivery) -> Rotation:
        try:
            self.before_counts()
        except BaseException:
            self.vault.deliver(rotation.id, arrived)
            raise
        return self.vault.handed_over(rotation.id, arrived)

    def _delivered(self, rotation: Rotation, target: Target, version: Version, secret: Secret) -> Delivery:
        """Deliver to one target, and what it says of it."""
        self.go_on()
        attempt = occupied(self.vault, target, self.key) or self._attempted(rotation, target, version, secret)
        if attempt.arrived:
            self._say(target, What(attempt.state), version, attempt.said)
            return self._delivery(target, attempt.state, version, attempt.said)
        surely_not = attempt.state == "failed"
        noted = self._delivery(target, attempt.state, version, attempt.said)
        self.vault.deliver(rotation.id, noted)
        self._say(target, What.FAILED if surely_not else What.UNKNOWN, version, attempt.said, attempt.hint)
        stands = stands_of(self.key, self.vault.rotation(rotation.id))
        raise Undelivered(attempt.message, attempt.hint, target.name, stands)

    def _attempted(self, rotation: Rotation, target: Target, version: Version, secret: Secret) -> Attempt:
        self.vault.deliver(rotation.id, self._delivery(target, "begun", version))
        self._say(target, What.BEGINS, version)
        try:
            return deliver_once(target, self.key, version.number, secret)
        except BaseException:
            self._note(rotation, self._delivery(target, "begun", version, "was interrupted"))
            raise

    def _looked_up(self, target: Target, detail: RotationDetail, version: Version) -> tuple[Holds, Secret | None]:
        """What a target holds; the vault is told where it is not what was begun there."""
        held = self._holds(target, detail, version)
        if held[0] is Holds.NO and target.name in may_hold(detail.deliveries, version.known_as):
            gone = f"it does not hold v{version.number}"
            self.vault.deliver(detail.rotation.id, self._delivery(target, "failed", version, gone))
        return held

    def _holds(self, target: Target, detail: RotationDetail, version: Version) -> tuple[Holds, Secret | None]:
        told = last_told(detail.deliveries, version.known_as).get(target.name)
        if target.abilities.reads_back:
            self.go_on()
            try:
                stands = target.read_back(self.key)
            except KeytuiError:
                pass  # what was noted has to do
            else:
                has_it = is_newer(version, detail.old, stands) if stands is not None else False
                if has_it is not None:
                    return (Holds.YES, stands) if has_it else (Holds.NO, None)
        if told in ARRIVED:
            return Holds.YES, None
        return (Holds.MAYBE if told == "begun" else Holds.NO), None

    def _all_have(self, held: Mapping[str, tuple[Holds, Secret | None]], version: Version) -> bool:
        """A version that is in use did arrive; with one target alone, it arrived there."""
        if len(held) == 1 and version.last_used_at is not None:
            return True
        return all(holds is Holds.YES for holds, _ in held.values())

    def _say_strange(self, target: Target, detail: RotationDetail, version: Version) -> None:
        """Whatever stands there is somebody else's: it is no secret of this rotation, and the old one is not there."""
        if not target.abilities.reads_back:
            return
        with suppress(KeytuiError):
            stands = target.read_back(self.key)
            if stands and surely_another(detail.old, version, stands):
                self._say(target, What.LEFT_ALONE, version)

    def _put_back(self, detail: RotationDetail, target: Target, version: Version, no_way: NotBack) -> None:
        """Let a target hold what it held before, so that nobody reads a version there that is to be revoked.

        `no_way` is raised where the target has no way back.
        """
        if not target.abilities.rolls_back:
            raise no_way
        self.go_on()
        number = detail.rotation.id
        self.vault.deliver(number, self._delivery(target, "begun", version, PUTTING_BACK))
        try:
            target.roll_back(self.key, version.number)
            stands = target.read_back(self.key) if target.abilities.reads_back else None
        except KeytuiError as error:
            self.vault.deliver(number, self._delivery(target, "begun", version, f"is not put back: {error.message}"))
            raise NotBack(f"{target.name} may hold v{version.number}: {error.message}", error.hint) from None
        if stands is not None and surely_another(detail.old, version, stands):
            self.vault.deliver(number, self._delivery(target, "begun", version, "was put back to something else"))
            raise NotBack(
                f"{target.name} was put back, and holds something else than v{detail.old.number}",
                f"give it the secret of v{detail.old.number} by hand, then `keytui rollback` or `abandon` with --yes",
            )
        untold = stands is not None and is_newer(version, detail.old, stands) is None
        said = f"put back to what it held before v{version.number}"
        said += f", and nothing tells that from v{version.number}" if untold else ""
        self.vault.deliver(number, self._delivery(target, "failed", version, said))
        self._say(target, What.PUT_BACK, version, said)

    def _cannot(self, detail: RotationDetail, target: Target, version: Version) -> NotBack:
        """Of one who goes back: the new secret may be in somebody's hands, and is not wanted any more."""
        verb = "abandon" if Verb.ABANDON in allowed(detail.rotation) else "rollback"
        return NotBack(
            f"{target.name} may hold v{version.number}, and cannot put back what it held",
            f"give it the secret of v{detail.old.number} by hand, then `keytui {verb} {self.key.id} --yes`",
        )

    def _lost(self, target: Target, version: Version) -> NotBack:
        """Of one who goes on, where nobody has the secret."""
        return NotBack(
            f"the secret of v{version.number} is lost, and {target.name} may hold it",
            f"look there: if it does, say so in the console; if not, `keytui abandon {self.key.id} --yes` lets the"
            " next rotation begin",
        )

    def _note(self, rotation: Rotation, delivery: Delivery) -> None:
        """What happened did so, whether the vault can take note of it or not."""
        with suppress(KeytuiError):
            self.vault.deliver(rotation.id, delivery)

    def _say(self, target: Target, what: What, version: Version, said: str = "", hint: str = "") -> None:
        self.tell(Told(target.name, what, version.number, self.clock(), said, hint))

    def _delivery(self, target: Target, state: str, version: Version, detail: str = "") -> Delivery:
        holds = None if state == "failed" else version.known_as
        return Delivery(target.name, state, self.clock(), holds, detail, self.run)
