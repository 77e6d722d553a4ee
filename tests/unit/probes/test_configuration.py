"""Probes in `config.toml`: errors name table and field, and repeat no secret."""

from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.domain.errors import Invalid
from keytui.domain.references import Place, Reference
from keytui.probes.configuration import Counting, Kind, Listing, Pointing, read_settings
from tests.unit.probes.asking import settings_of

PROMETHEUS = """
[probes.edge]
kind = "prometheus"
url = "https://prometheus.example.com"
metric = "requests_total"
key_label = "key"
"""
GUIDE = Path(__file__).parents[3] / "docs" / "guide"
LITERAL = "tk_0123456789abcdef0123456789abcdef"


def test_a_probe_with_everything() -> None:
    settings = settings_of(
        PROMETHEUS
        + 'version_label = "version"\ncaller_label = "client"\ncaller_declared = true\nstatus_label = "code"\n'
        'refused = ["401"]\nkeys = ["checkout"]\ncredential = "file:/run/token"\nheader = "X-Token"\n'
        'timeout = "3s"\nhistory = "6h"\ntolerance = "1m"\nephemeral_instances = true\naliases = { a = "checkout:1" }\n'
    )
    assert settings.source == "prometheus edge"
    assert settings.server.credential == Reference(Place.FILE, "/run/token")
    assert settings.server.timeout == timedelta(seconds=3)
    assert isinstance(settings.reading, Counting)
    assert settings.reading.labels.refused == {"401"}
    assert settings.reading.ephemeral_instances
    assert settings.keys == ("checkout",)


def test_each_kind_reads_its_own() -> None:
    last_used = settings_of(
        '[probes.a]\nkind = "last-used"\nurl = "https://a.example"\nitems = ""\nidentity = "/id"\nused = "/used"\n'
    )
    refusals = settings_of('[probes.a]\nkind = "refusals"\nurl = "https://a.example"\npointer = "/count"\n')
    assert (last_used.kind, last_used.reading) == (Kind.LAST_USED, Listing("", "/id", "/used"))
    assert (refusals.kind, refusals.reading) == (Kind.REFUSALS, Pointing("/count"))


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('kind = "graphite"', "kind"),
        ("kind = 3", "kind"),
        ('url = "prometheus"', "url"),
        ('url = "http://prometheus.example.com"', "url"),
        ('url = "ftp://prometheus.example.com"', "url"),
        ('url = "https://[nowhere"', "url"),
        ('url = "https://prometheus.exa\\nmple.com"', "url"),
        ('url = "https://prometheus.example.com "', "url"),
        ('url = "https://ada:hunter2@prometheus.example.com"', "url"),
        ('metric = ""', "metric"),
        ("metric = 3", "metric"),
        ('key_label = ""', "key_label"),
        ('keys = "checkout"', "keys"),
        ("keys = [3]", "keys"),
        ('refused = [""]', "refused"),
        ('caller_declared = "yes"', "caller_declared"),
        ("timeout = 10", "timeout"),
        ('tolerance = "a while"', "tolerance"),
        ("aliases = { a = 1 }", "aliases"),
        ('credential = ""', "credential"),
        (f'credential = "{LITERAL}"', "credential"),
        (f'credential = "Bearer:{LITERAL}"', "credential"),
        ('credential = "env:"', "credential"),
        ('header = "X-Token"', "header"),
        (f'header = "Bearer {LITERAL}"', "header"),
        ('header = "X-Schlüssel"', "header"),
        ('intervall = "30s"', "'intervall'"),
    ],
)
def test_what_is_wrong_is_named_with_its_table_and_field(line: str, named: str) -> None:
    field = line.partition(" ")[0]
    kept = [old for old in PROMETHEUS.splitlines() if not old.startswith(f"{field} ")]
    with pytest.raises(Invalid) as error:
        settings_of("\n".join([*kept, line]))
    assert (
        f"config.toml: [probes.edge] {named}" in error.value.message or f"has no field {named}" in error.value.message
    )
    assert error.value.hint
    for secret in (LITERAL, "hunter2"):
        assert secret not in error.value.message + error.value.hint


@pytest.mark.parametrize("url", ["http://127.0.0.1:9090", "http://localhost:9090", "http://[::1]:9090"])
def test_loopback_needs_no_https(url: str) -> None:
    assert settings_of(PROMETHEUS.replace("https://prometheus.example.com", url)).server.url == url


def test_a_field_of_another_kind_is_refused() -> None:
    with pytest.raises(Invalid, match="'pointer'"):
        settings_of(PROMETHEUS + 'pointer = "/count"\n')


def test_a_name_that_would_move_the_cursor_is_escaped() -> None:
    tables = tomllib.loads('[probes."a\\u001b[2J"]\nkind = "refusals"\nurl = "https://a.example"\npointer = "/n"\n')
    (settings,) = read_settings("config.toml", tables["probes"])
    assert "\x1b" not in settings.source


@pytest.mark.parametrize("page", ["prometheus", "last-used", "refusals"])
def test_the_guides_examples_are_configurations(page: str) -> None:
    text = (GUIDE / f"{page}.md").read_text(encoding="utf-8")
    examples = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL)]
    read = [read_settings("config.toml", example["probes"]) for example in examples if "probes" in example]
    assert len(read) == 2
