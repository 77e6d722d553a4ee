"""Targets on this machine: files and commands."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.domain.secrets import Secret
from keytui.targets.configured import After, ConfiguredTarget
from keytui.targets.file import FileTarget
from keytui.targets.piping import CommandTarget
from keytui.targets.target import Target
from tests.contract.targets.case import KEY, OLD, Case

_STORE = f"""#!{sys.executable} -IS
import pathlib, sys
verb, version = sys.argv[1], int(sys.argv[2])
held, before = pathlib.Path(__file__).with_name("held"), pathlib.Path(__file__).with_name("before")
standing, _, stands = held.read_text().partition(" ")
if verb == "get":
    sys.stdout.write(stands)
elif verb == "put":
    secret = sys.stdin.read()
    if version < int(standing):
        sys.exit("it holds a newer one")
    if stands != secret:
        before.write_text(f"{{version}} {{standing}} {{stands}}")
        held.write_text(f"{{version}} {{secret}}")
elif verb == "undo":
    put, _, stood = before.read_text().partition(" ")
    if version != int(put):
        sys.exit("that version never stood here")
    held.write_text(stood)
"""
"""A store as a site may script one. It prints what it holds to nobody but `get`."""


def file(directory: Path, _request: pytest.FixtureRequest) -> Iterator[Case]:
    path = directory / "there" / "checkout.key"
    _put(path, OLD.reveal())
    yield _case(FileTarget("env", str(path.with_name("{name}.key"))), path)


def followed_file(directory: Path, request: pytest.FixtureRequest) -> Iterator[Case]:
    """With the options that any target may have."""
    for case in file(directory, request):
        after = After(("true", "{name}"), timedelta(seconds=10))
        yield replace(case, target=ConfiguredTarget(case.target, (KEY.environment,), after))


def command(directory: Path, _request: pytest.FixtureRequest) -> Iterator[Case]:
    store, held = _store(directory)
    yield _case(
        CommandTarget("store", (store, "put", "{version}"), (store, "get", "0"), (store, "undo", "{version}")), held
    )


def command_that_only_takes(directory: Path, _request: pytest.FixtureRequest) -> Iterator[Case]:
    store, held = _store(directory)
    yield _case(CommandTarget("ci", (store, "put", "{version}")), held)


def _store(directory: Path) -> tuple[str, Path]:
    """The store's program, and the file that it keeps the secret in."""
    program = directory / "there" / "store"
    _put(program, _STORE)
    program.chmod(0o700)
    held = program.with_name("held")
    _put(held, f"1 {OLD.reveal()}")
    return str(program), held


def _case(target: Target, path: Path) -> Case:
    """A target whose consumer reads the last word of one file."""
    return Case(
        target,
        consumed=lambda: Secret(path.read_text().split()[-1]),
        everything=lambda: {each.name: (each.stat().st_mode, each.read_bytes()) for each in path.parent.iterdir()},
        cut_off=lambda: shutil.rmtree(path.parent),
    )


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.touch(0o600)
    path.write_text(text)
