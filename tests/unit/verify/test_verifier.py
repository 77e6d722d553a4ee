"""The verifier answers from memory, follows its vault within a second, and refuses when it could not follow."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from keytui.domain.errors import Unreachable
from keytui.domain.keys import Key, VersionState
from keytui.domain.secrets import Secret
from keytui.domain.usage import NO_KEY, Caller
from keytui.domain.verification import Outcome
from keytui.verify import recorder
from keytui.verify.verifier import Verifier
from tests.unit.verify.memory_vault import ACTIVE, CHECKOUT, MemoryVault, in_state
from tests.world import NOON, StoppedClock, eventually

SECRET = Secret("tk_canary0123456789abcdefghijklmnop")
WEAK = Secret("hunter2")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def vault() -> MemoryVault:
    vault = MemoryVault()
    vault.put(CHECKOUT, (SECRET, ACTIVE))
    return vault


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def verifier(vault: MemoryVault, clock: StoppedClock) -> Iterator[Verifier]:
    with Verifier(vault, vault, name="api-1", clock=clock) as verifier:
        yield verifier


def test_a_good_secret_is_accepted_with_its_key_version_and_scopes(verifier: Verifier) -> None:
    check = verifier.check(SECRET, ["bookings:read"], "web-1")

    assert (check.valid, check.reason) == (True, Outcome.ACCEPTED)
    assert (check.key_id, check.key_name, check.version) == ("k1", "checkout-api", 1)
    assert check.scopes == ("bookings:read",)


def test_a_plain_string_and_a_single_scope_are_understood(verifier: Verifier) -> None:
    assert verifier.check(SECRET.reveal(), "bookings:read").valid


@pytest.mark.parametrize(
    ("key", "state", "reason"),
    [
        (CHECKOUT, VersionState.REVOKED, Outcome.REVOKED),
        (CHECKOUT, VersionState.SUSPENDED, Outcome.SUSPENDED),
        (replace(CHECKOUT, revoked_at=NOON), VersionState.ACTIVE, Outcome.REVOKED),
        (replace(CHECKOUT, disabled_at=NOON), VersionState.ACTIVE, Outcome.DISABLED),
        (replace(CHECKOUT, expires_at=NOON), VersionState.ACTIVE, Outcome.EXPIRED),
        (replace(CHECKOUT, scopes=("other",)), VersionState.ACTIVE, Outcome.SCOPE),
        (replace(CHECKOUT, scopes=("*",)), VersionState.OUTGOING, Outcome.ACCEPTED),
    ],
)
def test_a_change_in_the_vault_is_in_force_within_a_second(
    verifier: Verifier, vault: MemoryVault, key: Key, state: VersionState, reason: Outcome
) -> None:
    verifier.check(SECRET, ["bookings:read"])
    vault.put(key, (SECRET, in_state(state)))

    eventually(lambda: verifier.check(SECRET, ["bookings:read"]).reason is reason, within=1.0)


def test_a_new_version_is_accepted_within_a_second_and_a_removed_one_is_unknown(
    verifier: Verifier, vault: MemoryVault
) -> None:
    new = Secret("tk_another")
    vault.put(CHECKOUT, (new, in_state(VersionState.ACTIVE, 2)))

    eventually(lambda: verifier.check(new).version == 2, within=1.0)
    assert verifier.check(SECRET).reason is Outcome.UNKNOWN


def test_a_change_is_acknowledged_within_a_second(verifier: Verifier, vault: MemoryVault) -> None:
    vault.put(CHECKOUT, (SECRET, in_state(VersionState.SUSPENDED)))

    eventually(lambda: vault.flushes and vault.flushes[-1].acknowledged == 3, within=1.0)


def test_weak_values_are_found_under_the_pepper(verifier: Verifier, vault: MemoryVault) -> None:
    weak_key = replace(CHECKOUT, id="k2", name="legacy")
    vault.put(weak_key, (WEAK, replace(ACTIVE, weak=True)), keyed=True)

    eventually(lambda: verifier.check(WEAK).key_name == "legacy", within=1.0)


@pytest.mark.parametrize("odd", ["", "x" * 100_000, "\ud800", "schlüssel", "a\x00b"])
def test_whatever_is_presented_gets_an_answer(verifier: Verifier, odd: str) -> None:
    assert verifier.check(odd).reason is Outcome.UNKNOWN


def test_an_older_copy_of_the_vault_is_read_anew(verifier: Verifier, vault: MemoryVault) -> None:
    vault.restore_from_backup(position=1)

    eventually(lambda: verifier.check(SECRET).reason is Outcome.UNKNOWN, within=1.0)


def test_thirty_seconds_without_contact_refuse_everything_until_contact_is_back(
    verifier: Verifier, vault: MemoryVault, clock: StoppedClock
) -> None:
    vault.reachable = False
    clock.advance(timedelta(seconds=30))
    assert verifier.check(SECRET).valid
    clock.advance(timedelta(seconds=1))

    assert verifier.check(SECRET).reason is Outcome.STALE
    assert verifier.check("unknown").reason is Outcome.STALE
    vault.reachable = True
    eventually(lambda: verifier.check(SECRET).valid, within=3.0)


def test_a_clock_that_was_set_back_does_not_stretch_the_time(
    verifier: Verifier, vault: MemoryVault, clock: StoppedClock
) -> None:
    vault.reachable = False
    clock.advance(-MINUTE)

    assert verifier.check(SECRET).reason is Outcome.STALE


def test_a_service_may_choose_to_go_on_without_contact(vault: MemoryVault, clock: StoppedClock) -> None:
    with Verifier(vault, vault, name="api-1", clock=clock, stale_accepts=True) as verifier:
        vault.reachable = False
        clock.advance(MINUTE)
        assert verifier.check(SECRET).valid
        vault.reachable = True


def test_the_longest_time_there_is_without_contact_is_one(vault: MemoryVault, clock: StoppedClock) -> None:
    with Verifier(vault, vault, name="api-1", clock=clock, stale_after=timedelta.max) as verifier:
        vault.reachable = False
        clock.advance(timedelta(days=3650))
        assert verifier.check(SECRET).valid
        vault.reachable = True


def test_it_says_at_the_start_that_there_is_no_vault(vault: MemoryVault) -> None:
    vault.reachable = False

    with pytest.raises(Unreachable):
        Verifier(vault, vault, name="api-1")


def test_a_clean_end_hands_over_everything_and_refuses_from_then_on(vault: MemoryVault, clock: StoppedClock) -> None:
    verifier = Verifier(vault, vault, name="api-1", clock=clock)
    verifier.check(SECRET, caller="web-1")
    verifier.close()

    assert vault.flushes[-1].closing
    assert vault.closed
    assert [(use.caller, use.accepted) for use in vault.uses] == [(Caller.called("web-1"), 1)]
    assert verifier.check(SECRET).reason is Outcome.STALE
    assert sum(use.accepted for use in vault.uses) == 1


def test_sixteen_threads_on_one_verifier_lose_no_use(
    vault: MemoryVault, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "FLUSH_EVERY", 0.001)  # flushes fall among the checks
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with Verifier(vault, vault, name="api-1", clock=clock) as verifier, ThreadPoolExecutor(16) as threads:
            checks = (lambda: verifier.check(SECRET, caller="web-1"), lambda: verifier.check("tk_nobodys"))
            work = [threads.submit(checks[number % 4 == 0]) for number in range(16 * 250)]
            valid = sum(one.result().valid for one in work)
    finally:
        sys.setswitchinterval(before)

    told = [use for use in vault.uses if use.key_id != NO_KEY]
    assert valid == sum(use.accepted for use in told) == 3_000
    assert sum(use.refused for use in vault.uses) == 1_000
    assert len(vault.flushes) > 2
    assert [flush.sequence for flush in vault.flushes] == list(range(1, len(vault.flushes) + 1))


def test_a_probe_is_marked_and_a_refusal_is_counted_apart(verifier: Verifier, vault: MemoryVault) -> None:
    verifier.check(SECRET, probe=True)
    verifier.check(SECRET, ["admin"], "web-1")

    eventually(lambda: len(vault.uses) == 2, within=2.0)
    probe, refused = vault.uses
    assert (probe.probe, probe.accepted) == (True, 1)
    assert (refused.caller.name, refused.accepted, refused.refused) == ("web-1", 0, 1)


def test_a_secret_that_is_nobodys_is_refused_by_address_whatever_name_its_sender_declares(
    verifier: Verifier, vault: MemoryVault
) -> None:
    for name in ("web-1", "web-2"):
        verifier.check("guessed", caller=Caller.called(name, "203.0.113.9", "curl/8"))

    eventually(lambda: sum(use.refused for use in vault.uses) == 2, within=2.0)
    assert {(use.key_id, use.version, use.caller) for use in vault.uses} == {
        (NO_KEY, 0, Caller.undeclared("203.0.113.9"))
    }


def test_no_secret_reaches_the_vault_or_the_log(
    verifier: Verifier, vault: MemoryVault, caplog: pytest.LogCaptureFixture
) -> None:
    verifier.check(SECRET, caller="web-1\x1b[31m")
    vault.reachable = False
    eventually(lambda: "lost contact" in caplog.text, within=3.0)
    vault.reachable = True

    eventually(lambda: vault.uses, within=3.0)
    assert vault.uses[0].caller.name == "web-1\\x1b[31m"
    assert "canary" not in caplog.text + repr(vault.flushes) + repr(verifier)


# Later Pythons warn that a fork with threads may deadlock; that ours does not is what is shown here.
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_reports_under_its_own_name_and_never_as_its_parent(
    verifier: Verifier, vault: MemoryVault
) -> None:
    verifier.check(SECRET, caller="parent")
    child = os.fork()
    if child == 0:  # in the child every way out is os._exit: pytest must not run twice
        code = 1
        try:
            accepted = verifier.check(SECRET, caller="child").valid
            vault.flushes.clear()
            verifier.close()
            callers = {use.caller.name for use in vault.uses}
            mine = {flush.recorder for flush in vault.flushes} == {vault.registered[-1][0]}
            code = 0 if accepted and callers == {"child"} and mine and len(vault.registered) == 2 else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    eventually(lambda: [use.caller.name for use in vault.uses] == ["parent"], within=2.0)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_accepts_nothing_before_the_vault_knows_of_it(verifier: Verifier, vault: MemoryVault) -> None:
    vault.reachable = False
    child = os.fork()
    if child == 0:
        code = 1
        try:
            refused = verifier.check(SECRET, caller="child").reason is Outcome.STALE
            vault.reachable = True
            accepted = verifier.check(SECRET, caller="child").valid
            code = 0 if refused and accepted and len(vault.registered) == 2 else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
