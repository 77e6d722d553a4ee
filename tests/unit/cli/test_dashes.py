"""A name that begins with a dash: told how it is reached, and reached so."""

from __future__ import annotations

from tests.unit.cli.conftest import Commands


def test_a_name_that_begins_with_a_dash_comes_after_two(keytui: Commands) -> None:
    keytui("create", "--env", "production", "--owner", "o", "--scope", "s", "--", "-rf")

    refused = keytui("show", "-rf", code=2).err

    assert "No such option: -r; what begins with a dash and is no option comes after --" in refused
    assert "-rf" in keytui("show", "--", "-rf").out
    assert "comes after" not in keytui("keymap", "--nope", code=2).err, "it takes no name"


def test_an_option_that_stands_before_the_command_is_told_so(keytui: Commands) -> None:
    assert "--plain stands before the command" in keytui("list", "--plain", code=2).err
