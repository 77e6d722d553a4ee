"""Sealed values: only the passphrase brings them back, guessers are slowed, and nothing on disk gives them away."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from threading import Barrier, BrokenBarrierError, Thread

import pytest

from keytui.domain.access import Principal, Role
from keytui.domain.audit import Actor, AuditFilter
from keytui.domain.errors import Invalid, KeytuiError, Locked, ReadOnly, Refused
from keytui.domain.keys import Key, KeyDraft, Kind, VersionState
from keytui.domain.secrets import Secret
from keytui.vault.local.sealing.keyring import Cost, unwrapped, wrapped
from keytui.vault.local.tables import KeyringRow
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.vault.standing import SealState
from tests.world import NOON, StoppedClock

PASSPHRASE = Secret("correct horse battery")
WRONG = Secret("incorrect horse")
CANARY = "canary-Vq7TzK2mXw9LrB4nYd8P"
TOKEN = Secret(CANARY)
DATABASE = Secret(f"postgres://app:{CANARY}@db.example:5432/bookings")

Open = Callable[[], LocalVault]


@pytest.fixture
def open_again(profile: Profile, clock: StoppedClock) -> Iterator[Open]:
    """The vault as another process has it open, with a passphrase that costs little to try."""
    opened: list[LocalVault] = []

    def opening() -> LocalVault:
        opened.append(LocalVault.open(profile, clock=clock, cost=Cost(memory_kib=64, iterations=1, lanes=1)))
        return opened[-1]

    yield opening
    for vault in opened:
        vault.close()


@pytest.fixture
def vault(open_again: Open) -> LocalVault:
    """Open, with a passphrase set."""
    vault = open_again()
    vault.set_passphrase(PASSPHRASE)
    return vault


def token(vault: LocalVault, name: str = "stripe-live", value: Secret = TOKEN) -> Key:
    return vault.seal(KeyDraft(name, "production", kind=Kind.TOKEN), value)


def rows(profile: Profile, query: str, *values: object) -> list[tuple[object, ...]]:
    """What stands in the database file itself."""
    connection = sqlite3.connect(profile.directory / "vault.db")
    with connection:
        found = connection.execute(query, values).fetchall()
    connection.close()
    return found


def test_a_sealed_value_comes_back_and_the_log_says_so(vault: LocalVault) -> None:
    key = token(vault)

    assert vault.reveal(key.id) == TOKEN
    types = [entry.event.type for entry in vault.audit(AuditFilter(key_id=key.id), 0, 10).entries]
    assert types[:2] == ["value.revealed", "value.sealed"]


def test_a_new_value_takes_the_place_of_the_old(vault: LocalVault) -> None:
    first = token(vault)
    second = token(vault, value=Secret("tok_another_value_9f8e7d6c5b4a"))

    assert second.id == first.id
    assert vault.reveal(first.id).reveal().startswith("tok_another")
    states = [version.state for version in vault.detail(first.id).versions]
    assert states == [VersionState.ACTIVE, VersionState.REVOKED]


def test_a_connection_string_shows_its_scheme_and_host_only(vault: LocalVault) -> None:
    key = vault.seal(KeyDraft("bookings-db", "production", kind=Kind.CONNECTION_STRING), DATABASE)

    version = vault.detail(key.id).summary.version
    assert (version.prefix, version.fingerprint) == ("postgres://db.example", None)
    assert vault.reveal(key.id) == DATABASE


@pytest.mark.parametrize(
    "torn", [f"postgres://app:x/{CANARY}@db.example/b", f"Server=db;Password={CANARY}", f"postgres://[{CANARY}/b"]
)
def test_a_connection_string_that_cannot_be_taken_apart_shows_nothing(vault: LocalVault, torn: str) -> None:
    key = vault.seal(KeyDraft("odd-db", "production", kind=Kind.CONNECTION_STRING), Secret(torn))

    assert vault.detail(key.id).summary.version.prefix is None


def test_what_is_locked_stays_closed_and_verifying_goes_on(vault: LocalVault) -> None:
    key = token(vault)
    issued = vault.create(KeyDraft("checkout-api", "production"), "create")
    vault.lock()

    with pytest.raises(Locked):
        vault.reveal(key.id)
    with pytest.raises(Locked):
        token(vault, "another")
    assert vault.standing().seal is SealState.LOCKED
    assert vault.diagnose(issued.secret).check.valid


def test_locking_reaches_every_open_process(vault: LocalVault, open_again: Open) -> None:
    key = token(vault)
    other = open_again()
    other.unlock(PASSPHRASE)
    assert other.reveal(key.id) == TOKEN

    vault.lock()

    with pytest.raises(Locked):
        other.reveal(key.id)
    other.unlock(PASSPHRASE)
    assert other.reveal(key.id) == TOKEN


def test_another_process_begins_locked_and_without_a_passphrase_it_is_unset(profile: Profile, open_again: Open) -> None:
    assert open_again().standing().seal is SealState.UNSET
    open_again().set_passphrase(PASSPHRASE)

    assert open_again().standing().seal is SealState.LOCKED


def test_ten_idle_minutes_lock_it(vault: LocalVault, clock: StoppedClock) -> None:
    key = token(vault)
    clock.advance(timedelta(minutes=9))
    assert vault.reveal(key.id) == TOKEN
    clock.advance(timedelta(minutes=9))
    assert vault.standing().seal is SealState.OPEN
    clock.advance(timedelta(minutes=1))

    assert vault.standing().seal is SealState.LOCKED
    with pytest.raises(Locked):
        vault.reveal(key.id)


def test_each_wrong_passphrase_doubles_the_wait_in_every_process(
    vault: LocalVault, open_again: Open, clock: StoppedClock
) -> None:
    vault.lock()
    for wait in (1, 2, 4, 8):
        with pytest.raises(Refused, match="not the passphrase"):
            vault.unlock(WRONG)
        other = open_again()
        with pytest.raises(Refused, match=f"try again in {wait} s"):
            other.unlock(PASSPHRASE)
        clock.advance(timedelta(seconds=wait))

    vault.unlock(PASSPHRASE)
    vault.lock()
    vault.unlock(PASSPHRASE)
    refused = [entry for entry in vault.audit(AuditFilter(type="seal"), 0, 50).entries if entry.event.refused]
    assert len(refused) == 4


def test_a_clock_set_back_does_not_prolong_the_wait_for_ever(vault: LocalVault, clock: StoppedClock) -> None:
    with pytest.raises(Refused):
        vault.unlock(WRONG)
    clock.advance(-timedelta(days=365))

    with pytest.raises(Refused, match="try again in 1 s"):
        vault.unlock(PASSPHRASE)


def test_a_new_passphrase_rewraps_and_touches_nothing_that_is_sealed(vault: LocalVault, profile: Profile) -> None:
    key = token(vault)
    sealed = rows(profile, "SELECT key_id, sealed, nonce FROM versions")
    new = Secret("staple and correct")
    vault.change_passphrase(PASSPHRASE, new)

    assert rows(profile, "SELECT key_id, sealed, nonce FROM versions") == sealed
    vault.lock()
    with pytest.raises(Refused):
        vault.unlock(PASSPHRASE)
    assert vault.standing().seal is SealState.LOCKED
    assert key.id


def test_the_new_passphrase_opens_what_the_old_one_sealed(vault: LocalVault, open_again: Open) -> None:
    key = token(vault)
    new = Secret("staple and correct")
    vault.change_passphrase(PASSPHRASE, new)
    other = open_again()
    other.unlock(new)

    assert other.reveal(key.id) == TOKEN


def test_changing_with_a_wrong_passphrase_changes_nothing(vault: LocalVault, profile: Profile) -> None:
    before = rows(profile, "SELECT salt, wrapped FROM keyring")
    with pytest.raises(Refused, match="not the passphrase"):
        vault.change_passphrase(WRONG, Secret("staple and correct"))

    assert rows(profile, "SELECT salt, wrapped FROM keyring") == before


def test_a_second_passphrase_is_refused_and_a_short_one_is_invalid(vault: LocalVault) -> None:
    with pytest.raises(Refused, match="already"):
        vault.set_passphrase(Secret("staple and correct"))
    with pytest.raises(Invalid, match="8 characters"):
        vault.change_passphrase(PASSPHRASE, Secret("short"))


def test_a_value_moved_to_another_key_is_refused_and_audited(vault: LocalVault, profile: Profile) -> None:
    first, second = token(vault), token(vault, "other", Secret("tok_other_value_1a2b3c4d5e6f"))
    ((sealed, nonce),) = rows(profile, "SELECT sealed, nonce FROM versions WHERE key_id = ?", first.id)
    rows(profile, "UPDATE versions SET sealed = ?, nonce = ? WHERE key_id = ?", sealed, nonce, second.id)

    with pytest.raises(Refused, match="moved here"):
        vault.reveal(second.id)
    newest = vault.audit(AuditFilter(key_id=second.id), 0, 1).entries[0]
    assert (newest.event.type, newest.event.refused) == ("value.revealed", True)
    assert vault.reveal(first.id) == TOKEN


def test_an_issued_secret_is_never_kept(vault: LocalVault) -> None:
    issued = vault.create(KeyDraft("checkout-api", "production"), "create")

    with pytest.raises(Refused, match="not kept"):
        vault.reveal(issued.key.id)
    with pytest.raises(Refused, match="never kept"):
        vault.seal(KeyDraft("checkout-2", "production"), issued.secret)
    with pytest.raises(Refused, match="is there already"):
        token(vault, "checkout-api")


@pytest.mark.parametrize("unfit", ["", "\udcff"])
def test_what_is_no_text_cannot_be_sealed(vault: LocalVault, unfit: str) -> None:
    with pytest.raises(Invalid) as caught:
        token(vault, value=Secret(unfit))
    assert caught.value.__cause__ is None


def test_no_file_of_the_vault_holds_a_value_or_the_passphrase(vault: LocalVault, profile: Profile) -> None:
    token(vault)
    vault.seal(KeyDraft("db", "production", kind=Kind.CONNECTION_STRING), DATABASE)
    vault.close()

    for file in profile.directory.rglob("*"):
        content = file.read_bytes()
        # A token's first twelve characters are its shown prefix; nothing beyond them may be found.
        assert CANARY[12:].encode() not in content, file
        assert PASSPHRASE.reveal().encode() not in content, file


def test_a_read_only_profile_reveals_nothing(vault: LocalVault, profile: Profile, clock: StoppedClock) -> None:
    key = token(vault)
    guarded = LocalVault.open(replace(profile, read_only=True), clock=clock)

    with pytest.raises(ReadOnly):
        guarded.reveal(key.id)
    guarded.close()


@pytest.mark.parametrize(
    "said",
    [
        replace(KeyDraft("stripe-live", "production", kind=Kind.TOKEN), owner="data"),
        replace(KeyDraft("stripe-live", "production", kind=Kind.TOKEN), apps=("shop",)),
        replace(KeyDraft("stripe-live", "production", kind=Kind.TOKEN), description="for the shop"),
        replace(KeyDraft("stripe-live", "production", kind=Kind.TOKEN), expires_at=NOON + timedelta(days=9)),
    ],
    ids=["owner", "applications", "description", "expiry"],
)
def test_sealing_a_new_value_does_not_drop_what_is_said_of_the_key(vault: LocalVault, said: KeyDraft) -> None:
    key = token(vault)
    with pytest.raises(Refused, match="there already, with another") as refused:
        vault.seal(said, Secret("another value of the token"))
    assert f"keytui edit {key.id}" in refused.value.hint
    assert vault.reveal(key.id) == TOKEN


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Have something happen while a passphrase is being tried, once."""

    def slow(row: KeyringRow, passphrase: Secret) -> bytes | None:
        monkeypatch.undo()
        act()
        return unwrapped(row, passphrase)

    monkeypatch.setattr("keytui.vault.local.sealing.sealing.unwrapped", slow)


