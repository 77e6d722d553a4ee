"""`keytui webhooks`: who is told, what was, and telling it again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Commands
from tests.webhook_receiver import SECRET, Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as received:
        yield received


def configured(keytui: Commands, monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    keytui.home.mkdir(exist_ok=True)
    path = keytui.home / "config.toml"
    path.write_text("\n".join(("[webhooks.team]", 'secret = "env:HOOK"', *lines, "")), encoding="utf-8")
    path.chmod(0o600)


def test_a_rotation_is_told_by_cron(keytui: Commands, monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    configured(keytui, monkeypatch, f'url = "{receiver.url}"', "allow_private = true")
    keytui.created("one")
    secret = keytui("rotate", "one").out
    assert json.loads(keytui("webhooks", "list", "--json").out)[0]["waiting"] == 2
    keytui("webhooks", "deliver")

    told = [json.loads(body) for body in receiver.bodies]
    assert [one["type"] for one in told] == ["rotation.issued", "rotation.delivered"]
    assert secret not in "".join(receiver.bodies)
    newest, _ = json.loads(keytui("webhooks", "messages", "team", "--json").out)
    assert (newest["state"], newest["attempts"]) == ("sent", 1)

    keytui("webhooks", "redeliver", str(newest["id"]))
    keytui("webhooks", "deliver")
    assert receiver.ids[-1] == receiver.ids[-2]
    assert "not disabled" in keytui("webhooks", "enable", "team", code=1).err
    assert "no webhook is called 'nosuch'" in keytui("webhooks", "enable", "nosuch", code=1).err


def test_a_failure_is_said_without_the_path(
    keytui: Commands, monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    configured(keytui, monkeypatch, f'url = "{receiver.url}"', "allow_private = true")
    receiver.answers = [(500, {})]
    keytui.created("one")
    keytui("rotate", "one")
    assert "was not taken by team: it answered 500" in keytui("webhooks", "deliver", code=7).err
    shown = keytui("webhooks", "messages").out + keytui("webhooks", "list").out
    assert "it answered 500; next try" in shown
    assert "T0" not in shown


def test_an_address_of_our_own_network_is_not_reached(
    keytui: Commands, monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    configured(keytui, monkeypatch, f'url = "{receiver.url}"')
    assert "allow_private" in keytui("webhooks", "test", "team", code=7).out
    assert receiver.paths == []


def test_one_is_tried_at_once(keytui: Commands, monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    configured(keytui, monkeypatch, f'url = "{receiver.url}"', "allow_private = true")
    assert "team took it (204)" in keytui("webhooks", "test", "team").out
    assert "no webhook is called" in keytui("webhooks", "test", "other", code=1).err


def test_who_is_told_secrets_is_warned_of(keytui: Commands, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    configured(keytui, monkeypatch, 'url = "https://hooks.example.com/T0"', "plaintext = true")
    listed = keytui("webhooks", "list")
    assert "warning: team is told new secrets" in listed.err
    assert "T0" not in listed.out + listed.err
