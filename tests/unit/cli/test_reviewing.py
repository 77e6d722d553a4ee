"""`keytui review`: told in a pipe, walked through on a terminal, signed off either way."""

from __future__ import annotations

import json

import pytest

from tests.unit.cli.conftest import Commands


@pytest.fixture
def keys(keytui: Commands) -> Commands:
    """Two keys: one is in order, the other may do everything and is nobody's."""
    keytui.created()
    keytui("create", "all-of-it", "--env", "staging", "--owner", "", "--scope", "*")
    return keytui


@pytest.fixture
def somebody(keys: Commands, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """The commands with somebody at the terminal, who types what `stdin` says."""
    monkeypatch.setattr("keytui.cli.reviewing.interactive", lambda: True)
    return keys


def reviewed(keytui: Commands) -> list[dict[str, str]]:
    """The sign-offs in the log, oldest first."""
    lines = keytui("audit", "--type", "key.reviewed", "--json").out.splitlines()
    return [json.loads(line)["details"] for line in reversed(lines)]


def test_in_a_pipe_it_tells_and_asks_nothing(keys: Commands) -> None:
    keys("operators", "add", "ada", "--role", "staff")
    said = keys("review", stdin="k\n").out

    first, second = said.split("\ncheckout ")
    assert "all-of-it (staging)  1 of 2\n  ! BROAD: full access" in first
    assert "! UNOWNED: nobody answers for it" in first
    assert "owner         nobody" in first
    assert "seen by" in second
    assert "received it as it was made (v1)" in second
    assert "last review   never" in second
    assert "!" not in second
    assert "ada" in second.split("OPERATORS AND SERVICES")[1]
    assert reviewed(keys) == []


def test_as_json_it_has_what_a_review_shows(keys: Commands) -> None:
    keys("review", "--sign-off", "checkout", "--note", "still needed")
    answer = keys("review", "--query", "env:production", "--json").answer
    listed = answer["keys"]
    assert isinstance(listed, list)
    (key,) = listed
    assert (key["name"], key["broad"], key["unowned"], key["shared"]) == ("checkout", False, False, False)
    assert key["viewers"][0]["how"] == "received it as it was made"
    assert (key["last_review"]["decision"], key["last_review"]["note"]) == ("kept", "still needed")
    assert answer["operators"] == []
    (noted,) = reviewed(keys)
    assert (noted["decision"], noted["owner"], noted["note"]) == ("kept", "payments", "still needed")
    assert "last review   " in keys("review", "--query", "checkout").out


def test_each_key_is_decided_on_and_signed_off(somebody: Commands) -> None:
    done = somebody("review", stdin="what\no\nplatform\nasked around\nl\n\nl\nafter the freeze\n")
    assert "2 of 2 keys looked at, 2 signed off" in done.err
    first, second = reviewed(somebody)
    assert (first["decision"], first["owner"], first["note"]) == ("owner changed", "platform", "asked around")
    assert (second["decision"], second["note"]) == ("rotate later", "after the freeze")
    assert somebody("show", "all-of-it", "--json").answer["owner"] == "platform"


def test_a_disabled_key_is_confirmed_by_its_name_and_the_walk_can_be_left(somebody: Commands) -> None:
    done = somebody("review", "--query", "env:staging", stdin="d\nno\nd\nall-of-it\nnobody knows it\n")
    assert "not confirmed" in done.err
    assert somebody("show", "all-of-it", "--json").answer["state"] == "disabled"
    assert [one["decision"] for one in reviewed(somebody)] == ["disabled"]

    assert "1 of 2 keys looked at, 0 signed off" in somebody("review", stdin="q\n").err
    assert "2 of 2 keys looked at, 0 signed off" in somebody("review", stdin="s\ns\n").err


def test_what_contradicts_itself_is_refused(keys: Commands) -> None:
    assert "--sign-off KEY" in keys("review", "--note", "fine", code=2).err
    assert "leave one away" in keys("review", "--sign-off", "checkout", "--query", "x", code=2).err
