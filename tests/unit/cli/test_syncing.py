"""`keytui sync` and `keytui drift`: issuers and stores beside the vault, as cron and a person run them."""

from __future__ import annotations

import json
import shlex

import pytest
from dotenv import dotenv_values

from tests.unit.cli.conftest import Commands

ONE, TWO = "Zm9yIHRlc3RzIG9ubHksIGFuZCBmb3Igbm90aGluZyE=", "YW5vdGhlciBvbmUsIHdoaWNoIGlzIGxlZnQgYWxvbmU="
TABLES = """
[issuers.reserve]
kind = "envlist"
file = "{home}/reserve.env"
variable = "API_KEYS"
environment = "staging"
owner = "booking"

[issuers.partner]
kind = "envlist"
file = "{home}/partner.env"
variable = "API_KEYS"

[targets.web]
kind = "dotenv"
files = ["{home}/web.env"]
variable = "API_KEY"

[targets.hook]
kind = "command"
command = ["true"]
"""


class Site:
    """Two services with an allowlist, a consumer with a .env file, and keytui beside them."""

    def __init__(self, keytui: Commands) -> None:
        self.home = keytui.home
        self.home.mkdir(mode=0o700)
        self.write("config.toml", TABLES.format(home=self.home))
        self.allow("reserve", ONE)
        self.allow("partner")
        self.write("web.env", "PORT=1\n")

    def allow(self, service: str, *values: str) -> None:
        self.write(f"{service}.env", f"API_KEYS={','.join(values)}\n")

    def allowed(self, service: str) -> list[str]:
        return (dotenv_values(self.home / f"{service}.env")["API_KEYS"] or "").split(",")

    def consumer_has(self, value: str) -> None:
        self.write("web.env", f"API_KEY={value}\n")

    def write(self, name: str, text: str) -> None:
        (self.home / name).touch(0o600)
        (self.home / name).write_text(text)


@pytest.fixture
def site(keytui: Commands) -> Site:
    return Site(keytui)


def test_keys_come_in_where_the_table_says_they_belong(keytui: Commands, site: Site) -> None:
    said = keytui("sync").out
    assert "✓ partner: 0 listed, 0 known, 0 brought in" in said
    assert "✓ reserve: 1 listed, 0 known, 1 brought in\n  ! it keeps every secret in plain text" in said
    assert "+ reserve-key (staging)" in said
    key = keytui("show", "reserve-key", "--json").answer
    assert (key["issuer"], key["environment"], key["owner"]) == ("reserve", "staging", "booking")
    assert ONE not in said


def test_the_exit_code_tells_of_drift_and_of_failures(keytui: Commands, site: Site) -> None:
    keytui("sync")
    site.allow("reserve", TWO)
    said = keytui("sync", code=1).out
    assert "≠ reserve-key (staging) v1 is unknown there, although it is accepted here" in said
    assert "≠ reserve-key-2 (staging) v1 was made there, and not from keytui\n    → keytui edit " in said
    site.allow("reserve", ONE, TWO)
    keytui("edit", "reserve-key-2", "--description", "the new gateway")
    (site.home / "partner.env").unlink()
    failing = keytui("sync", code=7)
    assert "✗ partner: issuer partner" in failing.out
    assert "= reserve-key stands there as here again" in failing.out
    states = {one["issuer"]: one["state"] for one in keytui("sync", "--json", code=7).items}
    assert states == {"partner": "failed", "reserve": "agrees"}
    assert "issuer partner" in keytui("sync", "partner", code=5).out
    keytui("sync", "nobody", code=1)


def test_the_command_that_is_said_ends_what_was_let_in_again(keytui: Commands, site: Site) -> None:
    keytui("sync")
    keytui("revoke", "reserve-key", "--reason", "leaver", "--yes")
    site.allow("reserve", ONE)
    (drifted,) = json.loads(keytui("sync", "reserve", "--json", code=1).out)[0]["drifted"]
    command = drifted["command"]
    assert (drifted["state"], drifted["drift"]) == ("revoked", "still-accepted")
    said = keytui("sync", code=1).out
    what = "v1 is still accepted there, although it is revoked here: what ended it there was lost, late or undone"
    assert f"≠ reserve-key (staging) {what}\n    → {command}\n" in said
    assert f"→ {command}\n" in keytui("drift", code=1).out
    keytui(*shlex.split(command)[1:], "--yes")
    assert site.allowed("reserve") == [""]
    keytui("sync")


def test_what_was_found_is_where_the_key_is_shown(keytui: Commands, site: Site) -> None:
    keytui("sync")
    site.allow("reserve")
    keytui("sync", code=1)
    assert keytui("list", "flag:drifted", "--json").items[0]["flags"] == ["drifted", "never-used"]
    shown = keytui("show", "reserve-key").out
    assert "reserve, which keeps every secret in plain text" in shown
    assert "v1 is unknown there, although it is accepted here" in shown
    (alert,) = keytui("alerts", "--json").items
    assert (alert["kind"], alert["severity"]) == ("drift", "warning")


def test_stores_are_compared_by_fingerprint(keytui: Commands, site: Site) -> None:
    secret = keytui.created("checkout").strip()
    keytui("edit", "checkout", "--target", "web", "--target", "hook")
    empty = keytui("drift", code=1).out
    assert "checkout (production)\n  ≠ web holds nothing\n  · hook: nobody knows, it cannot be read back" in empty
    site.consumer_has(secret)
    good = keytui("drift")
    assert (good.out, good.err) == (
        "",
        "1 key looked at, 0 not as it should be; stores of which nobody here knows: 1\n",
    )
    assert "✓ web holds v1, as it should" in keytui("drift", "checkout").out
    site.consumer_has("something-else-altogether")
    assert "≠ web holds a value that is no version of this key" in keytui("drift", code=1).out
    site.consumer_has(secret)
    keytui("revoke", "checkout", "--reason", "leaver", "--yes")
    (key,) = keytui("drift", "checkout", "--json", code=1).items
    assert key["stores"] == [
        {"target": "web", "holds": "revoked", "version": 1, "drifted": True, "why": "", "other_key": ""},
        {
            "target": "hook",
            "holds": "untellable",
            "version": None,
            "drifted": False,
            "why": "it cannot be read back",
            "other_key": "",
        },
    ]
    assert secret not in repr(key)


def test_a_store_that_cannot_be_read_now_is_no_drift(keytui: Commands, site: Site) -> None:
    keytui.created("checkout", "--target", "web")
    (site.home / "web.env").unlink()
    (site.home / "web.env").mkdir()
    assert "✗ web: " in keytui("drift", code=7).out


def test_a_key_of_another_issuer_is_rotated_and_no_store_keeps_the_old_version(keytui: Commands, site: Site) -> None:
    keytui("sync")
    keytui("edit", "reserve-key", "--target", "web")
    site.consumer_has(ONE)
    assert keytui("drift").out == ""
    keytui("rotate", "reserve-key", "--yes")
    assert len(site.allowed("reserve")) == 2
    assert keytui("drift").out == ""
    site.consumer_has(ONE)
    assert "≠ web holds v1, which a newer version has replaced" in keytui("drift", code=1).out
    assert keytui("sync", "reserve").out.startswith("✓ reserve: 2 listed, 2 known")
    kept = b"".join(file.read_bytes() for file in (keytui.home / "default").iterdir())
    assert b"reserve-key" in kept
    assert ONE.encode() not in kept
