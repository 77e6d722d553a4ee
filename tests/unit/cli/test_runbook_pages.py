"""The guide's page for each runbook: its tables and commands, as they stand there, on the systems that they are about.

A page's addresses and paths are exchanged for those of the test; a comment says where a command ends other than with 0.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
import redis
from dotenv import dotenv_values

from tests.doubles.http import Double, Heard, Said
from tests.doubles.payload import Payload
from tests.doubles.reserve import ADMIN_KEY, Reserve
from tests.openbao import ROOT_TOKEN, openbao
from tests.redis_server import redis_server
from tests.serving import Serving
from tests.unit.cli.conftest import Commands

RUNBOOKS: Final = Path(__file__).parents[3] / "docs" / "guide" / "runbooks"
_ENDS: Final = re.compile(r"#.*exit code (\d+)")


@dataclass(frozen=True, slots=True)
class Runbook:
    """One page, beside the systems that it names."""

    keytui: Commands
    page: str
    places: Mapping[str, str]
    """What stands in the page, and what stands in its place here."""

    def configure(self) -> None:
        """Take the page's tables."""
        self.write("home/config.toml", "\n".join(self._blocks("toml")))

    def run(self) -> str:
        """Every command of the page, in order; all that they said."""
        said = ""
        for line in "".join(self._blocks("sh")).splitlines():
            program, *words = shlex.split(line, comments=True)
            assert program == "keytui", line
            ends = _ENDS.search(line)
            done = self.keytui(*words, code=int(ends[1]) if ends else 0)
            said += f"$ {line}\n{done.out}{done.err}"
        return said

    def write(self, name: str, text: str) -> Path:
        """A file of this test's own, which nobody else can read."""
        path = self.keytui.home.parent / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(0o600)
        path.write_text(text)
        return path

    def _blocks(self, language: str) -> list[str]:
        text = (RUNBOOKS / self.page).read_text()
        for shown, here in self.places.items():
            assert shown in text, f"{self.page} does not name {shown} any more"
            text = text.replace(shown, here)
        return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


class HyperCode(Double):
    """The core, which lets in what is in the set, and the value of its own variable."""

    def __init__(self, store: redis.Redis) -> None:
        super().__init__()
        self.store = store
        self.fallback = ""

    def answer(self, heard: Heard) -> Said:
        key = heard.headers.get("x-api-key", "")
        known = bool(key) and (key == self.fallback or bool(self.store.sismember("api_keys:active", key)))
        return Said(200 if known else 403, {"known": known})


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keytui.vault.proving.PAUSE", 0.01)
    monkeypatch.setattr("keytui.vault.proving.WITHIN", timedelta(seconds=0.2))


def test_redis_rotation(keytui: Commands, stack: ExitStack, tmp_path: Path) -> None:
    old = "hk_fkbeylrFQ8r4RuMarSdbpwTjL2rS9y9UGUsJRilEsgg"
    server = stack.enter_context(redis_server(tmp_path))
    server.client.sadd("api_keys:active", old)
    record = {"key": old, "created_at": "2026-11-20T23:14:34.308607+00:00", "revoked": False}
    server.client.set(f"api_key:{old}:meta", json.dumps({**record, "label": "2024-Q1-Rotation"}))
    core = HyperCode(server.client)
    book = Runbook(
        keytui,
        "redis-rotation.md",
        {
            "rediss://redis.example.com:6379/0": f"unix://{server.path}",
            "https://hypercode.example.com": stack.enter_context(Serving(core)).url,
            '"docker-compose"': '"true"',
            "/srv/": f"{tmp_path}/srv/",
        },
    )
    book.write("srv/hypercode/.env", "API_KEY=the-core-has-its-own\n")
    agent = book.write("srv/coder-agent/.env", f"API_KEY={old}\n")
    book.write("srv/handover/made", "")
    book.configure()

    said = book.run()

    assert "✓ v1 of 2024-Q1-Rotation is refused, as it should be, at core: 403" in said
    assert "  v1 at core: refused (403), " in said
    assert "v2 is refused at core: 403" in said
    assert "proof.probed: 2024-Q1-Rotation v2; after" in said, "the incident's timeline has it"
    (standing,) = [value.decode() for value in server.client.smembers("api_keys:active") if isinstance(value, bytes)]
    assert f"API_KEY={standing}\n" in agent.read_text()
    assert old not in said
    assert standing not in said

    core.fallback = standing
    book.write("srv/hypercode/.env", f"API_KEY={core.fallback}\n")
    told = keytui("rotate", "2024-Q1-Rotation", "--dry-run")
    assert "srv/hypercode/.env would let the old value in even then" in told.out + told.err
    leak = keytui("incident", "2024-Q1-Rotation", "--first", "revoke", "--within", "1s", code=1)
    assert "STILL ACCEPTED" in leak.out + leak.err


