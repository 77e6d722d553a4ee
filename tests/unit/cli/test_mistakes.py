"""A command line that cannot be run: told with the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

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


@pytest.mark.parametrize("where", [("list", "owner:\udcff"), ("leaver", "\udcff"), ("incident", "list", "\udcff")])
def test_bytes_that_are_no_text_are_named_as_that(keytui: Commands, where: tuple[str, ...]) -> None:
    """The database refuses them; it was a fault of ours, or even a log that somebody had changed."""
    refused = keytui(*where, code=2).err
    assert f"word {len(where)} of the command line is not UTF-8 text: it has \\udcff" in refused


def test_a_file_may_be_called_by_bytes_that_are_no_text(keytui: Commands, tmp_path: Path) -> None:
    path = tmp_path / "\udcff.env"
    path.write_text("API_KEY=tk_0000000000\n")
    path.chmod(0o600)
    assert "not UTF-8" not in keytui("scan", str(path)).err


@pytest.mark.parametrize("command", ["scan", "backup create", "backup load"])
def test_a_name_that_no_file_can_have_is_a_mistake_of_who_gave_it(keytui: Commands, command: str) -> None:
    assert "the name of a file is too long" in keytui(*command.split(), "x" * 10_240, code=2).err


def test_an_endless_word_is_not_told_back_whole(keytui: Commands) -> None:
    endless = "x" * 10_240
    for words in (
        ["show", endless],
        ["rotate", "alpha", "--strategy", endless],
        ["usage", "--since", endless],
        ["operators", "revoke", endless],
        [f"--{endless}"],
        ["audit", f"--{endless}"],
        ["list", f"env:{endless}"],
    ):
        refused = keytui(*words, code=None)
        assert refused.code in ({0} if words[0] == "list" else {1, 2})
        assert "xxx" in refused.err
        assert len(refused.err) < 1_000, words[:-1]


def test_a_wrong_value_is_told_in_words_for_people(keytui: Commands) -> None:
    assert (
        "'--strategy': 'slow' is not one of 'rolling', 'immediate'"
        in keytui("rotate", "--strategy", "slow", code=2).err
    )
    assert "'ID': it should be a valid integer\n" in keytui("incident", "show", "x", code=2).err
