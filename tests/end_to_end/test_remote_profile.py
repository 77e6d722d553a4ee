"""A team's server as an operator elsewhere uses it: named by a profile, over TLS, and followed as it moves."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from keytui.cli.entry import main
from keytui.domain.access import Role
from keytui.domain.errors import Unauthenticated, Unreachable
from keytui.domain.operators import OperatorDraft
from keytui.domain.secrets import Secret
from keytui.domain.usage import UNKNOWN_CALLER
from keytui.open import open_vault
from keytui.vault.profile import load_profile
from keytui.vault.protocol import Vault
from tests.end_to_end.home import KEYTUI
from tests.end_to_end.team_server import TeamServer, beside, key, team_server, token
from tests.self_signed import LOOPBACK, self_signed
from tests.world import eventually


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeamServer]:
    directory = tmp_path_factory.mktemp("team")
    with team_server(directory, tls=self_signed(directory, LOOPBACK)) as running:
        yield running


@pytest.fixture
def elsewhere(server: TeamServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another machine's home, whose profile `team` names the server; the token's file is in it."""
    monkeypatch.setenv("KEYTUI_HOME", str(tmp_path))
    monkeypatch.delenv("KEYTUI_CONFIG", raising=False)
    file = tmp_path / "token"
    file.touch(0o600)
    file.write_text(token(server.home, OperatorDraft(f"ada-{tmp_path.name}", Role.SUPER_ADMIN)))
    words = ["--token-file", str(file), "--certificates", str(server.certificate)]
    assert main(["profiles", "add", "team", server.url, *words]) == 0
    return tmp_path


@contextmanager
def opened() -> Iterator[Vault]:
    vault = open_vault(load_profile("team"))
    try:
        yield vault
    finally:
        vault.close()


def asked(server: TeamServer) -> int:
    """How many questions for changes the server has answered."""
    return server.log.count("/admin/changes")


def test_a_command_works_against_it_as_against_a_local_vault(server: TeamServer, elsewhere: Path) -> None:
    def told(*words: str) -> str:
        done = subprocess.run(
            [KEYTUI, "--profile", "team", *words],
            env={"PATH": os.environ["PATH"], "HOME": str(elsewhere), "KEYTUI_HOME": str(elsewhere)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    secret = told("create", "booking-api", "--env", "production", "--owner", "bookings", "--scope", "read").strip()
    assert secret.startswith("tk_")
    assert "booking-api" in told("list")
    with beside(server.home) as vault:
        assert vault.find("booking-api").owner == "bookings"
        assert vault.check(Secret(secret), ["read"], UNKNOWN_CALLER).valid
    assert secret not in server.log


@pytest.mark.parametrize(
    ("cipher", "taken"), [("ECDHE-ECDSA-AES128-GCM-SHA256", True), ("ECDHE-ECDSA-AES128-SHA256", False)]
)
def test_it_speaks_tls_with_good_ciphers_alone(server: TeamServer, cipher: str, taken: bool) -> None:
    client = ssl.create_default_context(cafile=server.certificate)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers(cipher)
    line = socket.create_connection(("127.0.0.1", server.port))
    with line, nullcontext() if taken else pytest.raises(ssl.SSLError):
        client.wrap_socket(line, server_hostname="127.0.0.1").close()


def test_a_certificate_of_nobodys_is_not_trusted(elsewhere: Path) -> None:
    profile = load_profile("team")
    assert profile.server is not None
    vault = open_vault(replace(profile, server=replace(profile.server, certificates="")))
    with pytest.raises(Unreachable, match="cannot be trusted"):
        vault.standing()
    vault.close()


def test_what_moves_is_heard_and_not_asked_for(server: TeamServer, elsewhere: Path) -> None:
    with opened() as vault:
        position = vault.changes(0, 0).position

        def heard_alone() -> bool:
            before = asked(server)
            vault.changes(position, 0.2)
            return asked(server) == before

        eventually(heard_alone, within=20)
        made = key(server.home, "moving-api").key
        began = time.monotonic()
        moved = vault.changes(position, 20)
        assert made.id in moved.key_ids
        assert time.monotonic() - began < 10
        assert vault.changes(moved.position, 0.1).key_ids == ()


def test_a_token_that_is_revoked_ends_the_following(server: TeamServer, elsewhere: Path) -> None:
    with opened() as vault:
        position = vault.changes(0, 0.5).position
        with beside(server.home) as local:
            local.revoke_operator(f"ada-{elsewhere.name}", "")

        def refused() -> bool:
            try:
                vault.changes(position, 1)
            except Unauthenticated:
                return True
            return False

        eventually(refused, within=20)


def test_a_server_that_stops_is_told_while_a_change_is_waited_for(
    elsewhere: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("stopping")
    with team_server(home) as stopping:
        (elsewhere / "token").write_text(token(home, OperatorDraft("ada", Role.SUPER_ADMIN)))
        assert main(["profiles", "add", "other", stopping.url, "--token-file", str(elsewhere / "token")]) == 0
        vault = open_vault(load_profile("other"))
        position = vault.changes(0, 0.5).position
        stopping.stop()
        began = time.monotonic()
        with pytest.raises(Unreachable):
            vault.changes(position, 60)
        assert time.monotonic() - began < 30
        vault.close()
