"""An issuer, a target and a probe that fail in one rotation, and a process that dies in it: it completes or goes back.

At no call is the consumer shut out, and no secret lives that the vault does not know of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from pathlib import Path
from random import Random

import pytest
from dotenv import dotenv_values

from keytui.domain.audit import Actor
from keytui.domain.errors import KeytuiError, Refused, Unreachable
from keytui.domain.keys import ACCEPTED, Key, KeyDraft
from keytui.domain.policy import Policies
from keytui.domain.rotation import Plan, Rotation, RotationState, Verb, allowed
from keytui.domain.secrets import Secret, parse_format
from keytui.issuers.envlist import EnvListIssuer
from keytui.issuers.issuer import Listed, Mark
from keytui.probes.key_probe import Answer, Outcome
from keytui.vault.delivering import Delivering
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.vault.progress import NotBack
from keytui.vault.proving import Proven, complete_once_refused, noted, prove, refuse_shut_out, refuse_still_accepted
from tests.unit.vault.shop import Place
from tests.unit.vault.test_issuer_faults import ANYWAY, Died, Done, Fault, Faulty, tried
from tests.world import NOON, StoppedClock, repeatable_randomness

DEATHS = (Fault.DIED_BEFORE, Fault.DIED_AFTER)
BEFORE_THE_OVERLAP = frozenset({RotationState.PLANNED, RotationState.ISSUED, RotationState.DELIVERED})
AT_ONCE = timedelta()


def nobody_looks() -> None:
    """At a call."""


@dataclass
class Line:
    """Every call of every system goes over it, and those with a number in `faults` fail."""

    faults: dict[int, Fault] = field(default_factory=dict)
    calls: int = 0
    watch: Callable[[], None] = nobody_looks

    def change(self, act: Callable[[], Done]) -> Done:
        self.calls += 1
        self.watch()
        return tried(act, self.faults.get(self.calls))

    def ask(self, question: Callable[[], Done]) -> Done:
        """A question that is lost has changed nothing, on whichever way it was lost."""
        self.calls += 1
        self.watch()
        fault = self.faults.get(self.calls)
        if fault is None or fault in DEATHS:
            return tried(question, fault)
        raise Unreachable("nobody answers", "try again")


@dataclass
class Issuer(Faulty):
    """Its changes and its answers go over a line."""

    line: Line = field(default_factory=Line)

    def look_up(self, mark: Mark) -> Listed | None:
        return self.line.ask(lambda: self.inner.look_up(mark))

    def _tried(self, act: Callable[[], Done]) -> Done:
        return self.line.change(act)


@dataclass
class Consumer(Place):
    """A target over the same line."""

    line: Line = field(default_factory=Line)

    def rehearse(self, key: Key) -> None:
        self.line.ask(lambda: Place.rehearse(self, key))

    def deliver(self, key: Key, version: int, secret: Secret) -> None:
        self.line.change(lambda: Place.deliver(self, key, version, secret))

    def read_back(self, key: Key) -> Secret | None:
        return self.line.ask(lambda: Place.read_back(self, key))

    def roll_back(self, key: Key, version: int) -> None:
        self.line.change(lambda: Place.roll_back(self, key, version))


@dataclass(frozen=True)
class Door:
    """A probe over the same line. What is lost on it is unclear, as every probe says it."""

    line: Line
    accepts: Callable[[Secret], bool]
    name: str = "door"

    def ask(self, secret: Secret) -> Answer:
        try:
            let_in = self.line.ask(lambda: self.accepts(secret))
        except Unreachable:
            return Answer(Outcome.UNCLEAR, "no answer", AT_ONCE)
        return Answer(Outcome.ACCEPTED if let_in else Outcome.REFUSED, "it answered", AT_ONCE)

    def rehearse(self, stranger: Secret) -> None:
        self.line.ask(lambda: self.accepts(stranger))


@dataclass
class World:
    """A service, its consumer, its door, and an operator who does again what has failed."""

    line: Line
    issuer: Issuer
    consumer: Consumer
    vault: LocalVault
    key: Key
    first: Secret

    def accepts(self, secret: Secret) -> bool:
        listed = dotenv_values(self.issuer.inner.path)["API_KEYS"] or ""
        return secret.reveal() in listed.split(",")

    @property
    def let_in(self) -> set[str]:
        return {secret.prefix() for secret in self.issuer.minted if self.accepts(secret)}

    def see(self) -> None:
        """What holds at every call: the consumer is let in, and nothing lives that nobody knows of."""
        held = self.consumer.holds
        assert held is not None
        assert self.accepts(held), "the consumer is shut out"
        known = {version.prefix for version in self.vault.detail(self.key.id).versions}
        assert self.let_in <= known

    def go_on(self) -> None:
        """One step after the other, each again until it is done."""
        for _ in range(20):
            rotation = self.vault.open_rotation(self.key.id)
            if rotation is None:
                return
            try:
                self._next(rotation)
            except KeytuiError as error:
                last = error
        raise AssertionError(f"it comes to no end: {last!r}")

    def _next(self, rotation: Rotation) -> None:
        if rotation.state in BEFORE_THE_OVERLAP:
            rotation = self._engine.carry_on(rotation)
            refuse_shut_out(self._asked(rotation, rotation.new_version or 0, self.consumer.holds), self.key)
        elif Verb.RETIRE in allowed(rotation):
            self.vault.retire(rotation.id, ANYWAY)
        else:
            complete_once_refused(self.vault, rotation, ANYWAY, (self._door,), lambda: self._see_old_refused(rotation))

    def go_back(self) -> None:
        """To the old version where there is a way, once the target holds it again; on, where there is none."""
        for _ in range(10):
            rotation = self.vault.open_rotation(self.key.id)
            if rotation is None or not {Verb.ROLLBACK, Verb.ABANDON}.intersection(allowed(rotation)):
                break
            try:
                self._put_back(rotation)
            except NotBack:
                break
            except Refused:  # the old version is in doubt: that is mended first, as the refusal says
                with suppress(KeytuiError):
                    self.vault.restore(rotation.id)
        self.go_on()

    def _put_back(self, rotation: Rotation) -> None:
        if rotation.new_version is not None and self._engine.put_back(rotation):
            raise NotBack("the target keeps it", "go on")
        verbs = allowed(self.vault.rotation(rotation.id).rotation)
        (self.vault.abandon if Verb.ABANDON in verbs else self.vault.rollback)(rotation.id, "a test")

    @property
    def _engine(self) -> Delivering:
        return Delivering(self.vault, self.key, (self.consumer,), StoppedClock())

    @property
    def _door(self) -> Door:
        return Door(self.line, self.accepts)

    def _see_old_refused(self, rotation: Rotation) -> None:
        refuse_still_accepted(self._asked(rotation, rotation.old_version, self.first), self.key)

    def _asked(self, rotation: Rotation, version: int, secret: Secret | None) -> list[Proven]:
        assert secret is not None
        detail = self.vault.detail(self.key.id)
        return list(noted(self.vault, rotation.id, prove(detail, {version: secret}, (self._door,), NOON, AT_ONCE)))


def a_world(directory: Path) -> Iterator[World]:
    path = directory / ".env"
    path.touch(0o600)
    path.write_text("API_KEYS=\n")
    line = Line()
    issuer = Issuer(EnvListIssuer("reserve", path, "API_KEYS", parse_format("base64")), line=line)
    profile = Profile("prod", directory / "vault", Actor("ada", "bastion-2"))
    vault = LocalVault.open(
        profile, StoppedClock(), repeatable_randomness(), Policies(), issuers=lambda: {"reserve": issuer}
    )
    issued = vault.create(KeyDraft("orders", "production", owner="shop", issuer="reserve", targets=("web",)), "one")
    consumer = Consumer("web", reversible=True, holds=issued.secret, line=line)
    vault.plan(issued.key.id, Plan(), "two")
    world = World(line, issuer, consumer, vault, issued.key, issued.secret)
    line.calls, line.watch = 0, world.see
    yield world
    vault.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from a_world(tmp_path)


CALLS = 12
"""How many calls a rotation takes in which nothing fails."""


@dataclass(frozen=True)
class Case:
    """A call that fails, a later one at which the process dies, and what the next one wants."""

    at: int
    fault: Fault
    dies_at: int
    death: Fault
    then: Callable[[World], None]

    def __str__(self) -> str:
        return f"{self.fault.name} at {self.at}, {self.death.name} at {self.dies_at}, then {self.then.__name__}"


def cases(count: int) -> list[Case]:
    """As many of all there are; the same each time, and each call fails in some."""
    every = [
        Case(at, fault, dies_at, death, then)
        for at, dies_at in product(range(1, CALLS + 1), range(2, CALLS + 6))
        if at < dies_at
        for fault, death, then in product(set(Fault) - set(DEATHS), DEATHS, (World.go_on, World.go_back))
    ]
    every.sort(key=str)
    return Random(4).sample(every, count)  # noqa: S311  # a choice of tests


CASES = cases(48)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_completes_or_goes_back(world: World, case: Case) -> None:
    world.line.faults = {case.at: case.fault, case.dies_at: case.death}
    try:
        world.go_on()
    except Died:
        world.see()
    world.line.faults = {}
    case.then(world)

    assert world.vault.open_rotation(world.key.id) is None
    world.see()
    detail = world.vault.detail(world.key.id)
    assert [version.state in ACCEPTED for version in detail.versions].count(True) == 1
    assert world.let_in == {version.prefix for version in detail.versions if version.state in ACCEPTED}


def test_as_many_calls_fail_as_a_rotation_takes_at_every_system(tmp_path: Path) -> None:
    with contextmanager(a_world)(tmp_path) as world:
        world.go_on()
        assert world.line.calls == CALLS
        assert world.vault.open_rotation(world.key.id) is None
    assert {case.at for case in CASES} == set(range(1, CALLS + 1))


def test_no_target_is_given_back_what_its_issuer_may_refuse_already(world: World) -> None:
    """The process died as the old version was suspended: the vault has it as accepted still."""
    world.line.faults = {9: Fault.DIED_AFTER}
    with pytest.raises(Died):
        world.go_on()
    rotation = world.vault.open_rotation(world.key.id)
    assert rotation is not None
    with pytest.raises(Refused, match="v1 is refused by reserve, and not here"):
        world._put_back(rotation)
    world.vault.restore(rotation.id)
    world._put_back(rotation)
    assert world.consumer.holds == world.first
    world.see()
