"""Another process has the vault locked for minutes: it is named, reading goes on, nobody waits on, nothing is lost."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from keytui.domain.errors import Unreachable
from keytui.domain.keys import KeyDraft
from keytui.domain.query import Query, Sort
from keytui.domain.rotation import Plan
from keytui.vault.doctor.finding import State
from keytui.vault.doctor.writing import look_at_writers
from keytui.vault.local import feed as local_feed
from keytui.vault.local.database import writers
from keytui.vault.local.database.lock_holder import Holder, lock_holder
from keytui.vault.local.database.postgresql import engine_of, take_writers_lock, url_of
from keytui.vault.local.database.writers import Writers
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.verify.verifier import Verifier
from tests.another_process import locked, require_told_locks
from tests.world import NOON, StoppedClock, eventually


@contextmanager
def hurried(vault: LocalVault) -> Iterator[None]:
    """Thirty seconds pass in a third of one."""
    ours = vault._ground.database._writers
    ours._seconds = lambda: 100 * time.monotonic()
    try:
        yield
    finally:
        ours._seconds = time.monotonic


def tried(change: Callable[[], object]) -> tuple[threading.Thread, list[Unreachable]]:
    """In a thread; what it is refused with."""
    refused: list[Unreachable] = []

    def work() -> None:
        try:
            change()
        except Unreachable as error:
            refused.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, refused


def draft(name: str) -> KeyDraft:
    return KeyDraft(name, "production")


def test_it_is_named_and_reading_goes_on_and_a_secret_can_be_handed_over_later(
    vault: LocalVault, profile: Profile
) -> None:
    path = profile.directory / "vault.db"
    require_told_locks(profile.directory)
    rotation = vault.plan(vault.create(draft("checkout"), "one").key.id, Plan(), "plan")
    issued = vault.issue(rotation.id)
    with locked(path) as pid, hurried(vault):
        for change in (lambda: vault.prove(rotation.id, issued.secret), lambda: vault.create(draft("search"), "two")):
            with pytest.raises(Unreachable) as refused:
                change()
            told = f"the vault {path} is locked: process {pid} (python"
            assert refused.value.message.startswith(told), refused.value.message
            assert "the vault stands as it was" in refused.value.hint
        assert vault.page(Query(), Sort(), 0, 9).total == 1
        assert vault.rotation(rotation.id).rotation.delivered_at is None
        (finding,) = look_at_writers(path, lambda _: None)
        assert (finding.state, f"process {pid} " in finding.found) == (State.PROBLEM, True), finding

    assert vault.prove(rotation.id, issued.secret).delivered_at is not None
    vault.create(draft("search"), "two")
    assert vault.verify_audit().broken_at is None
    assert list(look_at_writers(path, lambda _: None)) == []


def test_usage_is_kept_and_counted_once_when_the_lock_is_gone(
    vault: LocalVault, profile: Profile, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_feed, "FLUSH_PATIENCE", 0.05)
    issued = vault.create(draft("checkout"), "one")
    feed = LocalFeed.open(profile, clock)
    with Verifier(feed, feed, name="api", clock=clock) as verifier:
        with locked(profile.directory / "vault.db"):
            for _ in range(3):
                assert verifier.check(issued.secret).valid
            assert not verifier._recorder.flush()
            assert verifier.check(issued.secret).valid
        assert verifier._recorder.flush()
    assert [used.accepted for used in vault.usage(issued.key.id, NOON, 9)] == [4]
    feed.close()


def test_who_leaves_waits_for_nobody_and_its_last_write_comes_through(
    on_either: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`q` in a console whose vault another process has, and the end of a server: what waited is refused at once.

    What signs or counts at the end comes right after, and is not refused with it.
    """
    monkeypatch.setattr(writers, "LAST_PATIENCE", 8.0)  # the lock is free much earlier
    vault, feed = LocalVault.open(on_either), LocalFeed.open(on_either)
    database, last = vault._ground.database, threading.Event()

    def change() -> None:
        try:
            vault.create(draft("checkout"), "one")
        finally:
            with database.writing() as session:
                session.connection()
            last.set()

    with held(on_either):
        thread, refused = tried(change)
        eventually(lambda: database._writers._asking_since is not None)
        flush, unflushed = tried(lambda: feed.register("0a", "api", "host", 1))
        eventually(lambda: feed._database._writers._asking_since is not None)
        began = time.monotonic()
        vault.give_up_waiting()
        feed.give_up_waiting()
        flush.join()
        assert len(unflushed) == 1
        time.sleep(0.5)  # two looks of the thread that breaks off: the one that waits now is not meant
    thread.join()
    assert (last.is_set(), len(refused)) == (True, 1)
    assert "took too long" not in unflushed[0].hint
    vault.close()
    feed.close()
    assert time.monotonic() - began < 10.0


