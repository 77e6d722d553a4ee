"""`[webhooks.NAME]` in `config.toml`: who is told of what, with errors that name the field at fault."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from keytui.domain.alerts import Severity
from keytui.domain.errors import Invalid
from keytui.domain.references import Place, Reference
from keytui.domain.webhooks import Topic
from keytui.vault.webhook_settings import Webhook, load_webhooks

URL = 'url = "https://hooks.example.com/T0"'
SECRET = 'secret = "env:HOOK"'


def read(directory: Path, *lines: str) -> tuple[Webhook, ...]:
    path = directory / "config.toml"
    path.write_text("\n".join(("[webhooks.team]", *lines, "")), encoding="utf-8")
    path.chmod(0o600)
    return load_webhooks(path)


def test_without_a_word_nobody_is_told(tmp_path: Path) -> None:
    assert load_webhooks(tmp_path / "config.toml") == ()


def test_an_address_and_a_secret_are_enough_and_tell_everything(tmp_path: Path) -> None:
    (webhook,) = read(tmp_path, URL, SECRET)
    assert webhook == Webhook("team", "https://hooks.example.com/T0", Reference(Place.ENV, "HOOK"))
    assert webhook.topics == set(Topic)
    assert not webhook.plaintext
    assert not webhook.allow_private


def test_every_field(tmp_path: Path) -> None:
    (webhook,) = read(
        tmp_path,
        'url = "env:URL"',
        SECRET,
        'events = ["alert", "revocation"]',
        'keys = ["checkout"]',
        'environments = ["production"]',
        'severity = "warning"',
        "allow_private = true",
    )
    assert (webhook.address, webhook.allow_private) == (Reference(Place.ENV, "URL"), True)
    assert webhook.topics == {Topic.ALERT, Topic.REVOCATION}
    assert webhook.severities == (Severity.CRITICAL, Severity.WARNING)
    assert webhook.wants("k1", "checkout", "production")
    assert not webhook.wants("k1", "checkout", "staging")
    assert not webhook.wants("k1", "other", "production")


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        ([URL], "secret is missing"),
        ([SECRET], "url is missing"),
        (["url = 1", SECRET], "url is a text"),
        ([URL, SECRET, "colour = 1"], "no field 'colour'"),
        (['url = "http://hooks.example.com"', SECRET], "url is not an https://"),
        (['url = "https://a:b@hooks.example.com"', SECRET], "url holds a credential"),
        ([URL, 'secret = "whsec_abcdefgh"'], "secret: a secret is named"),
        ([URL, SECRET, 'events = ["all"]'], "events names one"),
        ([URL, SECRET, "events = []"], "events names one"),
        ([URL, SECRET, 'keys = "checkout"'], "keys is a list"),
        ([URL, SECRET, 'severity = "loud"'], "severity is none"),
        ([URL, SECRET, 'plaintext = "yes"'], "plaintext is true or false"),
        (['url = "http://127.0.0.1:8000/"', SECRET, "plaintext = true"], "plaintext needs an https://"),
        (['url = "env:URL"', SECRET, "plaintext = true"], "plaintext needs an https://"),
        ([URL, 'secret = "command:pass hook"', "plaintext = true"], "too soon for a command"),
    ],
)
def test_what_is_wrong_names_the_field_and_repeats_no_secret(tmp_path: Path, lines: list[str], named: str) -> None:
    with pytest.raises(Invalid, match=named) as error:
        read(tmp_path, *lines)
    told = f"{error.value.message} {error.value.hint}"
    assert re.search(r"config\.toml:\d+: \[webhooks.team\]", told)
    assert "whsec_abc" not in told
    assert "T0" not in told
