"""A world, told to a real vault on disk: its recorders flush, its sources report, and the verdict is asked."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from keytui.domain.audit import Actor
from keytui.domain.judgement import judge
from keytui.domain.keys import KeyDraft, KeyEdit
from keytui.domain.policy import Policies
from keytui.domain.retention import Retention
from keytui.domain.rotation import Plan
from keytui.domain.verdict import Assessment
from keytui.vault.local.database.sqlite import SqliteDatabase
from keytui.vault.local.evidence.gathering import gather_evidence
from keytui.vault.local.evidence.verdicts import QUESTIONS
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.files import DATABASE
from keytui.vault.local.key_files import PEPPER_FILE
from keytui.vault.local.log_head import HEAD_FILE
from keytui.vault.local.rows import rotation_row, stored_rotation
from keytui.vault.local.sealing.keyring import Cost
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Delivery
from keytui.vault.profile import Profile
from tests.simulator.faults import Fault
from tests.simulator.recorders import Begin, Tell, told
from tests.simulator.sources import Witness, reported
from tests.simulator.world import World, moment
from tests.world import StoppedClock, repeatable_randomness

_CHEAP = Cost(memory_kib=64, iterations=1, lanes=1)
_MEMORY = Path("/dev/shm")  # noqa: S108  # a file system in memory, where there is one; each run has a directory of its own
_TEN_YEARS = timedelta(days=3650)
_KEEP_ALL = Retention(_TEN_YEARS, _TEN_YEARS, _TEN_YEARS, address_days=_TEN_YEARS)


@dataclass(frozen=True, slots=True)
class Answer:
    """One verdict that was asked for, at hours since the world's beginning."""

    at: float
    assessment: Assessment


class House:
    """One real vault on disk. Before every world it is put back as it was when it held nothing but its key.

    Its connections stay open from world to world: to prepare every statement anew would take most of the time.
    """

    def __init__(self, directory: Path) -> None:
        self._clock = StoppedClock(moment(0))
        self._profile = Profile("prod", directory / "vault", Actor("ada", "bastion"))
        self._vault = LocalVault.open(self._profile, self._clock, repeatable_randomness(), Policies(), _CHEAP)
        self._key_id = self._vault.create(KeyDraft("checkout-api", "production"), "create").key.id
        self._database = SqliteDatabase.open(self._profile.directory)
        self._pepper = (self._profile.directory / PEPPER_FILE).read_bytes()
        self._empty = directory / "empty.db"
        _copy(self._profile.directory / DATABASE, self._empty)
        self._head = self._profile.directory / HEAD_FILE
        self._first_head = self._head.read_bytes()

    def answers(self, world: World) -> list[Answer]:
        """The verdicts on a world, in the order of its questions."""
        self._clock.now = moment(0)
        _copy(self._empty, self._profile.directory / DATABASE)
        self._head.write_bytes(self._first_head)
        feed = LocalFeed(
            self._database,
            self._profile.directory,
            self._pepper,
            self._clock,
            timedelta(hours=world.silent_for),
            retention=Retention() if world.ages else _KEEP_ALL,
        )
        return _live(world, self._key_id, self._vault, feed, self._clock)

    def close(self) -> None:
        self._database.close()
        self._vault.close()


@contextmanager
def house() -> Iterator[House]:
    """A place for worlds, in memory where the machine has such a place."""
    parent = _MEMORY if _MEMORY.is_dir() else None
    with (
        tempfile.TemporaryDirectory(prefix="keytui-worlds-", dir=parent) as directory,
        closing(House(Path(directory))) as made,
    ):
        yield made


def _copy(source: Path, target: Path) -> None:
    """A whole database into another, page by page: who has the other open sees it changed."""
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as write:
        read.backup(write)


def _live(world: World, key_id: str, vault: LocalVault, feed: LocalFeed, clock: StoppedClock) -> list[Answer]:
    """Everything in the order in which it reaches the vault."""
    if world.apps:
        vault.edit(key_id, KeyEdit(apps=world.apps))
    events: list[tuple[float, int, object]] = [(each.at, 0, each) for each in told(world, key_id)]
    events += [(each.at, 1, each) for each in reported(world, key_id)]
    events += [(world.handed_over, 2, "hand over"), (world.suspended, 2, "suspend")]
    events += [(at, 3, "ask") for at in world.questions]
    rotation_id = 0
    answers = []
    for at, _, event in sorted(events, key=lambda each: each[:2]):
        clock.now = moment(at)
        match event:
            case Begin():
                feed.register(event.worker.id, event.service.name, "host", 1)
            case Tell():
                feed.record(event.flush)
            case Witness():
                vault.witness(event.report)
            case "hand over":
                rotation_id = _hand_over(world, key_id, vault)
            case "suspend":
                vault.retire(rotation_id, "the operator will not wait")
            case _:
                answers.append(Answer(at, _verdict(world, vault, rotation_id)))
    return answers


def _hand_over(world: World, key_id: str, vault: LocalVault) -> int:
    rotation = vault.plan(key_id, Plan(), "rotate")
    issued = vault.issue(rotation.id)
    if world.proven:
        vault.prove(rotation.id, issued.secret)
    else:
        vault.handed_over(rotation.id, Delivery("mail", "sent", moment(world.handed_over), None))
    return rotation.id


def _verdict(world: World, vault: LocalVault, rotation_id: int) -> Assessment:
    """The vault's; where a fallback stands, of its evidence with that named in it, as an issuer will."""
    if Fault.FALLBACK not in world.faults:
        return vault.verdict(rotation_id)
    ground = vault._ground
    now = ground.clock()
    with ground.database.reading() as session:
        rotation = stored_rotation(session, rotation_row(session, rotation_id))
        evidence = gather_evidence(session, rotation, QUESTIONS[rotation.state], Policies().of("production"), now)
    return judge(replace(evidence, legacy_fallbacks=("API_KEY of the service",)))
