"""A machine's home for the installed program: its directories, its environment, and what was run there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from keytui.domain.audit import Actor
from keytui.domain.keys import KeyDraft
from keytui.domain.query import Query, Sort
from keytui.domain.rotation import Plan, Rotation
from keytui.domain.secrets import Secret
from keytui.domain.usage import Caller
from keytui.domain.verification import Check
from keytui.open import open_vault
from keytui.vault.model import KeyDetail
from keytui.vault.profile import Profile
from keytui.vault.protocol import Vault
from tests.end_to_end.display import PATIENCE, Display
from tests.end_to_end.terminal import Terminal

KEYTUI: Final = str(Path(sys.executable).with_name("keytui"))
"""The command that installing the package made."""


@dataclass
class Home:
    """A fresh home under a directory. `secrets` are all that were made here, `displays` all terminals used here."""

    directory: Path
    secrets: list[str] = field(default_factory=list)
    displays: list[Display] = field(default_factory=list)

    @property
    def vault_home(self) -> Path:
        """KEYTUI_HOME."""
        return self.directory / "keytui"

    @property
    def temporary(self) -> Path:
        """Where programs put what they throw away; it is there."""
        directory = self.directory / "tmp"
        directory.mkdir(exist_ok=True)
        return directory

    @property
    def env(self) -> dict[str, str]:
        """The whole environment: of the machine that runs the tests only its tree of ours; no SSH, tmux or screen."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.directory),
            "KEYTUI_HOME": str(self.vault_home),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "TMPDIR": str(self.temporary),
            "TEXTUAL_LOG": str(self.directory / "textual.log"),
            **{name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ},
        }

    def keytui(self, *words: str, stdin: str = "", code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run a command with pipes for its streams; `code` is how it has to end (None: anyhow)."""
        done = subprocess.run(
            [KEYTUI, *words], input=stdin, env=self.env, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert code is None or done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def answer(self, *words: str, stdin: str = "", code: int = 0) -> dict[str, object]:
        """Run a command that answers in JSON."""
        answer = json.loads(self.keytui(*words, "--json", stdin=stdin, code=code).stdout)
        assert isinstance(answer, dict)
        return answer

    def terminal(self, *words: str, columns: int = 120, rows: int = 36) -> Terminal:
        """Run the program in a terminal of that size."""
        terminal = Terminal([KEYTUI, *words], self.env, columns, rows)
        self.displays.append(terminal.display)
        return terminal

    @contextmanager
    def vault(self) -> Iterator[Vault]:
        """The same vault in this process, as somebody else who has it open."""
        vault = open_vault(Profile("default", self.vault_home / "default", Actor("test", "here")))
        try:
            yield vault
        finally:
            vault.close()

    def create(self, name: str) -> str:
        """A key that exists before the story begins; its secret."""
        with self.vault() as vault:
            draft = KeyDraft(name=name, environment="production", owner="payments", scopes=("read",))
            return self.know(vault.create(draft, request_id=f"create-{name}").secret.reveal())

    def know(self, secret: str) -> str:
        """The same, for a secret that came from the outside of the program."""
        self.secrets.append(secret)
        return secret

    def check(self, secret: str) -> Check:
        """Whether the vault accepts a secret."""
        with self.vault() as vault:
            return vault.check(Secret(secret), (), Caller("the test"))

    def detail(self, name: str) -> KeyDetail:
        """All of one key, as it is stored."""
        with self.vault() as vault:
            return vault.detail(vault.find(name).id)

    def rotation(self, name: str) -> Rotation:
        """The key's newest rotation."""
        return self.detail(name).rotations[0]

    def names(self) -> list[str]:
        """Every key's name."""
        with self.vault() as vault:
            return [row.key.name for row in vault.page(Query(), Sort(), 0, 100).rows]

    def plan(self, name: str) -> Rotation:
        """A rotation that is planned and no more."""
        with self.vault() as vault:
            return vault.plan(vault.find(name).id, Plan(), request_id=f"plan-{name}")

    def rotate(self, name: str) -> str:
        """A rotation that has come to its overlap; the new secret."""
        planned = self.plan(name)
        with self.vault() as vault:
            issued = vault.issue(planned.id)
            vault.prove(planned.id, issued.secret)
        return self.know(issued.secret.reveal())

    def retire(self, name: str) -> None:
        """Suspend the old version, whatever the verdict says."""
        with self.vault() as vault:
            vault.retire(self.rotation(name).id, override="a test")
