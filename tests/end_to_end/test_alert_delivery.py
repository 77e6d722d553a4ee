"""Alerts on their way out: a real command and a real server on this machine, and what is tried again."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from datetime import timedelta

import pytest
from standardwebhooks import Webhook

from keytui.clock import utc_now
from keytui.domain.keys import KeyDraft
from tests.end_to_end.home import KEYTUI, Home
from tests.webhook_receiver import SECRET, Receiver, receiving
from tests.world import eventually


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as received:
        yield received


def configured(home: Home, *lines: str, section: str = "alerts") -> None:
    home.vault_home.mkdir(exist_ok=True)
    path = home.vault_home / "config.toml"
    path.write_text("\n".join((f"[{section}]", *lines, "")), encoding="utf-8")
    path.chmod(0o600)


def to_webhook(home: Home, receiver: Receiver) -> None:
    secret = home.directory / "webhook.secret"
    secret.write_text(SECRET + "\n", encoding="utf-8")
    secret.chmod(0o600)
    lines = (f'url = "{receiver.url}"', f'secret = "file:{secret}"', "allow_private = true", 'events = ["alert"]')
    configured(home, *lines, section="webhooks.team")


def key_that_expires(home: Home, name: str = "checkout") -> None:
    with home.vault() as vault:
        vault.create(KeyDraft(name, "production", expires_at=utc_now() + timedelta(days=3)), name)


def test_a_webhook_is_told_once_and_can_check_who_told_it(home: Home, receiver: Receiver) -> None:
    to_webhook(home, receiver)
    key_that_expires(home)

    listed = home.keytui("alerts", "--send")
    home.keytui("alerts", "--send")

    assert "checkout expires on" in listed.stdout
    assert len(receiver.bodies) == 1
    Webhook(SECRET).verify(receiver.bodies[0], receiver.headers[0])
    told = json.loads(receiver.bodies[0])
    assert (told["type"], told["data"]["kind"], told["data"]["key"]) == ("alert.opened", "expiring", "checkout")
    assert told["data"]["message_id"] == receiver.ids[0]


@pytest.mark.parametrize(
    ("status", "headers", "why"),
    [(500, {}, "it answered 500"), (302, {"Location": "http://127.0.0.1:9/"}, "leads elsewhere (302)")],
)
def test_a_failure_is_said_until_it_is_made_good(
    home: Home, receiver: Receiver, status: int, headers: dict[str, str], why: str
) -> None:
    to_webhook(home, receiver)
    receiver.answers = [(status, headers), (204, {})]
    key_that_expires(home)

    failed = home.keytui("alerts", "--send", code=7)
    listed = home.keytui("alerts")

    assert why in failed.stderr
    assert "is not sent yet" in listed.stderr
    assert why in listed.stderr
    assert "/hooks/" not in failed.stdout + failed.stderr
    assert len(receiver.ids) == 1


def test_a_webhook_that_is_gone_is_left_alone(home: Home, receiver: Receiver) -> None:
    to_webhook(home, receiver)
    receiver.answers = [(410, {})]
    key_that_expires(home)
    home.keytui("alerts", "--send", code=7)
    key_that_expires(home, "other")
    home.keytui("alerts", "--send")
    assert len(receiver.bodies) == 1
    assert "disabled" in home.keytui("webhooks", "list").stdout


def test_an_address_that_is_a_secret_stands_in_no_answer(home: Home, receiver: Receiver) -> None:
    to_webhook(home, receiver)
    address = home.directory / "address"
    address.write_text(receiver.url, encoding="utf-8")
    address.chmod(0o600)
    path = home.vault_home / "config.toml"
    path.write_text(path.read_text().replace(receiver.url, f"file:{address}"), encoding="utf-8")
    receiver.answers = [(500, {})]
    key_that_expires(home)

    done = home.keytui("alerts", "--send", code=7)

    assert receiver.paths == ["/hooks/T0/B0"]
    assert "hooks" not in done.stdout + done.stderr
    assert b"hooks/T0" not in b"".join(each.read_bytes() for each in home.vault_home.rglob("vault.db*"))


def test_a_command_reads_the_alert_on_its_standard_input(home: Home) -> None:
    took = home.directory / "took"
    configured(home, f'command = ["sh", "-c", "echo $# >> {took}; cat >> {took}", "tell"]')
    key_that_expires(home)

    home.keytui("alerts", "--send")
    home.keytui("alerts", "--send")

    count, message = took.read_text(encoding="utf-8").splitlines()
    assert count == "0"  # nothing in its arguments
    assert json.loads(message)["data"]["severity"] == "warning"


def test_a_command_that_fails_is_said_with_its_exit_code(home: Home) -> None:
    configured(home, 'command = ["false"]')
    key_that_expires(home)
    assert "'false' exited with 1" in home.keytui("alerts", "--send", code=7).stderr
    assert "'false' exited with 1" in home.keytui("alerts").stderr


def test_without_a_destination_sending_is_refused_and_listing_is_not(home: Home) -> None:
    key_that_expires(home)
    assert "[alerts]" in home.keytui("alerts", "--send", code=2).stderr
    assert "checkout expires" in home.keytui("alerts").stdout


def test_a_watch_tells_what_opens_and_resolves_and_sends_it(home: Home, receiver: Receiver) -> None:
    to_webhook(home, receiver)
    key_that_expires(home)
    with subprocess.Popen(
        [KEYTUI, "alerts", "--watch", "--json"], env=home.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as watch:
        assert watch.stdout is not None
        opened = json.loads(watch.stdout.readline())
        eventually(lambda: receiver.bodies, within=20)
        watch.send_signal(signal.SIGINT)
        assert watch.wait(20) == 130
    assert (opened["event"], opened["kind"], opened["key"]) == ("opened", "expiring", "checkout")


def test_an_alert_is_acknowledged_by_a_command(home: Home) -> None:
    key_that_expires(home)
    (alert,) = json.loads(home.keytui("alerts", "--json").stdout)
    home.keytui("alerts", "acknowledge", str(alert["id"]), "--note", "renewed tomorrow")
    (after,) = json.loads(home.keytui("alerts", "--json").stdout)
    assert (after["note"], after["acknowledged_at"] is None) == ("renewed tomorrow", False)
    assert "has acknowledged" in home.keytui("alerts", "acknowledge", str(alert["id"]), "--note", "x", code=1).stderr
