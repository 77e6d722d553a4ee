"""A vault here and a verifier in another process, both real: what one does, the other knows in time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import IO

import pytest

from keytui.clock import utc_now
from keytui.domain.keys import KeyDraft
from keytui.domain.rotation import Plan, Reason, Rotation
from keytui.domain.secrets import Secret
from keytui.domain.verdict import Verdict
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Issued
from keytui.vault.profile import Profile
from tests.world import eventually

SECOND = timedelta(seconds=1)


class Service:
    """The other process."""

    def __init__(self, profile: Profile, name: str = "api-1") -> None:
        arguments = str(profile.directory), name, profile.database
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.vault.verifier_process", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert _pipe(self.process.stdout).readline() == "ready\n"

    def ask(self, secret: Secret, caller: str = "web-1") -> str:
        stdin = _pipe(self.process.stdin)
        stdin.write(f"{secret.reveal()} {caller}\n")
        stdin.flush()
        return _pipe(self.process.stdout).readline().strip()

    def stop(self) -> int:
        """End as a service does when it is told to."""
        self.process.communicate(timeout=10)
        return self.process.returncode

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.communicate(timeout=10)


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


@pytest.fixture
def profile(on_either: Profile) -> Profile:
    return on_either


@pytest.fixture
def vault(profile: Profile) -> Iterator[LocalVault]:
    """On the real clock: the other process has no other."""
    opened = LocalVault.open(profile)
    yield opened
    opened.close()


@pytest.fixture
def start(profile: Profile, vault: LocalVault) -> Iterator[Callable[[], Service]]:
    started: list[Service] = []

    def starting() -> Service:
        started.append(Service(profile))
        return started[-1]

    yield starting
    for service in started:
        service.kill()


@pytest.fixture
def issued(vault: LocalVault) -> Issued:
    return vault.create(KeyDraft("checkout-api", "production"), "create")


def handed_over(vault: LocalVault, issued: Issued) -> tuple[Rotation, Issued]:
    rotation = vault.plan(issued.key.id, Plan(), "rotate")
    new = vault.issue(rotation.id)
    return vault.prove(rotation.id, new.secret), new


def test_issuing_suspending_and_revoking_are_in_force_and_acknowledged_within_a_second(
    vault: LocalVault, start: Callable[[], Service], issued: Issued
) -> None:
    service = start()
    assert service.ask(issued.secret) == "accepted"

    rotation, new = handed_over(vault, issued)
    eventually(lambda: service.ask(new.secret) == "accepted", within=1.0)
    assert service.ask(issued.secret) == "accepted"

    vault.retire(rotation.id, override="a test")
    eventually(lambda: service.ask(issued.secret) == "suspended", within=1.0)
    eventually(lambda: vault.proof(rotation.id).refused_everywhere_after is not None, within=1.0)
    after = vault.proof(rotation.id).refused_everywhere_after
    assert after is not None
    assert timedelta() <= after <= SECOND

    vault.complete(rotation.id, override="a test")
    eventually(lambda: service.ask(issued.secret) == "revoked", within=1.0)
    vault.revoke(issued.key.id, None, Reason.LEAVER, "")
    eventually(lambda: service.ask(new.secret) == "revoked", within=1.0)


def test_last_used_is_never_more_than_five_seconds_behind(
    vault: LocalVault, start: Callable[[], Service], issued: Issued
) -> None:
    service = start()
    before = utc_now()
    service.ask(issued.secret)

    def used() -> bool:
        seen = vault.detail(issued.key.id).summary.last_used_at
        return seen is not None and seen >= before

    eventually(used, within=5.0)


def test_a_clean_end_loses_nothing_and_leaves_no_gap(
    vault: LocalVault, start: Callable[[], Service], issued: Issued
) -> None:
    rotation, _ = handed_over(vault, issued)
    service = start()
    service.ask(issued.secret)

    assert service.stop() == 0
    assert [use.accepted for use in vault.callers(issued.key.id)] == [1]
    assert gaps_of(vault, rotation) == []


def test_a_killed_verifier_is_a_gap_and_the_verdict_is_unknown(
    profile: Profile, vault: LocalVault, start: Callable[[], Service], issued: Issued
) -> None:
    rotation, _ = handed_over(vault, issued)
    start().kill()
    later = LocalVault.open(profile, clock=lambda: utc_now() + timedelta(minutes=1))

    assert later.verdict(rotation.id).verdict is Verdict.UNKNOWN
    (gap,) = gaps_of(later, rotation)
    assert gap.startswith("gap: recorder api-1 recorder silent")
    start().stop()
    (gap,) = gaps_of(later, rotation)
    assert gap.startswith("gap: recorder api-1 recorder ended uncleanly")
    later.close()


def gaps_of(vault: LocalVault, rotation: Rotation) -> list[str]:
    reasons = vault.verdict(rotation.id).reasons
    return [reason.subject for reason in reasons if reason.subject.startswith("gap: ")]


FORKING = """
import os, sys
from pathlib import Path
from keytui.domain.audit import Actor
from keytui.vault.local.feed import LocalFeed
from keytui.vault.profile import Profile
from keytui.verify.verifier import Verifier

secret = sys.stdin.readline().strip()
feed = LocalFeed.open(Profile("test", Path(sys.argv[1]), Actor("service"), database=sys.argv[2]))
with Verifier(feed, feed, name="api") as verifier:
    verifier.check(secret, caller="parent")
    child = os.fork()
    verifier.check(secret, caller="parent" if child else "child")
    if child:
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_server_that_forks_reports_from_every_process(vault: LocalVault, profile: Profile, issued: Issued) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKING, str(profile.directory), profile.database],
        input=issued.secret.reveal(),
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0
    assert {use.caller.name: use.accepted for use in vault.callers(issued.key.id)} == {"parent": 2, "child": 1}
