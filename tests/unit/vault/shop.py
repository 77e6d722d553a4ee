"""A shop whose keys rotate by themselves: places that hold secrets, programs that use these, and hours that pass.

Anything may be made to fail, and whoever runs auto-rotation may be made to die between any two calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from keytui.domain.audit import Actor
from keytui.domain.automation import RunReport, Selection
from keytui.domain.errors import OutcomeUnknown, Refused
from keytui.domain.keys import ACCEPTED, Key, KeyDraft, Version
from keytui.domain.policy import Policies, Policy
from keytui.domain.secrets import Secret, fingerprint
from keytui.domain.usage import Use
from keytui.probes.key_probe import KeyProbe
from keytui.targets.target import Abilities, Target
from keytui.vault.auto_rotation import run_due
from keytui.vault.auto_rotation_turn import LENGTH, AutomaticVault
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.contract.acts import Reporter, request, use
from tests.world import StoppedClock, repeatable_randomness

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
QUICK = Policies(Policy(quiet=2 * HOUR, first_silence=2 * HOUR, suspension_watch=HOUR, overlap=4 * HOUR), {})
"""Hours instead of days, so that a year of rotations is a few hundred flushes."""


class Died(BaseException):
    """The process is gone: nothing of it runs any more, no clean-up either."""


@dataclass
class Death:
    """Comes at the n-th call; from then on every call ends at once. Until then `watch` sees what every call finds."""

    at: int | None = None
    calls: int = 0
    watch: Callable[[], None] | None = None

    def near(self) -> None:
        self.calls += 1
        if self.watch is not None:
            self.watch()
        if self.at is not None and self.calls >= self.at:
            raise Died


@dataclass
class Place:
    """A target in memory. `fault` is what it does to the next deliveries."""

    name: str
    readable: bool = True
    reversible: bool = False
    holds: Secret | None = None
    before: Secret | None = None
    fault: str = ""
    delivered: int = 0

    @property
    def abilities(self) -> Abilities:
        return Abilities(reads_back=self.readable, rolls_back=self.reversible)

    def place(self, key: Key) -> str:
        return f"{self.name} of {key.id}"

    def rehearse(self, key: Key) -> None:
        if self.fault == "away":
            raise Refused(f"{self.name} is away", "wait")

    def deliver(self, key: Key, version: int, secret: Secret) -> None:
        self.delivered += 1
        if self.fault in {"away", "refuses"}:
            raise Refused(f"{self.name} refuses", "wait")
        if self.fault == "cut off before":
            raise OutcomeUnknown(f"{self.name} was cut off", "look")
        if self.holds != secret:
            self.before, self.holds = self.holds, secret
        if self.fault == "cut off after":
            raise OutcomeUnknown(f"{self.name} was cut off", "look")

    def read_back(self, key: Key) -> Secret | None:
        if self.fault == "away":
            raise Refused(f"{self.name} is away", "wait")
        return self.holds

    def roll_back(self, key: Key, version: int) -> None:
        if self.fault:
            raise Refused(f"{self.name} refuses", "wait")
        self.holds, self.before = self.before, None


def fingerprint_of(place: Place) -> str | None:
    """Of what stands there."""
    return None if place.holds is None else fingerprint(place.holds.digest())


class Mortal:
    """Passes every call on, and may die right before it: so also right after the one before."""

    def __init__(self, real: object, death: Death) -> None:
        self._real, self._death = real, death

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if not callable(found):
            return found

        def call(*arguments: object, **named: object) -> object:
            self._death.near()
            answer = found(*arguments, **named)
            return Mortal(answer, self._death) if name == "automatic" else answer

        return call


@dataclass
class Shop:
    """One key, its places, and the program behind each place, which uses what it finds there once an hour."""

    vault: LocalVault
    clock: StoppedClock
    reporter: Reporter
    close: Callable[[], None]
    places: list[Place] = field(default_factory=list)
    probes: list[KeyProbe] = field(default_factory=list)
    key: Key | None = None

    @classmethod
    def open(cls, directory: Path, database: str = "") -> Shop:
        clock = StoppedClock()
        profile = Profile("prod", directory, Actor("ada", "bastion-2"), database=database)
        vault = LocalVault.open(profile, clock, repeatable_randomness(), QUICK)
        feed = LocalFeed.open(profile, clock, silent_for=30 * DAY)  # one flush for many hours

        def close() -> None:
            vault.close()
            feed.close()

        return cls(vault, clock, Reporter(feed), close)

    def furnish(self, *places: Place, keep_previous: bool = True, every: timedelta = DAY, name: str = "shop") -> Key:
        """A key whose first version stands in every place, used for long enough to be known, and to rotate daily."""
        issued = self.vault.create(
            KeyDraft(name, "production", targets=tuple(place.name for place in places)), request()
        )
        self.places, self.key = list(places), issued.key
        for place in places:
            place.holds = issued.secret
        self.pass_(4)
        self.vault.enable_auto_rotation(Selection(issued.key.id), every, keep_previous=keep_previous)
        return issued.key

    @property
    def key_id(self) -> str:
        assert self.key is not None
        return self.key.id

    @property
    def targets(self) -> Mapping[str, Target]:
        return {place.name: place for place in self.places}

    def run(self, death: Death | None = None, *, retry_at_once: bool = True) -> RunReport | None:
        """One run; None when whoever ran it died."""
        if death is None:
            asked = tuple(self.probes)
            return run_due(self.vault, self.targets, self.clock, retry_at_once=retry_at_once, probes=lambda _key: asked)
        mortal = cast(AutomaticVault, Mortal(self.vault, death))
        targets = {name: cast(Target, Mortal(place, death)) for name, place in self.targets.items()}
        try:
            return run_due(mortal, targets, self.clock, retry_at_once=retry_at_once)
        except Died:
            return None

    def run_watched(self) -> RunReport:
        """One run, at each of whose calls nobody is cut off."""
        report = self.run(Death(watch=self.see_that_nobody_is_cut_off))
        assert report is not None
        return report

    def outlive_turn(self) -> None:
        """Until a process that died has lost its turn."""
        self.clock.advance(LENGTH)
        self.reporter.flush(self.clock())

    def pass_(self, hours: int) -> None:
        """Hours in which every program uses what stands in its place."""
        versions = {one.fingerprint: one for one in self.versions()}
        uses = []
        for _ in range(hours):
            self.clock.advance(HOUR)
            uses += [self._use(place, versions) for place in self.places if place.holds is not None]
        self.reporter.flush(self.clock(), *uses)

    def use_old(self, version: int, caller: str = "forgotten") -> None:
        """Somebody whom no target serves uses a version."""
        self.clock.advance(HOUR)
        self.reporter.flush(self.clock(), use(self.key_id, version, self.clock(), caller))

    def _use(self, place: Place, versions: Mapping[str | None, Version]) -> Use:
        version = versions[fingerprint_of(place)]
        accepted = version.state in ACCEPTED
        return use(
            self.key_id, version.number, self.clock(), place.name, accepted=int(accepted), refused=int(not accepted)
        )

    def versions(self) -> tuple[Version, ...]:
        """Newest first."""
        return self.vault.detail(self.key_id).versions

    def accepted(self) -> list[int]:
        """Numbers of the versions that let somebody in, oldest first."""
        return sorted(one.number for one in self.versions() if one.accepted(self.clock()))

    def standing(self) -> dict[str, int]:
        """Which version stands in which place."""
        numbers = {one.fingerprint: one.number for one in self.versions()}
        return {place.name: numbers[fingerprint_of(place)] for place in self.places if place.holds is not None}

    def note(self) -> str:
        """Of the key's auto-rotation."""
        return self.vault.auto_rotations()[0].note

    def see_that_nobody_is_cut_off(self) -> None:
        """What must hold at any moment."""
        accepted = self.accepted()
        assert len(accepted) <= 2, f"{accepted} are accepted at once"
        for name, version in self.standing().items():
            assert version in accepted, f"{name} holds v{version}, and only {accepted} are accepted"
        fingerprints = [one.fingerprint for one in self.versions()]
        assert len(set(fingerprints)) == len(fingerprints)
