"""`keytui rotate` and `keytui create` over a disk and a database that fail: somebody gets in, and no secret is lost.

A rotation takes over a hundred statements and some sixty changes of the disk: every fifth fails, and every third.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from dotenv import dotenv_values

from keytui.domain.keys import ACCEPTED
from keytui.domain.secrets import Secret
from keytui.domain.usage import UNKNOWN_CALLER
from tests.faults.disk import WAYS, Disk
from tests.faults.statements import WAYS as SAID
from tests.faults.statements import Statements
from tests.unit.cli.conftest import Commands, Run

EVERY = 5
TARGET = '[targets.web]\nkind = "dotenv"\nfiles = ["{home}/web.env"]\nvariable = "API_KEY"\n'


@pytest.fixture
def keytui(in_memory: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """The commands, over an empty home in memory."""
    return Commands(in_memory / "home", monkeypatch)


class Site:
    """A home that can be had again as it was."""

    def __init__(self, keytui: Commands) -> None:
        self.keytui = keytui
        self._kept = keytui.home.with_name("kept")

    def keep(self) -> None:
        shutil.copytree(self.keytui.home, self._kept)

    def again(self) -> None:
        shutil.rmtree(self.keytui.home)
        shutil.copytree(self._kept, self.keytui.home)

    def accepted(self, *secrets: str) -> list[bool]:
        with self.keytui.vault() as vault:
            return [vault.check(Secret(one), (), UNKNOWN_CALLER).valid for one in secrets]

    def lost(self) -> list[int]:
        """Versions that let somebody in and reached nobody."""
        with self.keytui.vault() as vault:
            versions = vault.detail(vault.find("checkout").id).versions
            assert vault.verify_audit().broken_at is None
        return [one.number for one in versions if one.state in ACCEPTED and one.delivered_at is None]


def told(run: Run, *secrets: str) -> None:
    """An error as an operator reads it: what was wrong, and below it the way out."""
    lines = run.err.splitlines()
    first = next((at for at, line in enumerate(lines) if line.startswith("keytui: ")), None)
    assert first is not None, run
    assert "a fault of ours" not in run.err
    assert lines[first + 1 :], run
    assert not [secret for secret in secrets if secret and secret in run.err]


def test_a_rotation_into_a_pipe(keytui: Commands, statements: Statements) -> None:
    old, site = keytui.created(), Site(keytui)
    site.keep()
    with statements.counted():
        keytui("rotate", "checkout")
    for at in range(1, statements.asked + 1, EVERY):
        site.again()
        with statements.counted(at, SAID[at % 4], stays=at % 8 > 3):
            run = keytui("rotate", "checkout", code=None)
        if run.code:
            told(run, old, run.out)
        new = run.out or _resumed(keytui)
        assert site.accepted(old, new) == [True, True], f"statement {at}: {run}"
        assert len(site.lost()) <= int(bool(run.out and run.code)), f"statement {at}: {run}"


def _resumed(keytui: Commands) -> str:
    """As the operator goes on who got no secret."""
    run = keytui("rotate", "checkout", "--resume", code=None)
    return run.out if run.code == 0 else keytui("rotate", "checkout").out


def test_a_new_key_into_a_pipe(keytui: Commands, statements: Statements) -> None:
    keytui.created("other")
    words = ("create", "checkout", "--env", "production", "--owner", "payments", "--scope", "all")
    site = Site(keytui)
    site.keep()
    with statements.counted():
        keytui(*words)
    for at in range(1, statements.asked + 1, EVERY):
        site.again()
        with statements.counted(at, SAID[at % 4], stays=at % 8 > 3):
            run = keytui(*words, code=None)
        if run.code:
            told(run, run.out)
        made = keytui("show", "checkout", code=None).code == 0
        assert made or not run.out, f"statement {at}: {run}"
        if run.out:
            assert site.accepted(run.out) == [True], f"statement {at}: {run}"
        elif made:
            assert "keytui rotate" in run.err, f"statement {at}: {run}"


def test_a_rotation_into_a_file_on_a_disk_that_fails(keytui: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    keytui.home.mkdir(mode=0o700)
    (keytui.home / "config.toml").write_text(TARGET.format(home=keytui.home))
    file = keytui.home / "web.env"
    file.touch(0o600)
    keytui.created("checkout", "--target", "web")
    site, disk = Site(keytui), Disk()
    old = str(dotenv_values(file)["API_KEY"])
    site.keep()
    with disk.under(monkeypatch, 0, 0):
        keytui("rotate", "checkout")
    for at in range(1, disk.changes + 1, 3):
        site.again()
        with disk.under(monkeypatch, at, WAYS[at % 4], stays=at % 8 > 3):
            run = keytui("rotate", "checkout", code=None)
        holds = str(dotenv_values(file)["API_KEY"])
        assert site.accepted(old, holds) == [True, True], f"change {at}: {run}"
        assert not [path.name for path in keytui.home.rglob("*") if "draft" in path.name], f"change {at}"
        if run.code:
            told(run, old, holds)
            if keytui("rotate", "checkout", "--resume", code=None).code:
                keytui("rotate", "checkout")
        assert str(dotenv_values(file)["API_KEY"]) != old, f"change {at}: {run}"
        assert site.lost() == []