def test_nobody_waits_while_a_passphrase_is_tried(
    vault: LocalVault, open_again: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = open_again()
    meanwhile(monkeypatch, lambda: other.create(KeyDraft("checkout", "production"), "request"))
    vault.unlock(PASSPHRASE)
    assert other.find("checkout").name == "checkout"


def test_a_passphrase_that_was_changed_by_another_process_meanwhile_opens_nothing(
    vault: LocalVault, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.lock()
    meanwhile(monkeypatch, lambda: rows(profile, "UPDATE keyring SET wrapped = randomblob(48)"))
    with pytest.raises(Refused, match="was changed at that moment"):
        vault.unlock(PASSPHRASE)
    assert vault.standing().seal is SealState.LOCKED


class Watched:
    """Argon2id, which notes when two derivations are under way at once."""

    met = 0
    done = 0
    _together = Barrier(2)

    def __init__(self, **options: object) -> None:
        self._options = options

    def derive(self, material: bytes) -> bytes:
        Watched.done += 1
        with suppress(BrokenBarrierError):
            self._together.wait(0.2)
            Watched.met += 1
        return sha256(material).digest()


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> type[Watched]:
    Watched.met, Watched.done = 0, 0
    Watched._together.reset()
    monkeypatch.setattr("keytui.vault.local.sealing.keyring.Argon2id", Watched)
    return Watched


def beside(*acts: Callable[[], object]) -> list[str]:
    """What is done at once, and how each ended."""
    ended = list[str]()

    def run(act: Callable[[], object]) -> None:
        try:
            act()
        except KeytuiError as error:
            ended.append(error.message)
        else:
            ended.append("done")

    threads = [Thread(target=run, args=(act,), daemon=True) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    return sorted(ended)


def test_two_first_passphrases_at_once_are_derived_one_after_the_other(
    open_again: Open, watched: type[Watched]
) -> None:
    """Several lanes of two at once wait for each other in OpenSSL, for ever."""
    one, other = open_again(), open_again()
    ended = beside(lambda: one.set_passphrase(PASSPHRASE), lambda: other.set_passphrase(PASSPHRASE))
    assert ended == ["done", "there is a passphrase already"]
    assert (watched.met, watched.done) == (0, 1)


def test_two_vaults_in_one_process_derive_one_after_the_other(watched: type[Watched]) -> None:
    def wrap() -> KeyringRow:
        return wrapped(bytes(32), PASSPHRASE, Cost(), bytes, NOON)

    assert beside(wrap, wrap) == ["done", "done"]
    assert (watched.met, watched.done) == (0, 2)


def test_who_may_not_try_a_passphrase_costs_nothing_and_waits_for_nobody(
    vault: LocalVault, monkeypatch: pytest.MonkeyPatch, watched: type[Watched]
) -> None:
    staff = vault.acting_as(Principal(Actor("sam"), Role.STAFF))
    tries = (
        lambda: staff.set_passphrase(WRONG),
        lambda: staff.unlock(PASSPHRASE),
        lambda: staff.change_passphrase(PASSPHRASE, WRONG),
    )
    ended = list[str]()
    meanwhile(monkeypatch, lambda: ended.extend(beside(*tries)))
    vault.unlock(PASSPHRASE)
    assert len(ended) == 3
    assert all("the role staff may not" in each for each in ended)
    assert watched.done == 0
