"""Whatever in keytui opens a transaction or a database has an operation that fails at each of its statements."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import keytui
from keytui.domain.audit import Actor
from keytui.domain.errors import Forbidden, KeytuiError
from keytui.vault.local.answers import Repeated
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.faults.at_an_issuer import CHANGES, Service
from tests.faults.operations import CALLS
from tests.faults.statements import Statements
from tests.faults.upkeep import WORKS
from tests.faults.works import a_profile
from tests.unit.vault.access.two_tenants import CHEAP, PASSPHRASE, Tenant
from tests.world import StoppedClock, repeatable_randomness

PACKAGE: Final = Path(keytui.__file__).parent
ELSEWHERE: Final = {
    "demo/stage.py": "a demo's vault is thrown away",
    "vault/doctor/damage.py": "what SQLite says is a finding",
    "vault/doctor/storage.py": "what SQLite says is a finding",
    "vault/doctor/store.py": "what SQLite says is a finding",
    "vault/local/keys/for_show.py": "a demo's vault is thrown away",
    "vault/local/keys/glimpse.py": "whatever is wrong, the vault says it a moment later",
    "vault/local/keys/offered.py": "whatever is wrong, a shell completes nothing",
    "vault/local/keys/read_only.py": "for the two above",
    "vault/local/database/postgresql.py": "test_postgresql.py",
    "vault/local/database/postgresql_schema.py": "test_postgresql.py",
    "vault/local/access/refused_uses.py": "a thread: what it cannot write it logs, and nobody waits for it",
}
"""Modules whose faults are told otherwise, or tested with something else."""
_ASKED_BY_OTHERS: Final = {
    ("vault/local/database/sqlite.py", "_engine.<locals>.connect"),
    ("vault/local/backup/copying.py", "reading"),
    ("vault/local/section.py", "Section._reading"),
}
"""Connections that are made here, and asked elsewhere."""
_AFTER_ANOTHER_FAULT: Final = {
    ("vault/local/issuing/asking.py", "Issuing._has_successor"),
    ("vault/local/issuing/asking.py", "Issuing._know_value"),
    ("vault/local/issuing/asking.py", "Issuing._mark"),
    ("vault/local/issuing/asking.py", "Issuing._note_unknown"),
    ("vault/local/issuing/asking.py", "Issuing._noted"),
    ("vault/local/issuing/syncing.py", "_Turn._some"),
    ("vault/local/keys/creating.py", "Creating._first_issued"),
    ("vault/local/keys/creating.py", "Creating._use_up"),
}
"""Asked once an issuer has failed, or makes its own values: `test_issuer_faults` and `test_values_made_there` do."""
_OPENS: Final = {"writing", "reading", "_writing", "_reading", "audited", "read_only"}
_CONNECTS: Final = {"connect", "begin"}
_DATABASES: Final = ("sqlite3", "engine")


class _Opening(ast.NodeVisitor):
    """The functions of one module that open something, by their qualified names."""

    def __init__(self) -> None:
        self.found: set[str] = set()
        self._within: list[str] = []

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._inside(node, node.name)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        outer = self._within and not self._within[-1][0].isupper() and not self._within[-1].startswith("_Turn")
        self._inside(node, *(["<locals>"] if outer else []), node.name)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        connects = name in _CONNECTS and any(word in ast.unparse(node.func) for word in _DATABASES)
        if self._within and (name in _OPENS or connects):
            self.found.add(".".join(self._within))
        self.generic_visit(node)

    def _inside(self, node: ast.AST, *names: str) -> None:
        self._within.extend(names)
        self.generic_visit(node)
        del self._within[-len(names) :]


def opening() -> Iterator[tuple[str, str]]:
    for root in (PACKAGE / "vault", PACKAGE / "demo"):
        for path in root.rglob("*.py"):
            visitor = _Opening()
            visitor.visit(ast.parse(path.read_text()))
            yield from ((str(path.relative_to(PACKAGE)), name) for name in visitor.found)


def test_it_has_an_operation(used: tuple[Path, Tenant], statements: Statements, in_memory: Path) -> None:
    """A new one is named here until it has."""
    statements.noting = True
    try:
        _methods(used, in_memory / "methods")
        _at_an_issuer(in_memory / "issuer")
        _upkeep(in_memory / "upkeep")
        _others(in_memory / "others")
    finally:
        statements.noting = False
    to_fail = {each for each in opening() if each[0] not in ELSEWHERE}
    assert sorted(to_fail - statements.asked_by - _ASKED_BY_OTHERS - _AFTER_ANOTHER_FAULT) == []


def test_whatever_is_excused_is_there() -> None:
    there = set(opening())
    assert sorted(set(ELSEWHERE) - {module for module, _ in there}) == []
    assert sorted((_ASKED_BY_OTHERS | _AFTER_ANOTHER_FAULT) - there) == []


def _methods(used: tuple[Path, Tenant], directory: Path) -> None:
    """As `test_statements` asks them."""
    template, own = used
    for prepare, call in CALLS.values():
        shutil.copytree(template, directory)
        vault = LocalVault.open(
            Profile("team", directory, Actor("root", "server")), StoppedClock(), repeatable_randomness(2), cost=CHEAP
        )
        with suppress(KeytuiError, Repeated):
            call(vault, prepare(vault, own))
        vault.close()
        shutil.rmtree(directory)


def _at_an_issuer(directory: Path) -> None:
    """As `test_at_an_issuer` asks them."""
    for prepare, act in CHANGES.values():
        directory.mkdir(mode=0o700)
        service = Service.open(directory)
        prepare(service)
        act(service)
        service.vault.close()
        shutil.rmtree(directory)


def _upkeep(directory: Path) -> None:
    """As `test_upkeep` does it."""
    for work in WORKS:
        directory.mkdir(mode=0o700)
        work.prepare(directory)()
        shutil.rmtree(directory)


def _others(directory: Path) -> None:
    """What `test_statements` and `test_upkeep` have a test of its own for."""
    directory.mkdir(mode=0o700)
    vault = LocalVault.open(a_profile(directory), cost=CHEAP)
    vault.set_passphrase(PASSPHRASE)
    vault.note_refusal(vault.principal(), "revoke", Forbidden("you may not", "ask somebody"))
    vault.close()
