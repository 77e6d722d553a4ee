"""Commands that ask before they act: each can be told beforehand, in one and the same word."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Final

import pytest
from typer.main import get_command

from keytui.cli import asking
from keytui.cli.app import app
from tests.unit.cli.conftest import Commands

_QUESTIONS: Final[set[object]] = {asking.confirm, asking.confirm_unless, asking.choose, asking.answered}
_ITS_QUESTIONS_ARE_ITS_WORK: Final = {"review"}
"""`--sign-off KEY` is the answer beforehand; in a pipe it only tells."""


def _all_commands() -> Iterator[tuple[str, FunctionType, set[str]]]:
    below = [("", get_command(app))]
    while below:
        path, command = below.pop()
        below += [(f"{path} {name}".strip(), one) for name, one in getattr(command, "commands", {}).items()]
        if command.callback is not None:
            function = inspect.unwrap(command.callback)
            assert isinstance(function, FunctionType)
            yield path, function, {option for one in command.params for option in one.opts}


def _named_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _named_in(const)


def _asks(what: object, seen: set[object]) -> bool:
    """Whether a function of the commands comes to a question, by itself or through others of them."""
    if not isinstance(what, FunctionType | type) or what in seen or not what.__module__.startswith("keytui.cli"):
        return False
    seen.add(what)
    if isinstance(what, type):
        return any(_asks(one, seen) for one in vars(what).values())
    named = map(what.__globals__.get, _named_in(what.__code__))
    return what in _QUESTIONS or any(_asks(one, seen) for one in named)


def test_whatever_asks_can_be_told_beforehand() -> None:
    asking_ones = {path: options for path, function, options in _all_commands() if _asks(function, set())}

    assert {"revoke", "rotate", "incident begin", "backup reconcile", "review"} <= asking_ones.keys()
    without = {path for path, options in asking_ones.items() if "--yes" not in options}
    assert without == _ITS_QUESTIONS_ARE_ITS_WORK


def test_yes_chooses_nothing_that_is_the_operators_to_choose(keytui: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    keytui.created()
    for module in ("emergency", "rotating", "leaver"):
        monkeypatch.setattr(f"keytui.cli.{module}.interactive", lambda: True)

    assert "--first revoke" in keytui("incident", "checkout", "--yes", code=2).err
    assert "--first revoke" in keytui("rotate", "checkout", "--strategy", "emergency", "--yes", code=2).err
    assert "nothing was changed" in keytui("leaver", "payments", "--yes").err
    assert "leave it away" in keytui("enable", "checkout", "--yes", code=2).err, "it asks nothing"
    refused = keytui("review", "--yes", code=2).err
    assert "`--sign-off KEY` signs one key off without a question" in refused
    assert "leave it away" not in refused, "it asks"
