"""A person forgotten by command."""

from __future__ import annotations

import pytest

from keytui.cli.exits import Exit
from keytui.domain.usage import Caller, Flush, Use
from keytui.open import open_verifier
from keytui.vault.local.feed import LocalFeed
from tests.unit.cli.conftest import Commands
from tests.world import NOON

ADDRESS = "192.0.2.7"


def used_from(keytui: Commands, address: str) -> None:
    """One request with the key `checkout`."""
    keytui.created("checkout")
    key_id = keytui("show", "checkout", "--json").answer["id"]
    feed = LocalFeed.open(keytui.profile)
    feed.register("r1", "api-1", "api-host", 1)
    use = Use(str(key_id), 1, Caller.undeclared(address, "curl/8"), NOON, NOON, NOON, 1)
    feed.record(Flush("r1", 1, NOON, (use,), closing=True))
    feed.close()


def test_an_address_is_a_number_afterwards(keytui: Commands) -> None:
    used_from(keytui, ADDRESS)
    assert ADDRESS in keytui("callers", "checkout").out

    assert keytui("erase", ADDRESS, "--yes").out == "erased, places: 1\n"

    left = keytui("callers", "checkout").out
    assert ADDRESS not in left
    assert "erased-1" in left


@pytest.mark.parametrize("words", [("erase", "--yes"), ("callers", "--caller"), ("callers",), ("show",)])
def test_what_is_no_text_is_nobodys_name(keytui: Commands, words: tuple[str, ...]) -> None:
    used_from(keytui, ADDRESS)
    done = keytui(*words, "\udcff", code=None)
    assert done.code != Exit.FAULT
    assert "\\udcff" in done.err


def test_nobody_here_to_confirm_means_nothing_is_erased(keytui: Commands) -> None:
    used_from(keytui, ADDRESS)

    assert "--yes" in keytui("erase", ADDRESS, code=2).err
    assert ADDRESS in keytui("callers", "checkout").out


def test_a_stranger_is_named_as_one(keytui: Commands) -> None:
    assert "nobody is called '192.0.2.9'" in keytui("erase", "192.0.2.9", "--yes", code=1).err


def test_services_and_commands_go_by_the_homes_retention(keytui: Commands) -> None:
    secret = keytui.created("checkout")
    configuration = keytui.home / "config.toml"
    configuration.write_text('[retention]\naddresses = "truncated"\n')
    configuration.chmod(0o600)

    with open_verifier("api-1") as verifier:
        assert verifier.check(secret, caller=Caller.undeclared(ADDRESS, "curl/8")).valid

    assert "192.0.2.0/24 curl/8" in keytui("callers", "checkout").out
    configuration.write_text('[retention]\naddresses = "all"\n')
    assert "addresses = 'all'" in keytui("callers", "checkout", code=2).err
