"""Many keys rotated in waves: a canary first, then some at a time, and each wave is proven before the next begins.

Nothing of a fleet is stored. Which of its keys are done is what the vault says of their rotations, so that to run the
same again goes on: what was handed over is asked about and left as it is, what was not is resumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from secrets import token_hex
from typing import Final

from keytui.clock import Clock
from keytui.domain.errors import Invalid, KeytuiError, Refused
from keytui.domain.keys import Key
from keytui.domain.operators import person
from keytui.domain.rotation import Plan, Rotation, RotationState, Strategy
from keytui.domain.secrets import Secret
from keytui.vault.delivering import Delivering
from keytui.vault.outside import Outside
from keytui.vault.progress import Told
from keytui.vault.protocol import Vault
from keytui.vault.proving import Proven, held_by, noted, prove, versions_of

_BEFORE_ISSUE: Final = frozenset({RotationState.PLANNED, RotationState.REVOKED})
_BEFORE_HAND_OVER: Final = _BEFORE_ISSUE | {RotationState.ISSUED}


class Ended(StrEnum):
    """What became of one key."""

    ROTATED = "rotated"
    RESUMED = "resumed"
    DONE = "handed over before"
    FAILED = "failed"
    UNPROVEN = "unproven"
    """Its new version was handed over, and a system does not let it in."""
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Member:
    """One key of the fleet. `why_not` says why it is left out; "" when it is not."""

    around: Outside
    why_not: str = ""

    @property
    def key(self) -> Key:
        return self.around.key


@dataclass(frozen=True, slots=True)
class KeyOutcome:
    """How one key's turn ended. `wave` is 0 for the canary."""

    key: Key
    wave: int
    ended: Ended
    rotation: Rotation | None = None
    error: KeytuiError | None = None
    proofs: tuple[Proven, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether it counts against the budget."""
        return self.ended in {Ended.FAILED, Ended.UNPROVEN}


@dataclass(frozen=True, slots=True)
class Fleet:
    """Keys that rotate rolling, to targets of this machine."""

    vault: Vault
    plan: Plan
    clock: Clock
    tell: Callable[[Key, Told], None]
    """Hears what happens at each target."""

    def __post_init__(self) -> None:
        """Refused for what would leave callers without a key where a wave fails."""
        if self.plan.strategy is not Strategy.ROLLING:
            raise Refused(
                f"a fleet rotates rolling: {self.plan.strategy} would cut callers off wherever a target fails",
                "rotate such keys one by one",
            )

    def muster(self, keys: Iterable[Key], around: Callable[[Key], Outside]) -> tuple[Member, ...]:
        """The keys with what speaks against any of them. Nothing is written."""
        return tuple(self._mustered(around(key)) for key in keys)

    def run(self, waves: Sequence[Sequence[Member]], budget: int) -> Iterator[KeyOutcome]:
        """Each key's outcome as it ends. More failures than `budget` stop it, and so does a canary that fails.

        What was not tried any more is told as that.
        """
        failures, stopped = 0, False
        for number, wave in enumerate(waves):
            for member in wave:
                if stopped:
                    yield KeyOutcome(member.key, number, Ended.NOT_TRIED)
                    continue
                outcome = self._turn(member, number)
                yield outcome
                failures += outcome.failed
                stopped = failures > budget or (outcome.failed and number == 0)

    def _mustered(self, around: Outside) -> Member:
        key = around.key
        if not key.targets:
            return Member(around, "it has no target, so nobody would receive the new secret")
        if not around.delivers:
            return Member(around, f"target {around.missing[0]} is none of this machine")
        rotation = self.vault.open_rotation(key.id)
        if rotation is not None:
            return Member(around, self._why_not_resumed(rotation))
        return Member(around, next(iter(self.vault.rehearse(key.id, self.plan).problems), ""))

    def _why_not_resumed(self, rotation: Rotation) -> str:
        """What a fleet leaves to whoever began it: a rotation of another kind, and a secret on somebody else's way."""
        if rotation.plan.strategy is not Strategy.ROLLING:
            return f"its rotation #{rotation.id} is {rotation.state} and no rolling one: {rotation.plan.strategy}"
        on_its_way = rotation.state in _BEFORE_HAND_OVER
        if on_its_way and person(rotation.holder) != person(self.vault.standing().actor):
            return f"{rotation.holder} holds its rotation #{rotation.id}, which is {rotation.state}"
        return ""

    def _turn(self, member: Member, wave: int) -> KeyOutcome:
        key = member.key
        try:
            ended, rotation, secret = self._handed_over(member.around)
        except KeytuiError as error:
            return KeyOutcome(key, wave, Ended.FAILED, self._open(key), error)
        try:
            proofs = tuple(self._proofs(member.around, rotation, secret))
        except KeytuiError as error:
            return KeyOutcome(key, wave, Ended.UNPROVEN, rotation, error)
        holds = all(each.holds for each in proofs)
        return KeyOutcome(key, wave, ended if holds else Ended.UNPROVEN, rotation, proofs=proofs)

    def _handed_over(self, around: Outside) -> tuple[Ended, Rotation, Secret | None]:
        """Where the key's rotation stands once this process has done its part; the secret where it was issued here."""
        key = around.key
        delivering = Delivering(self.vault, key, around.targets, self.clock, tell=lambda told: self.tell(key, told))
        rotation = self.vault.open_rotation(key.id)
        if rotation is not None and (why_not := self._why_not_resumed(rotation)):
            raise Refused(why_not, f"ask them; or go on with it alone: `keytui rotate {key.id} --resume`")
        if rotation is not None and rotation.state not in _BEFORE_HAND_OVER:
            return Ended.DONE, rotation, None
        if rotation is not None and rotation.state not in _BEFORE_ISSUE:
            return Ended.RESUMED, delivering.resume(rotation), None
        ended = Ended.ROTATED if rotation is None else Ended.RESUMED
        delivering.rehearse()
        rotation = rotation or self.vault.plan(key.id, self.plan, token_hex(16))
        issued = self.vault.issue(rotation.id)
        return ended, delivering.hand_over(rotation, issued.version, issued.secret), issued.secret

    def _proofs(self, around: Outside, rotation: Rotation, secret: Secret | None) -> Iterator[Proven]:
        """What the key's probes say of the new version, where anybody here has its secret."""
        if not around.probes or rotation.new_version is None:
            return
        detail = self.vault.detail(around.key.id)
        held = {rotation.new_version: secret} if secret else versions_of(detail, list(held_by(around.targets, detail)))
        new = {number: value for number, value in held.items() if number == rotation.new_version}
        if new:
            yield from noted(self.vault, rotation.id, prove(detail, new, around.probes, self.clock()))

    def _open(self, key: Key) -> Rotation | None:
        try:
            return self.vault.open_rotation(key.id)
        except KeytuiError:
            return None


def in_waves(members: Sequence[Member], size: int) -> tuple[tuple[Member, ...], ...]:
    """The first one alone, as the canary, then waves of `size`. Those that are left out are in none."""
    chosen = tuple(member for member in members if not member.why_not)
    return (chosen[:1], *(chosen[at : at + size] for at in range(1, len(chosen), size))) if chosen else ()


def wave_size(given: str, total: int) -> int:
    """`5`, or `10%` of them all, at least one. Invalid for anything else."""
    number, percent, rest = given.partition("%")
    if rest or not number.isascii() or not number.isdigit() or not int(number) or (percent and int(number) > 100):
        raise Invalid(f"{given!r} is no size of a wave", "as in 5, or 10%")
    return max(1, ceil(total * int(number) / 100)) if percent else int(number)
