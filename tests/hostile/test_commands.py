"""Every command over a vault, a configuration and files whose every text is hostile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from typer.main import get_command

from keytui.cli.app import app
from keytui.cli.exits import Exit
from keytui.vault.local.vault import LocalVault
from tests.hostile.conftest import PASSPHRASE, Planted
from tests.hostile.poisoned import Poisoned
from tests.hostile.texts import WHOLE, Speech, dangers
from tests.unit.cli.conftest import Commands
from tests.world import StoppedClock

WRITABLE: Final = WHOLE.encode("utf-8", "replace").decode().replace("\0", "")
"""What an argument of a program can be."""
OF_A_TERMINAL: Final = {
    "demo": "the console",
    "top": "the console",
    "serve": "a server: tests/unit/server/test_hostile.py",
}
CASES: Final[dict[str, str]] = {
    "create-many": "LOG --env production --owner o --scope s --to COPY",
    "create": "NEW --env production --owner o --scope s",
    "import": "FILE --variable KEYS --env production",
    "ingest": "LOG",
    "list": "",
    "show": "overlapping",
    "edit": "planned --owner HOSTILE",
    "callers": "checkout-api",
    "erase": "HOSTILE --yes",
    "usage": "",
    "probe": "",
    "prove": "planned --probe HOSTILE",
    "sync": "",
    "drift": "",
    "sources": "",
    "rotate": "legacy-crm --dry-run",
    "rotations": "--all",
    "verdict": "overlapping",
    "retire": "overlapping --force --note HOSTILE",
    "restore": "suspended",
    "complete": "suspended --force --note HOSTILE",
    "rollback": "overlapping --note HOSTILE --yes",
    "abandon": "planned --note HOSTILE --yes",
    "waive": "overlapping web-1 --why HOSTILE",
    "note": "overlapping HOSTILE",
    "take-over": "overlapping",
    "proof": "completed",
    "disable": "legacy-crm --note HOSTILE --yes",
    "enable": "search-indexer --note HOSTILE",
    "revoke": "legacy-crm --reason other --note HOSTILE --yes",
    "verify": "",
    "diagnose": "",
    "schedule": "",
    "seal": "NEW --passphrase-file PASSPHRASE",
    "reveal": "stripe --passphrase-file PASSPHRASE",
    "passphrase": "lock",
    "scan": "FOLDER",
    "review": "",
    "migrate": "",
    "doctor": "",
    "disable-user": "HOSTILE --yes",
    "leaver": "ada",
    "evidence": "completed",
    "backup create": "COPY",
    "rebuild": "",
    "backup load": "LOG",
    "backup reconcile": "",
    "operators": "",
    "operators add": "NEW --role super_admin",
    "operators list": "",
    "operators revoke": "grace --note HOSTILE",
    "approvals": "--all",
    "approvals list": "--all",
    "approvals approve": "APPROVAL --note HOSTILE",
    "approvals deny": "APPROVAL --note HOSTILE",
    "incident begin": "legacy-crm --first revoke --title leaked --show",
    "incident list": "--all",
    "incident show": "INCIDENT",
    "incident note": "INCIDENT HOSTILE",
    "incident close": "INCIDENT --cause HOSTILE --remediation HOSTILE --lessons HOSTILE --override HOSTILE",
    "incident export": "INCIDENT --with-addresses",
    "alerts": "--all",
    "alerts acknowledge": "1 --note HOSTILE",
    "audit": "",
    "audit checkpoint": "",
    "audit verify": "",
    "audit accept-restore": "--note HOSTILE",
    "auto-rotation": "",
    "auto-rotation enable": "--all --every 30d",
    "auto-rotation disable": "--all",
    "webhooks list": "",
    "webhooks messages": "",
    "webhooks deliver": "",
    "webhooks redeliver": "1",
    "webhooks enable": "HOSTILE",
    "webhooks test": "HOSTILE",
    "filters": "",
    "filters list": "",
    "filters remove": "HOSTILE",
    "filters save": "mine HOSTILE",
    "keymap": "",
    "systems": "",
    "systems check": "",
    "profiles": "",
    "profiles list": "",
    "profiles add": "team https://127.0.0.1:9 --token-env TOKEN",
    "profiles remove": "HOSTILE",
    "profiles token": "HOSTILE",
}
ANSWERED: Final = {Exit.DONE, Exit.NOT_SAFE, Exit.UNKNOWN, Exit.PARTLY}
REFUSED: Final = {
    "audit accept-restore",
    "auto-rotation enable",
    "backup load",
    "backup reconcile",
    "create-many",
    "disable-user",
    "doctor",
    "edit",
    "erase",
    "filters remove",
    "filters save",
    "import",
    "ingest",
    "leaver",
    "profiles remove",
    "profiles token",
    "probe",
    "prove",
    "rebuild",
    "rotate",
    "take-over",
    "waive",
    "webhooks enable",
    "webhooks redeliver",
    "webhooks test",
}
"""Whose answer is an error that repeats the hostile word, or says that there is nothing to do."""


def commands() -> dict[str, set[str]]:
    """Every command that does something by itself, by its words; its options."""
    found: dict[str, set[str]] = {}

    def walk(command: object, words: tuple[str, ...]) -> None:
        inner = getattr(command, "commands", {})
        if words and (not inner or getattr(command, "invoke_without_command", False)):
            found[" ".join(words)] = {option for one in getattr(command, "params", ()) for option in one.opts}
        for name, one in inner.items():
            walk(one, (*words, name))

    walk(get_command(app), ())
    return found


COMMANDS: Final = commands()


def test_every_command_has_a_case() -> None:
    assert sorted(COMMANDS) == sorted({**CASES, **OF_A_TERMINAL})


@pytest.fixture
def keytui(planted: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Commands]:
    """The commands over a copy of the vault, poisoned."""
    profile = planted.copied(tmp_path / "home")
    vault = LocalVault.open(profile, clock=StoppedClock(planted.now))
    monkeypatch.setattr(vault, "close", lambda: None)
    monkeypatch.setattr("keytui.cli.session.open_vault", lambda _: Poisoned(vault, Speech()))
    yield Commands(tmp_path / "home", monkeypatch)
    monkeypatch.undo()
    vault.close()


def words_of(case: str, planted: Planted, folder: Path) -> list[str]:
    meant = {
        "HOSTILE": WRITABLE,
        "NEW": "new-one",
        "FILE": str(folder / ".env"),
        "LOG": str(folder / "access.log"),
        "FOLDER": str(folder),
        "COPY": str(folder / "copy"),
        "PASSPHRASE": str(folder / "passphrase"),
        "INCIDENT": str(planted.incident),
        "APPROVAL": str(planted.approval),
        **planted.keys,
    }
    return [meant.get(word, word) for word in case.split()]


def lines() -> Iterator[tuple[str, ...]]:
    """Every command, once in words and once as JSON where it has that."""
    for name in CASES:
        yield (name,)
        if "--json" in COMMANDS[name]:
            yield name, "--json"


@pytest.mark.parametrize("line", lines(), ids=" ".join)
def test_a_command(keytui: Commands, planted: Planted, tmp_path: Path, line: tuple[str, ...]) -> None:
    folder = tmp_path / f"a {WRITABLE[:20].replace('/', '')}"
    folder.mkdir()
    (folder / ".env").write_text(f"KEYS='tk_{WRITABLE}'\n")
    (folder / "access.log").write_text(f"{WRITABLE}\n" * 3)
    (folder / "passphrase").write_text(PASSPHRASE)
    (folder / "passphrase").chmod(0o600)
    name, *layout = line
    run = keytui(*name.split(), *words_of(CASES[name], planted, folder), *layout, stdin=planted.secret, code=None)
    assert run.code != Exit.FAULT, run.err
    assert (run.code in ANSWERED) == (name not in REFUSED), run.err
    assert not dangers(run.out + run.err), (dangers(run.out + run.err), run.out, run.err)
    if layout and run.out:
        assert run.out.isascii()
        for document in run.out.splitlines() if name == "audit" else [run.out]:
            json.loads(document)


QUOTED: Final = json.dumps(WRITABLE, ensure_ascii=False).replace("\x7f", "\\u007f")
CONFIGURATIONS: Final = (
    f'[targets.{QUOTED}]\nkind = "dotenv"\nfiles = ["/nowhere/.env"]\nvariable = "KEY"',
    f"[targets.web]\nkind = {QUOTED}",
    f'[targets.web]\nkind = "dotenv"\nfiles = ["/nowhere/" , {QUOTED}]\nvariable = "KEY"',
    f'[targets.web]\nkind = "dotenv"\nfiles = ["/nowhere/.env"]\nvariable = {QUOTED}',
    f'[probes.{QUOTED}]\nkind = "http"\nurl = "https://127.0.0.1:9/"',
    f'[probes.edge]\nkind = "http"\nurl = {QUOTED}',
    f'[issuers.{QUOTED}]\nkind = "envlist"\nfile = "/nowhere/.env"\nvariable = "KEYS"',
    f'[webhooks.{QUOTED}]\nurl = "https://127.0.0.1:9/"\nsecret = "env:HOOK"',
    f'[webhooks.team]\nurl = "https://127.0.0.1:9/"\nsecret = {QUOTED}',
    f"[profiles.{QUOTED}]\nread_only = true",
    f"[policy.{QUOTED}]\ninterval = {QUOTED}",
    f"[{QUOTED}]",
    f"{QUOTED} = 1",
    WRITABLE,
)


@pytest.mark.parametrize("number", range(len(CONFIGURATIONS)))
def test_a_hostile_configuration(keytui: Commands, number: int) -> None:
    path = keytui.home / "config.toml"
    path.write_text(CONFIGURATIONS[number])
    path.chmod(0o600)
    runs = [keytui(*line.split(), code=None) for line in ("systems", "webhooks list")]
    assert not dangers("".join(run.out + run.err for run in runs))
    assert Exit.FAULT not in [run.code for run in runs], runs
    assert "config.toml" in "".join(run.out + run.err for run in runs)
