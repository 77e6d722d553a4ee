"""Targets on this machine: files and commands."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyrage
import pytest
from dotenv import dotenv_values

from keytui.domain.secrets import Secret
from keytui.targets.configured import After, ConfiguredTarget
from keytui.targets.dotenv import DotenvTarget
from keytui.targets.file import FileTarget
from keytui.targets.piping import CommandTarget
from keytui.targets.sealed_file import SealedFileTarget
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


def dotenv(directory: Path, _request: pytest.FixtureRequest) -> Iterator[Case]:
    path = directory / "there" / ".env"
    _put(path, f"# of the checkout\nDEBUG=1\nAPI_KEY={OLD.reveal()}\n")
    yield replace(_case(DotenvTarget("env", (str(path),), "API_KEY"), path), consumed=lambda: _loaded(path))


def dotenv_in_two_files(directory: Path, _request: pytest.FixtureRequest) -> Iterator[Case]:
    """For consumers that carry the former secret too; of their files, the second is read."""
    path, other = directory / "there" / "checkout.env", directory / "here" / "production.env"
    _put(path, f"API_KEY={OLD.reveal()}")
    _put(other, f"API_KEY_PREVIOUS=\nexport API_KEY='{OLD.reveal()}' # why\n")
    target = DotenvTarget("env", (str(path.with_name("{name}.env")), str(other)), "API_KEY", "API_KEY_PREVIOUS")
    yield replace(
        _case(target, path),
        consumed=lambda: _loaded(other),
        everything=lambda: (_files(path.parent), _files(other.parent)),
    )


def sealed_file(directory: Path, _request: pytest.FixtureRequest) -> Iterator[Case]:
    """What stood there was sealed by hand, with `age --armor`."""
    path, colleague = directory / "there" / "checkout.age", pyrage.x25519.Identity.generate()
    public = colleague.to_public()
    _put(path, pyrage.encrypt(OLD.reveal().encode(), [public], armored=True).decode())
    target = SealedFileTarget("hand-over", str(path.with_name("{name}.age")), (str(public),))
    yield replace(_case(target, path), consumed=lambda: Secret(pyrage.decrypt(path.read_bytes(), [colleague]).decode()))


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
        everything=lambda: _files(path.parent),
        cut_off=lambda: shutil.rmtree(path.parent),
    )


def _files(directory: Path) -> object:
    return {each.name: (each.stat().st_mode, each.read_bytes()) for each in directory.iterdir()}


def _loaded(path: Path) -> Secret:
    """The variable, as a service that uses python-dotenv has it."""
    return Secret(str(dotenv_values(path)["API_KEY"]))


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.touch(0o600)
    path.write_text(text)
