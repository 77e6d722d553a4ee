"""The contract's vault behind a real server: a local vault over HTTP, and a remote vault in front of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from secrets import token_bytes
from typing import Final

from fastapi import FastAPI
from starlette.types import Scope

from keytui.domain.access import Principal, Role
from keytui.domain.operators import OperatorDraft
from keytui.domain.references import Place, Reference
from keytui.server.app import build
from keytui.server.door import by_vault
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.vault.remote.exchange import Patience
from keytui.vault.remote.vault import RemoteVault
from keytui.vault.team_server import TeamServer
from tests.serving import Serving
from tests.world import StoppedClock


class ServedVault:
    """One server for all tests of a process: making its application takes longer than most of them."""

    def __init__(self, vault: LocalVault) -> None:
        self.app: FastAPI = build(vault, admit=self._admit)
        self._serving = Serving(self.app)
        self._serving.start()
        self.url = self._serving.url

    async def _admit(self, scope: Scope) -> Principal:
        """As the vault says, but that everybody comes from where the contract's operators sit."""
        principal = await by_vault(self.app.state.vault)(scope)
        return replace(principal, actor=replace(principal.actor, host=BASTION))

    def serve(self, vault: LocalVault) -> None:
        """Stand before this vault from now on."""
        self.app.state.vault = vault

    def stop(self) -> None:
        self._serving.stop()


BASTION: Final = "bastion-2"
IMPATIENT: Final = Patience(connect=5, silence=30, unknown=10)
"""A test that fails should not take long about it."""
_running: list[ServedVault] = []


def serve(vault: LocalVault) -> ServedVault:
    """This process's server, before that vault."""
    if not _running:
        _running.append(ServedVault(vault))
    _running[0].serve(vault)
    return _running[0]


def stop_serving() -> None:
    """End this process's server, if there is one."""
    while _running:
        _running.pop().stop()


def entering(local: LocalVault, directory: Path, clock: StoppedClock) -> Callable[[Profile], RemoteVault]:
    """How somebody comes in from elsewhere: with a token of their own, of an operator who may do everything."""
    server = serve(local)

    def enter(as_: Profile) -> RemoteVault:
        token = directory / f"{as_.actor.name}.token"
        if not token.exists():
            made = local.add_operator(OperatorDraft(as_.actor.name, Role.SUPER_ADMIN))
            token.touch(0o600)
            token.write_text(made.token.reveal())
        return RemoteVault.open(
            as_, TeamServer(server.url, Reference(Place.FILE, str(token))), clock, token_bytes, IMPATIENT
        )

    return enter
