"""A server, and the line to it, that fail at any request of any method of a remote vault: done once, or told.

Every method that changes something meets two faults: an answer that is lost, after which the server says that it is
asked too often; and another one, which goes round. Every question meets one. An answer that never comes takes time:
every eighth method has to do with it.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from typing import Final
from urllib.parse import urlsplit

import pytest
from starlette.types import Scope

from keytui.domain.access import Principal, Role
from keytui.domain.audit import Actor
from keytui.domain.errors import Unreachable
from keytui.domain.operators import OperatorDraft
from keytui.domain.references import Place, Reference
from keytui.server.app import build
from keytui.server.door import by_vault
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.vault.remote.exchange import Patience
from keytui.vault.remote.vault import RemoteVault
from keytui.vault.team_server import TeamServer
from tests.cutting import CuttingLine
from tests.faults.conftest import in_memory_directory
from tests.faults.failing_server import FailingServer, Way
from tests.faults.operations import BESIDE, BESIDE_READ, CALLS, EACH_TIME, ELSEWHERE, changes_something, unlocked
from tests.serving import Serving
from tests.unit.vault.access.two_tenants import CHEAP, PASSPHRASE, TeamVault, Tenant
from tests.world import StoppedClock, eventually

PATIENCE: Final = Patience(connect=5, silence=20, answer=20, unknown=8, pause=0.01)
IMPATIENT: Final = Patience(connect=5, silence=0.6, answer=5, unknown=8, pause=0.01)
NOT_REMOTE: Final = {"arm", *BESIDE, *BESIDE_READ, *ELSEWHERE}
"""What a remote vault does by itself, or does not offer."""
SEALS: Final = {"seal", "reveal"}
"""What sends the passphrase along."""
METHODS: Final = [method for method in CALLS if method not in NOT_REMOTE]
CHANGES: Final = [method for method in METHODS if changes_something(method)]
QUESTIONS: Final = [method for method in METHODS if not changes_something(method)]
SLOW: Final = {"audit_extract", "verify_audit", "add_keys"}
"""What a server may take minutes for."""
ROUND: Final = [way for way in Way if way not in {Way.LOST, Way.HELD}]


@dataclass
class Site:
    """A vault as it was, again and again, behind a server that fails."""

    template: Path
    own: Tenant
    here: Path
    failing: FailingServer
    line: CuttingLine
    token: Path
    serve: Callable[[LocalVault], None]

    def begin(self, method: str, patience: Patience) -> Attempt:
        shutil.rmtree(self.here, ignore_errors=True)
        shutil.copytree(self.template, self.here)
        clock = StoppedClock()
        vault = LocalVault.open(Profile("team", self.here, Actor("root", "server")), clock, cost=CHEAP)
        prepare, _ = CALLS[method]
        own = prepare(vault, self.own)
        self.serve(vault)
        self.failing.fail(self.line)
        server = TeamServer(self.line.url, Reference(Place.FILE, str(self.token)))
        profile = Profile("team", self.here.parent, Actor("lin"), server=server)
        remote = RemoteVault.open(profile, server, clock, token_bytes, patience)
        if prepare is unlocked or method in SEALS:
            remote.unlock(PASSPHRASE)
        return Attempt(vault, remote, own, method, rows_in(self.here))


@dataclass
class Attempt:
    """One method, asked over the line."""

    vault: LocalVault
    remote: RemoteVault
    own: Tenant
    method: str
    before: Counter[str]

    def ask(self) -> None:
        # A remote vault offers what a local one does.
        CALLS[self.method][1](self.remote, self.own)  # type: ignore[arg-type]

    def told(self) -> Unreachable | None:
        """What it says where it does not end well."""
        try:
            self.ask()
        except Unreachable as error:
            return error
        return None

    def effect(self, here: Path) -> Counter[str]:
        """How many rows more there are, of each table."""
        return rows_in(here) - self.before

    def end(self) -> None:
        self.remote.close()
        assert self.vault.verify_audit().broken_at is None
        self.vault.close()


def rows_in(vault: Path) -> Counter[str]:
    """How many each table has, and how many entries of each type the log."""
    with closing(sqlite3.connect(f"file:{vault}/vault.db?mode=ro", uri=True)) as database:
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE 'key_word%'"
        names = [name for (name,) in database.execute(tables)]
        counts = {name: database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}  # noqa: S608
        types = database.execute("SELECT type, count(*) FROM audit GROUP BY 1").fetchall()
    return Counter(counts | dict(types))


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with in_memory_directory() as directory:
        team = TeamVault(directory / "template", "acme")
        token = directory / "lin.token"
        token.touch(0o600)
        token.write_text(team.owner.add_operator(OperatorDraft("lin", Role.SUPER_ADMIN)).token.reveal())
        team.close()
        shutil.copytree(directory / "template", directory / "here")
        first = LocalVault.open(Profile("team", directory / "here", Actor("root")), StoppedClock(), cost=CHEAP)

        async def admit(scope: Scope) -> Principal:
            return await by_vault(app.state.vault)(scope)

        def serve(vault: LocalVault) -> None:
            app.state.vault = vault

        app = build(first, admit=admit)
        failing = FailingServer(app)
        with Serving(failing) as serving, CuttingLine(urlsplit(serving.url).port or 0) as line:
            yield Site(directory / "template", team.tenants["acme"], directory / "here", failing, line, token, serve)
        first.close()


def after_faults(site: Site, method: str, *ways: Way) -> Counter[str]:
    """The method, asked until it ends well: what came of it."""
    attempt = site.begin(method, IMPATIENT if Way.HELD in ways else PATIENCE)
    site.failing.fail(site.line, *ways)
    if told := attempt.told():
        assert told.hint, ways
        attempt.ask()
    eventually(lambda: site.failing.quiet)
    effect = attempt.effect(site.here)
    attempt.end()
    return effect


@pytest.mark.parametrize(("number", "method"), enumerate(CHANGES), ids=CHANGES)
def test_a_change_is_made_once(site: Site, number: int, method: str) -> None:
    wanted = after_faults(site, method)
    for ways in ((Way.LOST, Way.BUSY), (way_of(number, method),)):
        assert after_faults(site, method, *ways) == wanted or method in EACH_TIME, ways


@pytest.mark.parametrize(("number", "method"), enumerate(QUESTIONS), ids=QUESTIONS)
def test_a_question_is_answered_or_told(site: Site, number: int, method: str) -> None:
    way = way_of(number, method)
    assert after_faults(site, method, way) == Counter(), way


def way_of(number: int, method: str) -> Way:
    return Way.HELD if number % 8 == 0 and method not in SLOW else ROUND[number % len(ROUND)]
