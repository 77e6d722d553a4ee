"""Secrets on standard input: whether they are accepted, and why not."""

from __future__ import annotations

import pytest

from keytui.cli.asking import MOST_BYTES
from tests.unit.cli.conftest import Commands


def test_verify_tells_what_a_service_learns_and_no_more(keytui: Commands) -> None:
    secret = keytui.created()
    valid = keytui("verify", "--json", stdin=secret).answer
    assert valid.keys() == {"valid", "key_id", "version", "reason"}
    assert (valid["valid"], valid["version"], valid["reason"]) == (True, 1, "accepted")
    unknown = keytui("verify", "--json", stdin="tk_" + "0" * 32, code=1).answer
    assert unknown == {"valid": False, "key_id": None, "version": None, "reason": "unknown"}
    assert "valid" in keytui("verify", stdin=secret).out


def test_verify_asks_for_scopes(keytui: Commands) -> None:
    secret = keytui.created()
    keytui("verify", "--scope", "bookings:read", stdin=secret)
    denied = keytui("verify", "--scope", "bookings:read", "--scope", "admin", "--json", stdin=secret, code=1)
    assert denied.answer["reason"] == "scope"


def test_verify_takes_off_one_line_break_and_no_more(keytui: Commands) -> None:
    secret = keytui.created()
    keytui("verify", stdin=secret + "\n")
    keytui("verify", stdin=secret + "\r\n")
    keytui("verify", stdin=secret + "\n\n", code=1)
    keytui("verify", stdin=" " + secret, code=1)


def test_a_dash_is_standard_input_and_nothing_else_is_taken_for_a_secret(keytui: Commands) -> None:
    secret = keytui.created()
    keytui("verify", "-", stdin=secret)
    keytui("diagnose", "-", "--json", stdin=secret)
    for words in (["-", "-"], [secret], ["-", secret]):
        refused = keytui("verify", *words, stdin=secret, code=2).err
        assert "a secret does not belong on a command line" in refused
        assert secret not in refused


@pytest.mark.parametrize("command", ["verify", "diagnose", "seal"])
def test_what_is_no_secret_is_refused(keytui: Commands, command: str) -> None:
    words = (command, "name") if command == "seal" else (command,)
    assert "KiB" in keytui(*words, stdin="x" * (MOST_BYTES + 1), code=2).err
    assert "UTF-8" in keytui(*words, stdin=b"\xff\xfe", code=2).err
    if command != "diagnose":
        assert "nothing" in keytui(*words, code=2).err


def test_verify_is_recorded_as_a_probe_and_is_no_use(keytui: Commands) -> None:
    keytui("verify", "--caller", "me", stdin=keytui.created())
    assert keytui("show", "checkout", "--json").answer["last_used_at"] is None


def test_diagnose_says_what_is_wrong_and_what_to_do(keytui: Commands) -> None:
    secret = keytui.created()
    cut = keytui("diagnose", stdin=secret[:-5], code=1)
    assert "cut off" in cut.out
    assert secret[:-5] not in cut.out + cut.err
    spaced = keytui("diagnose", "--json", stdin=secret + " \n").answer
    findings = spaced["findings"]
    assert isinstance(findings, list)
    assert "white space" in findings[0]["finding"]
    assert all(finding["remedy"] for finding in findings)
    assert "nothing was pasted" in keytui("diagnose", code=1).out
