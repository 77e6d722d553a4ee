"""A team's server over a vault of the test, and operators who come in over whatever line they are given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_bytes

import pytest

from keytui.domain.access import Role
from keytui.domain.audit import Actor
from keytui.domain.operators import OperatorDraft
from keytui.domain.references import Place, Reference
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.vault.remote.exchange import Patience
from keytui.vault.remote.vault import RemoteVault
from keytui.vault.team_server import TeamServer
from tests.contract.served import serve, stop_serving
from tests.world import StoppedClock

QUICK = Patience(connect=2, silence=10, answer=20, unknown=5, pause=0.01)
"""Time enough on a slow machine; what must fail is given less."""


@dataclass(slots=True)
class Team:
    """The vault, its server, and the file that ada's token stands in."""

    vault: LocalVault
    url: str
    token: Path
    clock: StoppedClock
    _opened: list[RemoteVault] = field(default_factory=list)

    def remote(self, url: str = "", patience: Patience = QUICK, *, read_only: bool = False) -> RemoteVault:
        """The vault as ada has it open, by that address."""
        server = TeamServer(url or self.url, Reference(Place.FILE, str(self.token)))
        profile = Profile("prod", self.token.parent, Actor("ada"), read_only, server=server)
        opened = RemoteVault.open(profile, server, self.clock, token_bytes, patience)
        self._opened.append(opened)
        return opened

    def new_token(self, name: str) -> str:
        """Another operator's token."""
        return self.vault.add_operator(OperatorDraft(name, Role.SUPER_ADMIN)).token.reveal()

    def put_token(self, token: str) -> None:
        """Let the file hold it from now on."""
        self.token.touch(0o600)
        self.token.write_text(token + "\n")

    def close(self) -> None:
        for opened in self._opened:
            opened.close()


@pytest.fixture
def team(vault: LocalVault, clock: StoppedClock, tmp_path: Path) -> Iterator[Team]:
    team = Team(vault, serve(vault).url, tmp_path / "ada.token", clock)
    team.put_token(team.new_token("ada"))
    yield team
    team.close()


@pytest.fixture(scope="session", autouse=True)
def _server_stopped_at_the_end() -> Iterator[None]:
    yield
    stop_serving()
