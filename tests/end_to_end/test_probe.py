"""`keytui probe` as it is installed, against servers on this machine's loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.end_to_end.home import KEYTUI, Home
from tests.end_to_end.probes import answers, configure
from tests.world import eventually

TOKEN = "the-token-of-the-monitoring"


@dataclass
class Server:
    """A server that answers each path with a text, and refuses who does not hold the token."""

    pages: dict[str, str] = field(default_factory=dict)
    port: int = 0

    def answer(self, path: str, authorization: str | None) -> tuple[int, str]:
        if authorization != f"Bearer {TOKEN}":
            return 401, "unauthorized"
        return (200, self.pages[path]) if path in self.pages else (404, "not found")


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, text = server.answer(self.path, self.headers["Authorization"])
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        server.port = listening.server_port
        thread = Thread(target=listening.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server()) as running:
        yield running


def token_of(home: Home) -> Path:
    return home.directory.with_name("token")


def described(home: Home, server: Server, name: str = "api", path: str = "/metrics") -> str:
    """A probe of a page; its token stands in a file beside the home, and has no business in it."""
    token = token_of(home)
    token.touch(0o600)
    token.write_text(home.know(TOKEN))
    return (
        f'[probes.{name}]\nkind = "metrics"\nurl = "http://127.0.0.1:{server.port}{path}"\nmetric = "requests_total"\n'
        f'key_label = "key"\nkeys = ["checkout"]\ncredential = "file:{token}"\n'
    )


def page(version: str, count: int) -> str:
    return f'process_start_time_seconds 1795217705\nrequests_total{{key="{version}"}} {count}\n'


@pytest.fixture
def version(home: Home) -> str:
    """The first version of the key `checkout`, as a label names it."""
    home.create("checkout")
    return f"{home.detail('checkout').summary.key.id}:1"


def test_what_a_page_counts_becomes_evidence(home: Home, server: Server, version: str) -> None:
    configure(home, described(home, server))
    server.pages["/metrics"] = page(version, 3)
    (first,) = answers(home)
    assert (first["source"], first["accepted"], first["gaps"], first["error"]) == ("metrics api", 0, [], None)
    server.pages["/metrics"] = page(version, 8)
    (second,) = answers(home)
    assert second["accepted"] == 5
    assert home.detail("checkout").summary.last_used_at is not None
    with home.vault() as vault:
        (standing,) = [source for source in vault.sources() if source.name == "metrics api"]
    assert standing.as_of.isoformat(timespec="seconds").replace("+00:00", "") in str(second["as_of"])
    shown = home.keytui("probe").stdout
    assert shown.startswith("metrics api: as of ")
    assert "no use" in shown


def test_one_that_fails_does_not_stop_the_others(home: Home, server: Server, version: str) -> None:
    server.pages["/metrics"] = page(version, 3)
    configure(home, described(home, server, "away", "/nowhere") + described(home, server))
    away, there = answers(home, code=7)
    assert away["as_of"] is None
    assert "404" in str(away["error"])
    assert there["error"] is None
    shown = home.keytui("probe", code=7)
    assert "metrics away" in shown.stderr
    assert "metrics api" in shown.stdout
    answers(home, "api")
    answers(home, "away", code=1)


def test_none_that_answers_is_unreachable(home: Home, server: Server, version: str) -> None:
    configure(home, described(home, Server(port=9)))
    done = home.keytui("probe", code=5)
    assert "does not answer" in done.stderr


def test_a_wrong_token_is_refused_by_its_reference(home: Home, server: Server, version: str) -> None:
    configure(home, described(home, server))
    token_of(home).write_text("wrong")
    done = home.keytui("probe", code=1)
    assert f"file:{token_of(home)}" in done.stderr


def test_what_is_not_configured_is_said(home: Home, server: Server, version: str) -> None:
    assert "[probes.NAME]" in home.keytui("probe", code=2).stderr
    configure(home, described(home, server))
    assert "api" in home.keytui("probe", "elsewhere", code=1).stderr
    configure(home, described(home, server).replace("file:", "tk_"))
    done = home.keytui("probe", code=2)
    assert "[probes.api] credential" in done.stderr
    configure(home, described(home, server).replace('"checkout"', '"chekout"'))
    assert "chekout" in home.keytui("probe", code=1).stderr


def test_a_configuration_that_others_may_write_is_refused(home: Home, server: Server, version: str) -> None:
    configure(home, described(home, server))
    (home.vault_home / "config.toml").chmod(0o622)
    assert "others may write" in home.keytui("probe", code=2).stderr


def test_a_read_only_profile_takes_nothing_in(home: Home, server: Server, version: str) -> None:
    server.pages["/metrics"] = page(version, 3)
    configure(home, described(home, server))
    done = home.keytui("--read-only", "probe", code=6)
    assert "--read-only" in done.stderr


def test_it_asks_again_and_again_until_it_is_stopped(home: Home, server: Server, version: str) -> None:
    server.pages["/metrics"] = page(version, 3)
    configure(home, described(home, server))
    output = home.directory / "output"
    with output.open("w") as out:
        process = subprocess.Popen([KEYTUI, "probe", "--every", "1s", "--json"], env=home.env, stdout=out)
        try:
            eventually(lambda: "metrics api" in output.read_text(), 20)
            server.pages["/metrics"] = page(version, 8)
            eventually(lambda: any(answer["accepted"] == 5 for answer in _lines(output.read_text())), 20)
        finally:
            os.kill(process.pid, signal.SIGINT)
        assert process.wait(20) == 130
    assert sum(int(str(answer["accepted"])) for answer in _lines(output.read_text())) == 5


def _lines(text: str) -> list[dict[str, object]]:
    """Whole lines of JSON."""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