def test_a_flush_waits_as_long_as_it_may(on_either: Profile) -> None:
    """On PostgreSQL too, whose own lock_timeout is longer."""
    vault = LocalVault.open(on_either)
    with held(on_either):
        began = time.monotonic()
        with pytest.raises(Unreachable), vault._ground.database.writing(0.3) as session:
            session.connection()
        assert time.monotonic() - began < 10.0
    vault.close()


@contextmanager
def held(profile: Profile) -> Iterator[None]:
    """Somebody else is its writer."""
    if not profile.database:
        with locked(profile.directory / "vault.db"):
            yield
        return
    engine = engine_of(url_of(profile.database))
    with engine.begin() as connection:
        take_writers_lock(connection)
        yield
    engine.dispose()


class TestWriters:
    def test_of_many_who_are_held_up_by_another_process_a_few_wait_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each that waits has a thread, which those who read need."""
        monkeypatch.setattr(writers, "LOOK_EVERY", 0.01)
        ours, free = Writers("vault.db", lambda: Unreachable("it is locked")), threading.Event()
        done: list[int] = []

        def write(number: int) -> None:
            with ours.turn(30.0):
                ours.ask_others(lambda: free.wait(0.01))
                done.append(number)

        monkeypatch.setattr(writers, "_HELD_UP", 0.1)
        began = [tried(lambda number=number: write(number)) for number in range(40)]  # type: ignore[misc]  # its default
        eventually(lambda: sum(len(refused) for _, refused in began) == 31)
        free.set()
        for thread, _ in began:
            thread.join()
        assert len(done) == 9

    def test_who_waits_in_this_process_alone_is_not_held_up(self) -> None:
        """A change that brings in many keys may take long."""
        seconds = iter(range(100))
        ours = Writers("vault.db", lambda: Unreachable("it is locked"), lambda: next(seconds))
        with ours.turn(30.0), pytest.raises(Unreachable, match="another change of this same process"), ours.turn(2.0):
            pass
        with ours.turn(30.0):
            pass

    def test_ctrl_c_leaves_no_turn_taken(self) -> None:
        """After any of the calls that a turn makes."""
        broken_off = 0
        for calls in range(1, 40):
            ours, left = Writers("vault.db", lambda: Unreachable("it is locked")), iter(range(calls))

            def interrupt(_frame: FrameType, event: str, _what: object, left: Iterator[int] = left) -> None:
                if event in ("call", "c_return") and next(left, None) is None:
                    raise KeyboardInterrupt

            sys.setprofile(interrupt)
            try:
                with ours.turn(1.0):
                    ours.ask_others(lambda: True)
            except KeyboardInterrupt:
                broken_off += 1
            finally:
                sys.setprofile(None)
            assert ours._queue == [], f"after {calls} calls"
        assert broken_off > 10


class TestHolder:
    def test_the_kernel_s_lines_are_read(self, tmp_path: Path) -> None:
        path = tmp_path / "vault.db"
        path.touch()
        found = path.stat()
        where = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
        locks, processes = tmp_path / "locks", tmp_path / "proc"
        (processes / "41").mkdir(parents=True)
        (processes / "41" / "comm").write_text("sq\x1b[2Jlite3\n")

        def holder(line: str) -> Holder | None:
            locks.write_text(f"1: FLOCK  ADVISORY  WRITE 7 {where} 0 EOF\n{line}\n")
            return lock_holder(path, locks, processes)

        assert holder(f"2: POSIX  ADVISORY  WRITE 41 {where} 1073741825 1073741825") == Holder(41, "sq\\x1b[2Jlite3")
        assert holder(f"2: POSIX  ADVISORY  WRITE 42 {where} 0 EOF") == Holder(42, "")
        assert holder(f"2: POSIX  ADVISORY  READ 41 {where} 1073741826 1073742335") is None
        assert holder(f"2: POSIX  ADVISORY  WRITE 41 {where}1 1073741825 1073741825") is None
        assert holder(f"2: -> POSIX  ADVISORY  WRITE 41 {where} 1073741825 1073741825") is None, "it waits itself"
        assert lock_holder(path, tmp_path / "none") is None
