"""What one key of auto-rotation needs next, or the reason why it cannot have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from keytui.domain.alerts import pause_after
from keytui.domain.automation import AutoRotation, Outcome, TurnLost, What, is_automatic
from keytui.domain.errors import AlreadyDone, KeytuiError, Refused, RotationOpen
from keytui.domain.keys import Key, KeyState
from keytui.domain.rotation import Plan, Rotation, RotationState
from keytui.domain.verdict import Assessment, Question, Verdict
from keytui.targets.target import Target
from keytui.vault.auto_rotation_turn import AutomaticVault, Turn
from keytui.vault.deliveries import is_beginning
from keytui.vault.delivering import Delivering
from keytui.vault.proving import (
    complete_once_refused,
    held_by,
    prove,
    refuse_shut_out,
    refuse_still_accepted,
    versions_of,
)

_WATCHED_LONG: Final = timedelta(days=1)
"""A suspended version that may still not be revoked after this long wants an eye."""
_ONE_RUN: Final = "automatic"
"""Runs are one, on whatever host: one at a time has the turn."""
_UNDELIVERED: Final = frozenset({RotationState.PLANNED, RotationState.ISSUED})


class NotNow(Refused):
    """A key is left as it is in this run. `why` is the short reason, the same as long as it stays the same."""

    def __init__(self, why: str, detail: str = "") -> None:
        super().__init__(f"{why}: {detail}" if detail else why)
        self.why = why


class NotHere(NotNow):
    """It takes a target that this machine has not."""


@dataclass
class OneKey:
    """What one key needs next. `auto` is as the vault has it when the key's turn comes: a run may take long."""

    turn: Turn
    auto: AutoRotation

    @property
    def _vault(self) -> AutomaticVault:
        return self.turn.vault

    def tended(self) -> Outcome:
        """One step on, or the reason why not: noted, and no other key waits for this one."""
        try:
            return self._carried_on()
        except TurnLost:
            raise
        except KeytuiError as error:
            why = error.why if isinstance(error, NotNow) else error.message
            left = self._left(why, error.message)
            return replace(left, elsewhere=isinstance(error, NotHere))
        except Exception as fault:  # of a target from another package; its text could hold what was delivered
            why = f"a fault, of a target or of ours: {type(fault).__name__}"
            return self._left(why, why)

    def _carried_on(self) -> Outcome:
        stands = self._vault.auto_rotation(self.auto.key.id)
        if stands is None:  # switched off since this run began
            return self._outcome(What.WAITING)
        self.auto = stands
        key, now = self.auto.key, self.turn.clock()
        if self.auto.put_off(now):
            self._keep(replace(self.auto, next_at=now + self.auto.interval))
        rotation = self._vault.open_rotation(key.id)
        if rotation is None or not (rotation.id == self.auto.rotation_id or _by_us(rotation)):
            self._forget_ended()
            if now < self.auto.next_at:
                return self._outcome(What.WAITING)
            refuse_unfit(key, now)
            return self._begun(now)
        refuse_unfit(key, now)
        if not _by_us(rotation):
            if self._late(rotation, now):
                raise NotNow(f"{rotation.holder} holds rotation #{rotation.id}")
            return self._outcome(What.WAITING)
        if rotation.state in _UNDELIVERED:
            return self._handed_over(rotation, now)
        return self._ended(rotation, now)

    def _begun(self, now: datetime) -> Outcome:
        rotated_at = self.auto.key.rotated_at
        if rotated_at is not None and rotated_at <= now < rotated_at + self.auto.interval:  # somebody was faster
            self._keep(replace(self.auto, next_at=rotated_at + self.auto.interval, note=""))
            return self._outcome(What.WAITING)
        delivering = self._delivering()
        for target in delivering.targets:
            if other := self.turn.shared_place(self.auto.key, target):
                raise NotNow(f"target {target.name} puts {other} in the same place", target.place(self.auto.key))
        delivering.rehearse()
        rotation = self._planned(now)
        self._keep(replace(self.auto, rotation_id=rotation.id, next_at=now + self.auto.interval))
        return self._handed_over(rotation, now)

    def _planned(self, now: datetime) -> Rotation:
        """The rotation of this due time: the same one, however often a run died after it was planned."""
        auto = self.auto
        plan = Plan(overlap=auto.interval if auto.keep_previous else None)
        try:
            return self._vault.plan(auto.key.id, plan, f"auto-rotation {auto.key.id} {auto.next_at.isoformat()}")
        except RotationOpen as other:
            raise NotNow(f"rotation #{other.rotation_id} is open, and was begun by somebody else") from None
        except AlreadyDone as done:
            rotation = self._vault.rotation(int(done.reference)).rotation
        if not rotation.open:  # somebody ended it before it was noted: this period is over
            self._keep(replace(auto, next_at=now + auto.interval))
            raise NotNow(_ended_by_somebody(rotation))
        return rotation

    def _handed_over(self, rotation: Rotation, now: datetime) -> Outcome:
        if self._too_early(rotation, now):
            return self._outcome(What.WAITING)
        delivering = self._delivering()
        if rotation.state is RotationState.PLANNED:
            delivering.rehearse()
            issued = self._vault.issue(rotation.id)
            delivering.hand_over(rotation, issued.version, issued.secret)
        else:
            delivering.resume(rotation)
        next_at = self.turn.clock() + self.auto.interval
        self._keep(replace(self.auto, rotation_id=rotation.id, next_at=next_at, note=""))
        return self._outcome(What.ROTATED)

    def _ended(self, rotation: Rotation, now: datetime) -> Outcome:
        """Retire or complete, on SAFE and on nothing else."""
        if rotation.state is RotationState.OVERLAPPING and self.auto.keep_previous and now < self.auto.next_at:
            return self._outcome(What.WAITING)
        if rotation.state is RotationState.PROVING:
            return self._completed(rotation)
        assessment = self._vault.verdict(rotation.id)
        if assessment.verdict is Verdict.SAFE:
            self._ask(rotation, rotation.new_version)
            if assessment.question is Question.COMPLETE or not rotation.suspends:
                return self._completed(rotation)
            self._vault.retire(rotation.id)
            self._keep(replace(self.auto, rotation_id=rotation.id, note=""))
            return self._outcome(What.RETIRED)
        if assessment.question is Question.COMPLETE and assessment.verdict is Verdict.NOT_SAFE:
            self._vault.restore(rotation.id)
            why = f"v{rotation.old_version} was still wanted while it was suspended, and is accepted again"
            return replace(self._left(why, f"{why}: {_first(assessment)}"), what=What.RESTORED)
        if self._late(rotation, now):
            why = f"v{rotation.old_version} cannot go yet, the verdict to {assessment.question} it is"
            raise NotNow(f"{why} {assessment.verdict.replace('_', ' ')}", _first(assessment))
        return self._outcome(What.WAITING)

    def _completed(self, rotation: Rotation) -> Outcome:
        def ask_old() -> None:
            self._ask(rotation, rotation.old_version)

        complete_once_refused(self._vault, rotation, "", self.turn.probes(self.auto.key), ask_old)
        self._settled(rotation)
        self._keep(replace(self.auto, rotation_id=None, note=""))
        return self._outcome(What.COMPLETED, rotation.id)

    def _ask(self, rotation: Rotation, number: int | None) -> None:
        """Ask the key's own systems, where a target holds that version: once, for the next run comes soon enough.

        ShutOut where one refuses what is in force, StillAccepted where one lets in what is over.
        """
        probes, detail = self.turn.probes(self.auto.key), self._vault.detail(self.auto.key.id)
        known = versions_of(detail, tuple(held_by(self._here, detail))) if probes else {}
        if number is not None and number in known:
            answers = tuple(prove(detail, {number: known[number]}, probes, self.turn.clock(), timedelta()))
            refuse_shut_out(answers, self.auto.key)
            refuse_still_accepted(answers, self.auto.key)

    @property
    def _here(self) -> Sequence[Target]:
        known = self.turn.targets
        return [known[name] for name in self.auto.key.targets if name in known]

    def _settled(self, rotation: Rotation) -> None:
        """Targets that carry both let go of the former secret. What fails is noted there, and undoes nothing."""
        Delivering(self._vault, self.auto.key, self._here, self.turn.clock, self.turn.keep, run=_ONE_RUN).settle(
            rotation
        )

    def _late(self, rotation: Rotation, now: datetime) -> bool:
        """Whether waiting any longer wants an eye."""
        if rotation.suspended_at is not None:
            return now - rotation.suspended_at >= _WATCHED_LONG
        return rotation.overdue(now) or now >= self.auto.next_at

    def _too_early(self, rotation: Rotation, now: datetime) -> bool:
        """Whether a target that failed is left alone for a while: each try makes a version, and an entry in the log."""
        if self.turn.retry_at_once:
            return False
        told = [one for one in self._vault.rotation(rotation.id).deliveries if not is_beginning(one)]
        failed = [one for one in told if one.state in {"failed", "begun"}]
        return bool(failed) and now < failed[-1].at + pause_after(len(failed))

    def _forget_ended(self) -> None:
        """The rotation that the last run began has ended, by whomever."""
        if self.auto.rotation_id is None:
            return
        rotation = self._vault.rotation(self.auto.rotation_id).rotation
        done = rotation.state is RotationState.COMPLETED
        note = "" if done else _ended_by_somebody(rotation)
        self._keep(replace(self.auto, rotation_id=None, note=note))

    def _delivering(self) -> Delivering:
        key, known = self.auto.key, self.turn.targets
        if not key.targets:
            raise NotNow("it has no target, so nobody would receive the new secret")
        if missing := [name for name in key.targets if name not in known]:
            raise NotHere(f"no target is called {missing[0]} here", f"there are {', '.join(known) or 'none'}")
        targets = [known[name] for name in key.targets]
        return Delivering(self._vault, key, targets, self.turn.clock, self.turn.keep, run=_ONE_RUN)

    def _left(self, why: str, note: str) -> Outcome:
        self._keep(replace(self.auto, note=note), why)
        return self._outcome(What.SKIPPED)

    def _keep(self, noted: AutoRotation, why: str = "") -> None:
        """Write nothing when nothing has changed: a run may come every minute."""
        if noted != self.auto:
            self._vault.note_auto_rotation(noted, why)
            self.auto = noted

    def _outcome(self, what: What, rotation_id: int | None = None) -> Outcome:
        return Outcome(self.auto.key, what, rotation_id or self.auto.rotation_id, self.auto.note)


def refuse_unfit(key: Key, now: datetime) -> None:
    """What speaks against touching the key at all, whatever stands next."""
    state = key.state(now)
    if state is not KeyState.ACTIVE:
        raise NotNow(f"it is {state}")
    if key.sensitive:
        raise NotNow("it is sensitive, and each of its rotations needs a second operator's approval")


def _by_us(rotation: Rotation) -> bool:
    """Not an operator's. One who only waived something has left it to us."""
    return is_automatic(rotation.holder)


def _ended_by_somebody(rotation: Rotation) -> str:
    return f"rotation #{rotation.id} was {rotation.state.replace('_', ' ')}"


def _first(assessment: Assessment) -> str:
    """The finding that weighs most."""
    against = (found for found in assessment.reasons if found.verdict is assessment.verdict and not found.waived_by)
    return next((found.detail for found in against), "")
