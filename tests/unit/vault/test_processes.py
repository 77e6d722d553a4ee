"""Several processes on one vault, and processes that die in the middle of something."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from threading import Event

import pytest

from keytui.clock import utc_now
from keytui.domain.audit import Actor, AuditFilter
from keytui.domain.errors import RotationOpen
from keytui.domain.keys import KeyDraft, VersionState
from keytui.domain.query import Query, Sort
from keytui.domain.rotation import Plan, RotationState
from keytui.domain.usage import UNKNOWN_CALLER, Caller, Flush, Use
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile

ROUNDS = 12
PROCESSES = 3


@pytest.fixture
def profile(on_either: Profile) -> Profile:
    return on_either


def server_of(profile: Profile, number: int) -> Profile:
    """The same vault as another process has it; where the database is shared, with a directory of its own."""
    there = replace(profile, actor=Actor(f"p{number}", "bastion-2"))
    if not profile.database:
        return there
    directory = profile.directory.with_name(f"server-{number}")
    shutil.copytree(profile.directory, directory)
    return replace(there, directory=directory)


def open_and_close(profile: Profile) -> int:
    vault = LocalVault.open(profile)
    entries = vault.audit(AuditFilter(), 0, 1).total
    vault.close()
    return entries


def work(profile: Profile, key_id: str) -> int:
    """Create, count and rotate in turns; how many rotations of the one key this process got to open."""
    who = profile.actor.name
    vault = LocalVault.open(profile)
    feed = LocalFeed.open(profile)
    feed.register(who, who, "host", 1)
    won = 0
    for number in range(1, ROUNDS + 1):
        vault.create(KeyDraft(f"{who}-{number}", "production"), f"{who}-{number}")
        now = utc_now()
        use = Use(key_id, 1, Caller.called("web"), now.replace(second=0, microsecond=0), now, now, 1)
        feed.record(Flush(who, number, now, (use,)))
        try:
            rotation = vault.plan(key_id, Plan(), f"plan-{who}-{number}")
            vault.abandon(rotation.id, "")
            won += 1
        except RotationOpen:
            pass
    feed.close()
    vault.close()
    return won


def pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn"))


def test_a_new_vault_can_be_opened_by_several_processes_at_once(profile: Profile) -> None:
    with pool() as processes:
        entries = list(processes.map(open_and_close, [profile] * (2 * PROCESSES)))

    assert entries == [1] * (2 * PROCESSES)


def test_processes_lose_nothing_and_never_meet_a_lock(profile: Profile) -> None:
    vault = LocalVault.open(profile)
    key_id = vault.create(KeyDraft("shared", "production"), "shared").key.id

    with pool() as processes:
        servers = [server_of(profile, number) for number in range(PROCESSES)]
        working = [processes.submit(work, server, key_id) for server in servers]
        won = sum(one.result(120) for one in working)

    assert vault.page(Query(), Sort(), 0, 1).total == 1 + PROCESSES * ROUNDS
    assert sum(caller.accepted for caller in vault.callers(key_id)) == PROCESSES * ROUNDS
    assert len(vault.rotations(open_only=False, offset=0, limit=1000)) == won
    check = vault.verify_audit()
    # One entry for the vault, and for each key and for the two ends of each rotation.
    assert (check.broken_at, check.entries) == (None, 1 + 1 + PROCESSES * ROUNDS + 2 * won)
    assert check.checkpoints >= check.entries // 64
    for server in servers:
        as_it_sees = LocalVault.open(server)
        assert as_it_sees.verify_audit().broken_at is None
        as_it_sees.close()
    vault.close()


DIE_AFTER_COMMIT = """
def hook(event, arguments):
    # The newest head is written beside the log after every commit, by renaming a file.
    if event == "os.rename" and str(arguments[1]).endswith("audit.head") and rotation:
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
"""
DIE_BEFORE_COMMIT = """
def last_bytes(count):
    os.kill(os.getpid(), signal.SIGKILL)
