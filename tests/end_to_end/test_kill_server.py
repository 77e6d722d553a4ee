"""A server that is killed in the middle of a change: asked again, it has done it once, and tells the secret it made."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from keytui.domain.access import Role
from keytui.domain.audit import Actor
from keytui.domain.keys import KeyDraft
from keytui.domain.operators import OperatorDraft
from keytui.domain.query import Sort, parse
from keytui.domain.secrets import Secret
from keytui.domain.usage import Caller
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile


@dataclass(slots=True)
class Servers:
    """One after another, over one vault."""

    directory: Path
    vault: LocalVault
    process: subprocess.Popen[str]
    token: str
    _pid: int = 0

    def begin(self, moment: str = "never", number: int = 0) -> httpx.Client:
        """A server that dies at a moment, and somebody in front of it."""
        self._told(f"{self.directory} {moment} {number}\n")
        _, port, pid = self._line().split()
        self._pid = int(pid)
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30)

    def await_death(self) -> None:
        assert self._line() == "dead\n"

    def end(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        self.await_death()

    def _told(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    directory = tmp_path_factory.mktemp("killed") / "vault"
    vault = LocalVault.open(Profile("team", directory, Actor("root", "host")))
    token = vault.add_operator(OperatorDraft("ada", Role.SUPER_ADMIN)).token.reveal()
    command = [sys.executable, "-m", "tests.end_to_end.dying_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Servers(directory, vault, process, token)
        assert process.stdin is not None
        process.stdin.close()
    vault.close()


def asked_twice(servers: Servers, path: str, body: object, moment: str, number: int) -> httpx.Response:
    """What a second server answers to a request that the first one died of."""
    repeat = {"Idempotency-Key": secrets.token_urlsafe(32)}
    with servers.begin(moment, number) as client, pytest.raises(httpx.TransportError):
        client.post(path, json=body, headers=repeat)
    servers.await_death()
    with servers.begin() as client:
        answer = client.post(path, json=body, headers=repeat)
        assert client.post(path, json=body, headers=repeat).content == answer.content
    servers.end()
    return answer


def works(servers: Servers, answer: httpx.Response) -> bool:
    return servers.vault.check(Secret(answer.json()["secret"]), (), Caller("us")).valid


@pytest.mark.parametrize(("moment", "replayed"), [("before_commit", None), ("after_commit", "true")])
def test_a_key_is_made_once(servers: Servers, moment: str, replayed: str | None) -> None:
    name = f"key-{secrets.token_hex(6)}"
    answer = asked_twice(servers, "/admin/keys", {"draft": {"name": name, "environment": "production"}}, moment, 1)
    assert answer.status_code == 201
    assert answer.headers.get("Idempotency-Replayed") == replayed
    found = servers.vault.page(parse(name), Sort(), 0, 10)
    assert [row.key.id for row in found.rows] == [answer.json()["key"]["id"]]
    assert len(servers.vault.detail(found.rows[0].key.id).versions) == 1
    assert works(servers, answer)


@pytest.mark.parametrize(
    ("moment", "number"), [(when, count) for when in ("before_commit", "after_commit") for count in (1, 2)]
)
def test_a_key_is_rotated_once(servers: Servers, moment: str, number: int) -> None:
    """The first transaction plans, the second one issues."""
    draft = KeyDraft(f"key-{secrets.token_hex(6)}", "production")
    old = servers.vault.create(draft, secrets.token_hex(8))
    answer = asked_twice(servers, f"/admin/keys/{old.key.id}/rotate", {}, moment, number)
    assert answer.status_code == 200
    assert (answer.headers.get("Idempotency-Replayed") == "true") == ((moment, number) == ("after_commit", 2))
    detail = servers.vault.detail(old.key.id)
    assert [version.number for version in detail.versions] == [2, 1]
    assert len(detail.rotations) == 1
    assert works(servers, answer)
    assert servers.vault.check(old.secret, (), Caller("us")).valid


def test_the_log_is_whole(servers: Servers) -> None:
    assert servers.vault.verify_audit().broken_at is None
