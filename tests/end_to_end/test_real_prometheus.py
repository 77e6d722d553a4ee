"""`keytui probe` against a Prometheus that runs, where one is installed; tests/unit/probes holds what it answers."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.home import Home
from tests.end_to_end.probes import answers, configure
from tests.world import eventually

PROMETHEUS = shutil.which("prometheus")
EXPORTER = str(Path(__file__).with_name("exporter.py"))
PATIENCE = 30.0

pytestmark = pytest.mark.skipif(PROMETHEUS is None, reason="no prometheus on PATH: recorded answers stand for it")


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


@dataclass
class Service:
    """A service that counts requests by key."""

    process: subprocess.Popen[str]

    def count(self, key: str, requests: int) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{key} {requests}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "counted\n"


@contextmanager
def service(port: int) -> Iterator[Service]:
    command = [sys.executable, EXPORTER, str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield Service(process)
        finally:
            process.kill()


@contextmanager
def prometheus(directory: Path, scraped: int) -> Iterator[str]:
    """A Prometheus that scrapes a port of this machine every second; its address."""
    directory.mkdir()
    settings = directory / "prometheus.yml"
    settings.write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
        f'scrape_configs: [{{job_name: api, static_configs: [{{targets: ["127.0.0.1:{scraped}"]}}]}}]\n'
    )
    port = free_port()
    command = [
        *(str(PROMETHEUS), f"--config.file={settings}", f"--storage.tsdb.path={directory / 'data'}"),
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            eventually(lambda: _ready(port), PATIENCE)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/-/ready", trust_env=False).is_success
    except httpx.HTTPError:
        return False


@dataclass
class Probing:
    """`keytui probe`, run again and again, and what it has said in all."""

    home: Home
    accepted: int = 0
    gaps: dict[tuple[object, object], object] = field(default_factory=dict)

    def ask(self) -> None:
        (answer,) = answers(self.home)
        self.accepted += int(str(answer["accepted"]))
        gaps = answer["gaps"]
        assert isinstance(gaps, list)
        self.gaps.update({(gap["kind"], gap["start"]): gap["end"] for gap in gaps})

    def counts(self, accepted: int) -> bool:
        self.ask()
        assert self.accepted <= accepted, "a request was counted twice"
        return self.accepted == accepted

    def has(self, kind: str, *, is_open: bool) -> bool:
        self.ask()
        return any(known == kind and (end is None) is is_open for (known, _), end in self.gaps.items())


def test_a_running_prometheus_is_counted_through_restarts_and_absence(home: Home, tmp_path: Path) -> None:
    home.create("checkout")
    version = f"{home.detail('checkout').summary.key.id}:1"
    port = free_port()
    with service(port) as first, prometheus(tmp_path / "prometheus", port) as address:
        configure(
            home,
            f'[probes.edge]\nkind = "prometheus"\nurl = "{address}"\nmetric = "requests_total"\n'
            'key_label = "key"\ntolerance = "5s"\nhistory = "1m"\nkeys = ["checkout"]\n',
        )
        probing = Probing(home)
        eventually(lambda: probing.has("series absent", is_open=True), PATIENCE)
        first.count(version, 4)
        eventually(lambda: probing.counts(4), PATIENCE)
        assert probing.has("series absent", is_open=False)
        first.count(version, 3)
        eventually(lambda: probing.counts(7), PATIENCE)
        first.process.kill()
        first.process.wait()
        with service(port) as second:
            second.count(version, 2)
            eventually(lambda: probing.counts(9), PATIENCE)
            assert probing.has("counter reset", is_open=False)
        eventually(lambda: probing.has("series absent", is_open=True), PATIENCE)
    used = home.detail("checkout").summary.last_used_at
    assert used is not None
