"""`keytui systems`: what the configuration names, and whether it would do what is asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.serving import Serving
from tests.unit.cli.conftest import Commands

TABLES = """
[issuers.reserve]
kind = "envlist"
file = "{home}/reserve.env"
variable = "API_KEYS"

[targets.web]
kind = "dotenv"
files = ["{home}/web.env"]
variable = "API_KEY"

[targets.spare]
kind = "file"
path = "{home}/spare"

[probes.edge]
kind = "metrics"
url = "https://keys.example.com/metrics"
metric = "requests_total"
key_label = "key"

[probes.ready]
kind = "http"
url = "{url}/ready"
"""


async def _nobody(scope: Scope, receive: Receive, send: Send) -> None:
    """Lets nobody in where a key is asked for, and everybody elsewhere."""
    await Response(status_code=401 if scope["path"] == "/ready" else 200)(scope, receive, send)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A system that asks for a key."""
    with Serving(_nobody) as serving:
        yield serving.url


@pytest.fixture
def site(keytui: Commands, url: str) -> Path:
    """A site with an allowlist and a key whose consumer reads a .env file."""
    home = keytui.home
    home.mkdir(mode=0o700)
    for name, text in (
        ("config.toml", TABLES.format(home=home, url=url)),
        ("reserve.env", "API_KEYS=tk_one\n"),
        ("web.env", "API_KEY=x\n"),
    ):
        path = home / name
        path.touch(0o600)
        path.write_text(text)
    keytui.created("checkout", "--target", "web")
    return home


@pytest.mark.usefixtures("site")
def test_all_that_the_configuration_names_is_listed(keytui: Commands) -> None:
    listed = {(one["sort"], one["name"], one["kind"]) for one in keytui("systems", "--json").items}
    assert listed == {
        ("issuer", "reserve", "envlist"),
        ("target", "web", "dotenv"),
        ("target", "spare", "file"),
        ("probe", "edge", "metrics"),
        ("probe", "ready", "http"),
    }
    assert "keeps-plaintext" in keytui("systems").out


def test_each_is_rehearsed_and_nothing_is_written(keytui: Commands, site: Path) -> None:
    before = {path.name: path.read_bytes() for path in site.glob("*.env")}
    said = keytui("systems", "check").out
    assert "✓ issuer reserve (envlist): ready" in said
    assert "✓ target web (dotenv): ready" in said
    assert "· target spare (file): no key names it" in said
    assert "✓ probe ready (http): ready" in said
    assert {path.name: path.read_bytes() for path in site.glob("*.env")} == before


def test_what_would_fail_is_named_with_the_way_out(keytui: Commands, site: Path) -> None:
    (site / "web.env").unlink()
    said = keytui("systems", "check", code=7).out
    assert "✗ target web (dotenv)" in said
    assert "web.env" in said
    assert "→" in said
    (site / "reserve.env").unlink()
    config = site / "config.toml"
    config.write_text(config.read_text().replace("/ready", "/health"))
    states = {one["name"]: one["state"] for one in keytui("systems", "check", "--json", code=1).items}
    assert states == {"reserve": "failing", "web": "failing", "spare": "unused", "ready": "failing"}


def test_a_probe_that_would_let_anybody_in_is_found_before_it_is_needed(keytui: Commands, site: Path) -> None:
    config = site / "config.toml"
    config.write_text(config.read_text().replace("/ready", "/health"))
    assert "✗ probe ready (http)" in keytui("systems", "check", code=7).out


def test_a_misspelt_field_names_file_table_and_field(keytui: Commands, site: Path) -> None:
    config = site / "config.toml"
    config.write_text(config.read_text().replace('variable = "API_KEYS"', 'varible = "API_KEYS"'))
    assert "config.toml:5: [issuers.reserve] has no field 'varible'" in keytui("systems", code=2).err


def test_without_a_system_the_way_to_one_is_told(keytui: Commands) -> None:
    assert "[issuers.NAME]" in keytui("systems").out
    assert keytui("systems", "--json").items == []
    assert "nothing to rehearse" in keytui("systems", "check").out
