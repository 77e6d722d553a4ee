"""Somebody leaves: what they could go on using, why, and what is done about it."""

from __future__ import annotations

import getpass

from keytui.domain.operators import person
from tests.unit.cli.conftest import Commands


def me() -> str:
    return person(getpass.getuser())


def created(keytui: Commands, name: str, owner: str) -> None:
    keytui("create", name, "--env", "production", "--owner", owner, "--scope", "read")


def test_it_proposes_what_was_owned_or_in_somebodys_hands_and_says_why(keytui: Commands) -> None:
    created(keytui, "mine", "ada")
    created(keytui, "told", "bob")
    keytui("rotate", "told")

    assert keytui("leaver", "ada").out.startswith("1 key that ada could go on using:\n")
    (owned,) = keytui("leaver", "ada", "--json").items
    assert (owned["key"], owned["why"], owned["done"]) == ("mine", ["owns it"], "proposed")

    by_me = {str(one["key"]): str(one["why"]) for one in keytui("leaver", me(), "--json").items}
    assert by_me.keys() == {"mine", "told"}
    assert "created it, and was told v1" in by_me["mine"]
    assert "was told v2" in by_me["told"]
    assert "handed v2 over (stdout)" in by_me["told"]


def test_what_is_over_is_not_proposed(keytui: Commands) -> None:
    created(keytui, "old", "bob")
    keytui("revoke", "old", "--reason", "other", "--note", "gone", "--yes")
    assert "nothing says" in keytui("leaver", me(), code=1).err


def test_rotations_are_opened_with_the_reason_and_others_disabled(keytui: Commands) -> None:
    for name in ("one", "two", "three"):
        created(keytui, name, "ada")
    done = keytui("leaver", "ada", "--rotate", "all", "--disable", "two", "--yes")
    assert "two (production): disabled" in done.out
    assert "keytui rotate one --resume" in done.err
    rotations = keytui("rotations", "--json").items
    assert {(one["key"], one["reason"], one["state"]) for one in rotations} == {
        ("one", "leaver", "planned"),
        ("three", "leaver", "planned"),
    }
    assert keytui("show", "two", "--json").answer["state"] == "disabled"


def test_tokens_are_told_where_some_of_it_failed_too(keytui: Commands) -> None:
    for name in ("one", "two"):
        created(keytui, name, "ada")
    keytui("operators", "add", "ada", "--role", "staff")
    keytui("rotate", "two")

    done = keytui("leaver", "ada", "--rotate", "all", "--yes", code=7)

    assert "rotation #2 is open" in done.out
    assert "ada still opens this vault" in done.err


def test_nothing_is_done_unasked_and_nobody_elses_key_by_mistake(keytui: Commands) -> None:
    created(keytui, "mine", "ada")
    created(keytui, "other", "bob")
    assert "nothing was changed" in keytui("leaver", "ada").err
    assert "not among those proposed" in keytui("leaver", "ada", "--disable", "other", code=2).err
    for words in (("--disable", "mine"), ("--rotate", "all")):
        assert "say --yes in a script" in keytui("leaver", "ada", *words, code=2).err
    assert keytui("show", "mine", "--json").answer["state"] == "active"
    assert keytui("rotations", "--json").items == []
