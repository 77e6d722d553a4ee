"""The vaults that the contract holds for. A new kind of vault is one more maker here, and no new test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.domain.audit import Actor
from keytui.domain.policy import Policies
from keytui.issuers.issuer import Issuer
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.sealing.keyring import Cost
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.vault.protocol import Vault
from keytui.verify.source import Sink
from tests.contract.served import entering, stop_serving
from tests.postgresql import vault_database
from tests.world import StoppedClock, repeatable_randomness

CHEAP = Cost(memory_kib=64, iterations=1, lanes=1)
"""A passphrase that costs little to try."""


@dataclass(slots=True)
class House:
    """One vault, as several people and one verifier meet it."""

    profile: Profile
    clock: StoppedClock
    vault: Vault
    sink: Sink
    """Where a verifier's usage goes."""
    enter: Callable[[Profile], Vault]
    """The same vault, opened by somebody else; it is closed with the house."""
    issuers: dict[str, Issuer]
    """Those that the vault can ask; none until a test names some."""
    _opened: list[Vault] = field(default_factory=list)

    def as_(self, name: str, read_only: bool = False) -> Vault:
        """The vault as another operator has it open."""
        opened = self.enter(replace(self.profile, actor=Actor(name, "bastion-2"), read_only=read_only))
        self._opened.append(opened)
        return opened

    def close(self) -> None:
        for vault in (*self._opened, self.vault):
            vault.close()


def _local(directory: Path, database: str = "") -> Iterator[House]:
    clock = StoppedClock()
    profile = Profile("prod", directory, Actor("ada", "bastion-2"), database=database)
    randomness = repeatable_randomness()

    issuers: dict[str, Issuer] = {}

    def enter(as_: Profile) -> Vault:
        return LocalVault.open(as_, clock, randomness, Policies(), CHEAP, issuers=lambda: issuers)

    feed = LocalFeed.open(profile, clock, silent_for=timedelta(hours=1))  # a day of flushes in 24 instead of 86,400
    house = House(profile, clock, enter(profile), feed, enter, issuers)
    yield house
    house.close()
    feed.close()


def _on_postgresql(directory: Path) -> Iterator[House]:
    with vault_database(directory) as database:
        yield from _local(directory, database)


def _remote(directory: Path) -> Iterator[House]:
    """A team's server over a local vault. Whoever comes in has a token of their own."""
    for house in _local(directory):
        local = house.vault
        assert isinstance(local, LocalVault)
        enter = entering(local, directory, house.clock)
        remote = House(house.profile, house.clock, enter(house.profile), house.sink, enter, house.issuers)
        yield remote
        remote.close()


MAKERS = {"local": _local, "postgresql": _on_postgresql, "remote": _remote}


@pytest.fixture(scope="session", autouse=True)
def _server_stopped_at_the_end() -> Iterator[None]:
    yield
    stop_serving()


@pytest.fixture(params=list(MAKERS))
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """A new vault of each kind."""
    yield from MAKERS[request.param](tmp_path / "vault")


@pytest.fixture(scope="module", params=["local"])
def standing_house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One vault for all examples of a property: every example brings keys of its own.

    A property of what a vault decides gains nothing from a line or another database, which it would use for hours.
    """
    yield from MAKERS[request.param](tmp_path_factory.mktemp("standing") / "vault")


@pytest.fixture
def vault(house: House) -> Vault:
    return house.vault


@pytest.fixture
def clock(house: House) -> StoppedClock:
    return house.clock
