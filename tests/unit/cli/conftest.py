"""Command lines run in this process, each with streams of its own, over a vault that the test has to itself."""

from __future__ import annotations

import io
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, TextIO

import pytest
from typer.main import get_command

from keytui.cli.entry import main
from keytui.clock import Clock
from keytui.domain.audit import Actor
from keytui.open import open_vault
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.vault.protocol import Vault

_made_once: Final = cache(get_command)
"""Typer makes all commands anew for each line, which takes longer than most of them."""


@dataclass(frozen=True, slots=True)
class Run:
    """How one command line ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> object:
        """Standard output as JSON."""
        return json.loads(self.out)

    @property
    def answer(self) -> dict[str, object]:
        """Standard output as one JSON object."""
        answer = self.json
        assert isinstance(answer, dict), self
        return answer

    @property
    def items(self) -> list[dict[str, object]]:
        """Standard output as a JSON array of objects."""
        answer = self.json
        assert isinstance(answer, list), self
        return answer


class Commands:
    """`keytui` in a home of its own; nobody sits at its streams."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = home
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("KEYTUI_HOME", str(home))
        monkeypatch.setattr("typer.main.get_command", _made_once)
        monkeypatch.delenv("KEYTUI_PASSPHRASE_FILE", raising=False)

    def __call__(self, *words: str, stdin: str | bytes = b"", code: int | None = 0) -> Run:
        """Run a command line. `code` is how it has to end (None: anyhow)."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            with self._monkeypatch.context() as streams:
                streams.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
                streams.setattr(sys, "stdout", out)
                streams.setattr(sys, "stderr", err)
                ended = main(words)
            done = Run(ended, _read(out), _read(err))
        assert code is None or done.code == code, done
        return done

    def created(self, name: str = "checkout", *more: str) -> str:
        """A key in production; its secret."""
        return self("create", name, "--env", "production", "--owner", "payments", "--scope", "bookings:read", *more).out

    @property
    def profile(self) -> Profile:
        """The default profile, for somebody else who opens its vault."""
        return Profile("default", self.home / "default", Actor("test", "here"))

    def live_at(self, clock: Clock) -> None:
        """From now on every command's vault goes by that clock."""
        self._monkeypatch.setattr(
            "keytui.cli.session.open_vault", lambda profile: LocalVault.open(profile, clock=clock)
        )

    @contextmanager
    def vault(self) -> Iterator[Vault]:
        """The same vault, opened by somebody else."""
        vault = open_vault(self.profile)
        try:
            yield vault
        finally:
            vault.close()


def _read(file: TextIO) -> str:
    file.flush()
    file.seek(0)
    return file.read()


@pytest.fixture
def keytui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """The commands, over an empty home."""
    return Commands(tmp_path / "home", monkeypatch)
