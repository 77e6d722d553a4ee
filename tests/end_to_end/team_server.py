"""A team's server as an operator runs it: `keytui serve` as a process of its own, on a home of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from keytui.domain.access import Operation, Role
from keytui.domain.audit import Actor
from keytui.domain.keys import KeyDraft
from keytui.domain.operators import OperatorDraft
from keytui.open import open_local_vault
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Issued
from keytui.vault.profile import Profile
from tests.end_to_end.home import KEYTUI
from tests.self_signed import SelfSigned
from tests.world import eventually

BEGINS_WITHIN = 60.0


@dataclass
class TeamServer:
    """One that runs. Requests go to `url`."""

    home: Path
    process: subprocess.Popen[bytes]
    port: int
    log_file: Path
    certificate: Path | None = None
    """What its clients have to trust, where it speaks TLS."""

    @property
    def url(self) -> str:
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def workers(self) -> list[int]:
        """The process ids of its workers."""
        return [
            int(pid) for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        ]

    def ready(self) -> bool:
        trusted = ssl.create_default_context(cafile=self.certificate) if self.certificate else True
        try:
            return httpx.get(f"{self.url}/ready", timeout=5, verify=trusted).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self, number: int = signal.SIGTERM, within: float = 30) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(within)


def _database(home: Path) -> str:
    """Where the URL of the home's PostgreSQL database stands, if it has one."""
    return f"file:{home}/default.url" if (home / "default.url").exists() else ""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def team_server(
    home: Path, *options: str, settings: Sequence[str] = (), port: int = 0, tls: SelfSigned | None = None
) -> Iterator[TeamServer]:
    """Serve the home's default vault. `settings` are lines under [server], in a file for this server alone."""
    port = port or free_port()
    if tls is not None:
        options = (*options, "--tls-cert", str(tls.shown), "--tls-key", str(tls.shown))
    configuration = home / f"server-{port}.toml"
    database = [f'database = "{_database(home)}"'] if _database(home) else []
    profile = ["[profiles.default]", f'directory = "{home}/default"', *database]
    configuration.write_text("\n".join(["[server]", *settings, *profile, ""]))
    configuration.chmod(0o600)
    log = home / f"server-{port}.log"
    environment = {"PATH": os.environ["PATH"], "KEYTUI_HOME": str(home), "HOME": str(home), "TMPDIR": str(home)}
    command = [KEYTUI, "serve", "--port", str(port), "--config", str(configuration), *options]
    with log.open("ab") as written:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=written, stderr=written)
    server = TeamServer(home, process, port, log, None if tls is None else tls.trusted)
    try:
        eventually(lambda: server.ready() or process.poll() is not None, within=BEGINS_WITHIN)
        assert process.poll() is None, server.log
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def beside(home: Path) -> Iterator[LocalVault]:
    """The same vault in this process, as the owner of its files has it."""
    vault = open_local_vault(Profile("default", home / "default", Actor("test", "here"), database=_database(home)))
    try:
        yield vault
    finally:
        vault.close()


def key(home: Path, name: str = "checkout-api", tenant: str = "") -> Issued:
    """A key that may read."""
    with beside(home) as vault:
        return vault.create(KeyDraft(name, "production", scopes=("read",), tenant=tenant), f"create-{name}-{tenant}")


def service_token(home: Path, name: str = "checkout", tenant: str | None = None) -> str:
    """The token of a service that may verify and report."""
    scopes = frozenset({Operation.VERIFY, Operation.REPORT_USAGE})
    return token(home, OperatorDraft(name, Role.SERVICE, tenant, scopes))


def token(home: Path, draft: OperatorDraft) -> str:
    with beside(home) as vault:
        return vault.add_operator(draft).token.reveal()


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def verify(server: TeamServer, token: str, secret: str, **more: object) -> httpx.Response:
    """Ask about one secret."""
    question = {"secret": secret, **more}
    return httpx.post(f"{server.url}/v1/verify", headers=bearer(token), content=json.dumps(question), timeout=10)
