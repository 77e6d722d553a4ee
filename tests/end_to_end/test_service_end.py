"""A service under a real server, stopped as systemd and containers stop it: nothing is lost, and no gap remains."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from keytui.domain.audit import Actor
from keytui.domain.keys import KeyDraft
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from tests.world import eventually

_SERVICE = """
import keytui

async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"here"})

app = keytui.KeyMiddleware(app, keytui.open_verifier("api-1"))
"""


def test_a_service_that_is_stopped_by_a_signal_ends_cleanly(tmp_path: Path) -> None:
    vault = LocalVault.open(Profile("default", tmp_path / "default", Actor("test")))
    issued = vault.create(KeyDraft("checkout-api", "production"), "create")
    (tmp_path / "service.py").write_text(_SERVICE)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        process = subprocess.Popen(
            (sys.executable, "-m", "uvicorn", "service:app", "--fd", str(listening.fileno()), "--log-level", "warning"),
            pass_fds=(listening.fileno(),),
            cwd=tmp_path,
            env={"KEYTUI_HOME": str(tmp_path), "PATH": ""},
        )
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/items"
        with httpx.Client(headers={"x-api-key": issued.secret.reveal()}, timeout=20) as client:
            eventually(lambda: _answer(client, address) == "here", within=20)
            for _ in range(6):
                assert _answer(client, address) == "here"
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=20)

    (source,) = vault.sources()
    assert (source.name, source.gaps) == ("recorder api-1", ())
    assert sum(use.accepted for use in vault.callers(issued.key.id)) == 7
    vault.close()


def _answer(client: httpx.Client, address: str) -> str:
    try:
        return client.get(address).text
    except httpx.TransportError:
        return ""
