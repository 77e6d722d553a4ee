"""Modes that keep the owner out: each command says which, with the one `chmod` that helps, and so does the doctor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Final

import pytest

from keytui.domain.keys import KeyDraft
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.unit.vault.test_vault_files import bound_by_modes, configured

_STEPS: Final = """
import json, sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from keytui.cli.entry import main
from keytui.domain.errors import Unreachable
from keytui.open import open_vault
from keytui.vault.profile import load_profile

told = []
for modes, words, after in json.loads(sys.argv[1]):
    vault = open_vault(load_profile("default")) if words == "open" else None
    for path, mode in modes:
        Path(path).chmod(mode)
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        if vault is None:
            code = main(words)
        else:
            try:
                code = vault.standing() and 0
            except Unreachable as error:
                code = f"{error.message} {error.hint}"
    for path in after:
        Path(path).chmod(0o700)
    told.append([code, said.getvalue()])
    if vault is not None:
        vault.close()
print(json.dumps(told))
"""


@pytest.fixture
def key(profile: Profile) -> str:
    vault = LocalVault.open(profile)
    name = vault.create(KeyDraft("one", "production", owner="o"), "request").key.name
    vault.close()
    return name


def told(profile: Profile, *steps: tuple[list[tuple[str, int]], list[str] | str, list[str]]) -> list[tuple[int, str]]:
    """What each step's command says with these modes, in one process; some modes are put back after it."""
    argv = [*bound_by_modes(), sys.executable, "-c", _STEPS, json.dumps(steps)]
    env = {**os.environ, "KEYTUI_HOME": str(profile.directory.parent), "KEYTUI_CONFIG": str(configured(profile))}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done
    return [(code, said) for code, said in json.loads(done.stdout)]


def test_a_log_that_was_made_beside_a_database_to_be_read_only_is_opened_with_it(profile: Profile, key: str) -> None:
    database, log, shared = (str(profile.directory / f"vault.db{end}") for end in ("", "-wal", "-shm"))
    only_read, refused, doctor, mended, well = told(
        profile,
        ([(database, 0o400)], ["list"], []),
        ([], ["disable", key], []),
        ([(database, 0o600)], ["doctor"], []),
        ([], ["disable", key], []),
        ([], ["doctor"], []),
    )
    assert only_read[0] == 0, only_read
    assert refused[0] == 5, refused
    assert f"chmod 600 {database} {log} {shared}\n" in refused[1]
    assert doctor[0] == 1, doctor
    assert f"chmod 600 {log} {shared}\n" in doctor[1]
    assert (mended[0], well[0]) == (0, 0), (mended, well)


def test_a_directory_that_is_shut_is_opened_by_700_and_the_doctor_says_so(profile: Profile, key: str) -> None:
    where = str(profile.directory)
    shut = [([(where, mode)], words, [where]) for mode in (0o000, 0o600) for words in (["list"], ["doctor"])]
    *closed, home, unwritable, doctor, under_an_open_one = told(
        profile,
        *shut,
        ([(str(profile.directory.parent), 0o000)], ["doctor"], [str(profile.directory.parent)]),
        ([(where, 0o500)], ["disable", key], [where]),
        ([(where, 0o500)], ["doctor"], [where]),
        ([(where, 0o000)], "open", [where]),
    )
    for code, said in closed:
        assert code in (1, 5), said
        assert f"{where} cannot be entered by this user" in said
        assert f"chmod 700 {where}\n" in said
    assert home[0] == 1, home
    assert f"chmod 700 {profile.directory.parent}\n" in home[1]
    assert (unwritable[0], doctor[0]) == (5, 1), (unwritable, doctor)
    assert f"chmod 700 {where}\n" in unwritable[1]
    assert f"chmod 700 {where}\n" in doctor[1]
    assert f"{where} cannot be entered by this user" in str(under_an_open_one[0])


def test_what_cannot_be_read_is_not_called_damaged(profile: Profile, key: str) -> None:
    database, head = str(profile.directory / "vault.db"), str(profile.directory / "audit.head")
    listed, doctor, headless, doctor_of_head = told(
        profile,
        ([(database, 0o000)], ["list"], []),
        ([], ["doctor"], [database]),
        ([(head, 0o000)], ["list"], []),
        ([], ["doctor"], []),
    )
    for _, said in (listed, doctor):
        assert f"the vault {database} does not answer: its file cannot be read" in said
        assert f"chmod 600 {database}\n" in said
    for _, said in (headless, doctor_of_head):
        assert f"chmod 600 {head}\n" in said
    assert "audit.head cannot be read: nobody can tell" in headless[1]
    assert "damaged" not in listed[1] + doctor[1] + headless[1] + doctor_of_head[1]
    assert key in headless[1]