vault._randomness = last_bytes
"""
ISSUE = """
import os, signal, sys
from pathlib import Path
from keytui.domain.audit import Actor
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
vault = LocalVault.open(Profile("test", Path(sys.argv[1]), Actor("ada", "bastion-2"), database=sys.argv[2]))
rotation = int(sys.argv[3])
{die}
vault.issue(rotation)
"""


def issue_and_die(profile: Profile, rotation_id: int, die: str) -> None:
    arguments = str(profile.directory), profile.database, str(rotation_id)
    died = subprocess.run([sys.executable, "-c", ISSUE.format(die=die), *arguments], check=False, timeout=60)
    assert died.returncode == -signal.SIGKILL


@pytest.fixture
def planned(profile: Profile) -> tuple[LocalVault, str, int]:
    vault = LocalVault.open(profile)
    key_id = vault.create(KeyDraft("checkout-api", "production"), "request").key.id
    return vault, key_id, vault.plan(key_id, Plan(), "plan").id


def test_a_secret_that_was_lost_with_its_process_is_issued_anew(
    profile: Profile, planned: tuple[LocalVault, str, int]
) -> None:
    vault, key_id, rotation_id = planned

    issue_and_die(profile, rotation_id, DIE_AFTER_COMMIT)

    detail = vault.rotation(rotation_id)
    assert detail.rotation.state is RotationState.ISSUED
    assert detail.new is not None
    assert detail.new.delivered_at is None
    resumed = vault.reissue(rotation_id)
    assert vault.prove(rotation_id, resumed.secret).state is RotationState.OVERLAPPING
    versions = vault.detail(key_id).versions
    assert [(version.number, version.state) for version in versions] == [
        (3, VersionState.ACTIVE),
        (2, VersionState.REVOKED),
        (1, VersionState.OUTGOING),
    ]
    assert vault.verify_audit().broken_at is None
    vault.close()


def test_a_process_that_dies_before_its_commit_has_done_nothing(
    profile: Profile, planned: tuple[LocalVault, str, int]
) -> None:
    vault, key_id, rotation_id = planned

    issue_and_die(profile, rotation_id, DIE_BEFORE_COMMIT)

    assert vault.rotation(rotation_id).rotation.state is RotationState.PLANNED
    assert len(vault.detail(key_id).versions) == 1
    issued = vault.issue(rotation_id)
    assert vault.check(issued.secret, [], UNKNOWN_CALLER).valid
    vault.close()


def test_a_writer_waits_for_another_instead_of_failing(tmp_path: Path) -> None:
    profile = Profile("test", tmp_path / "vault", Actor("ada", "bastion-2"))
    vault = LocalVault.open(profile)
    begun = Event()

    def create() -> int:
        begun.set()
        return vault.create(KeyDraft("checkout-api", "production"), "request").version.number

    with closing(sqlite3.connect(profile.directory / "vault.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(1) as threads:
            creating = threads.submit(create)
            begun.wait(10)
            assert vault.page(Query(), Sort(), 0, 1).total == 0
            other.execute("COMMIT")
            assert creating.result(30) == 1
    vault.close()


def test_threads_share_one_vault(profile: Profile) -> None:
    vault = LocalVault.open(profile)
    key_id = vault.create(KeyDraft("shared", "production"), "shared").key.id

    def work_in_thread(number: int) -> int:
        vault.create(KeyDraft(f"key-{number}", "production"), f"key-{number}")
        vault.detail(key_id)
        vault.page(Query(), Sort(), 0, 10)
        return vault.changes(1, 0).position

    with ThreadPoolExecutor(12) as threads:
        positions = list(threads.map(work_in_thread, range(48)))

    assert max(positions) == 1 + 1 + 48
    assert vault.page(Query(), Sort(), 0, 1).total == 49
    assert vault.verify_audit().broken_at is None
    vault.close()


def test_a_second_vault_in_a_process_leaves_the_first_ones_locks_alone(tmp_path: Path) -> None:
    """Otherwise another process takes itself for the last one as it leaves, and takes the write-ahead log away."""
    directory = tmp_path / "vault"
    profile = Profile("test", directory, Actor("ada", "bastion-2"))
    vault, feed = LocalVault.open(profile), LocalFeed.open(profile)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        pool.submit(open_and_close, profile).result()
    key = vault.create(KeyDraft("checkout-api", "production"), "request").key
    feed.register("r", "web", "host", 1)
    assert (directory / "vault.db-wal").exists()
    other = LocalVault.open(profile)
    assert other.find("checkout-api").id == key.id
    other.close()
    feed.close()
    vault.close()