def test_payload_rotation(keytui: Commands, stack: ExitStack, tmp_path: Path) -> None:
    old = "tk_j1yCOormdRAZnqGyjsmZhLs161mf9eL4"
    payload = Payload()
    payload.add("Production API Key", old, scopeType="read_only")
    bao = stack.enter_context(openbao(tmp_path))
    book = Runbook(
        keytui,
        "payload-rotation.md",
        {
            "https://booking.example.com": stack.enter_context(Serving(payload)).url,
            "https://vault.example.com": bao.url,
            '"docker"': '"true"',
            "/srv/": f"{tmp_path}/srv/",
            "/run/": f"{tmp_path}/run/",
        },
    )
    book.write("run/secrets/payload-user", "ta-alpha@example.test")
    book.write("run/secrets/payload-password", "right horse battery")
    book.write("run/secrets/vault-token", ROOT_TOKEN)
    web = book.write("srv/web/.env", f"PAYLOAD_API_KEY={old}\n")
    book.configure()

    said = book.run()

    assert "v2 is refused at bookings: 403" in said
    assert not payload.accepts(old)
    (standing,) = [document["key"] for document in payload.keys.values() if document["isActive"]]
    assert f"PAYLOAD_API_KEY={standing}\n" in web.read_text()
    id_ = keytui("show", "Production API Key", "--json").answer["id"]
    assert bao.data(f"booking/{id_}")["API_KEY"] == standing
    assert not payload.told_plaintext
    assert not [secret for secret in (old, str(standing)) if secret in said]


class StartedReserve(Reserve):
    """It reads the list when it starts: when `running` was copied anew."""

    def __init__(self, running: Path) -> None:
        super().__init__()
        self.running = running

    def answer(self, heard: Heard) -> Said:
        self.start(dotenv_values(self.running)["API_KEYS"] or "")
        return super().answer(heard)


def test_reserve_secrets(keytui: Commands, stack: ExitStack, tmp_path: Path) -> None:
    old = "Zm9yIHRlc3RzIG9ubHksIGFuZCBmb3Igbm90aGluZyE="
    api, running = tmp_path / "srv" / "api" / ".env", tmp_path / "running.env"
    reserve = StartedReserve(running)
    book = Runbook(
        keytui,
        "reserve-secrets.md",
        {
            "https://reserve.example.com": stack.enter_context(Serving(reserve)).url,
            "/srv/": f"{tmp_path}/srv/",
            "/run/": f"{tmp_path}/run/",
            '["docker", "compose", "up", "-d", "api"]': json.dumps(["cp", str(api), str(running)]),
            '"docker"': '"true"',
        },
    )
    book.write("running.env", book.write("srv/api/.env", f"API_KEYS={old}\n").read_text())
    book.write("run/secrets/reserve-admin", ADMIN_KEY)
    clients = [book.write(f"srv/{name}/.env", f"API_KEY={old}\n") for name in ("b2b-console", "booking-widget")]
    book.configure()

    said = book.run()

    assert "✗ v1 of reserve-env-key is STILL ACCEPTED at ready, although it is over: 200" in said
    assert "✓ v1 of reserve-env-key is refused, as it should be, at ready: 401" in said
    assert not reserve.accepts(old)
    for client in clients:
        read = dotenv_values(client)
        assert reserve.accepts(read["API_KEY"] or "")
        assert not read["API_KEY_PREVIOUS"]


def test_platform_rotation(keytui: Commands, tmp_path: Path) -> None:
    written = tmp_path / "checkout.json"
    places = {"/srv/": f"{tmp_path}/srv/", "-o checkout.json": f"-o {written}"}
    book = Runbook(keytui, "platform-rotation.md", places)
    client = book.write("srv/checkout/.env", "")
    book.configure()

    said = book.run()

    assert "rotation.completed" in said
    assert written.exists()
    assert keytui("show", "checkout", "--json").answer["state"] == "disabled"
    assert (dotenv_values(client)["API_KEY"] or "") not in said


def test_key_security(keytui: Commands, tmp_path: Path) -> None:
    book = Runbook(keytui, "key-security.md", {"/srv": f"{tmp_path}/srv"})
    client = book.write("srv/checkout/.env", "")
    book.write("srv/handover/made", "")
    book.configure()

    said = book.run()

    assert "srv/checkout/.env:1" in said
    assert "#1" in keytui("incident", "list", "--all").out
    current = dotenv_values(client)["API_KEY"] or ""
    keytui("verify", stdin=current)
    assert current not in said
