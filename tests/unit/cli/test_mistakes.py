"""A command line that cannot be run: told with the way out."""

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


def test_all_that_a_command_line_lacks_is_named_at_once(keytui: Commands) -> None:
    whole = "`keytui create NAME --env E --owner O --scope S`"
    assert f"Missing NAME, --env, --owner, --scope: {whole}." in keytui("create", code=2).err
    assert f"Missing --owner, --scope: {whole}." in keytui("create", "checkout", "--env", "production", code=2).err
    assert "--lessons" in keytui("incident", "close", "1", "--cause", "x", code=2).err, "of a command below another too"
    assert "leaver|scheduled" in keytui("revoke", "checkout", code=2).err, "the words that it takes"
