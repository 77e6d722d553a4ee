"""`[alerts]` in `config.toml`: where alerts go, with errors that name the field at fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from keytui.domain.alerts import Severity
from keytui.domain.errors import Invalid
from keytui.domain.references import Place, Reference
from keytui.domain.secrets import Secret
from keytui.vault.alert_delivery import AlertDelivery, WebhookSettings, load_alert_delivery
from keytui.vault.notifying import destinations


def read(directory: Path, *lines: str) -> AlertDelivery:
    path = directory / "config.toml"
    path.write_text("\n".join(("[alerts]", *lines, "")), encoding="utf-8")
    path.chmod(0o600)
    return load_alert_delivery(path)


def test_without_a_word_alerts_go_nowhere(tmp_path: Path) -> None:
    assert load_alert_delivery(tmp_path / "config.toml") == AlertDelivery()


def test_a_command_a_webhook_and_the_least_severity(tmp_path: Path) -> None:
    given = read(
        tmp_path,
        'command = ["tell", "--urgent"]',
        'webhook = "https://hooks.example.com/keytui"',
        'secret = "env:HOOK"',
        'severity = "warning"',
    )
    assert given == AlertDelivery(
        ("tell", "--urgent"),
        WebhookSettings("https://hooks.example.com/keytui", Reference(Place.ENV, "HOOK")),
        (Severity.CRITICAL, Severity.WARNING),
    )


def test_an_address_may_be_named_by_a_reference(tmp_path: Path) -> None:
    webhook = read(tmp_path, 'webhook = "env:URL"', 'secret = "env:HOOK"').webhook
    assert webhook == WebhookSettings(Reference(Place.ENV, "URL"), Reference(Place.ENV, "HOOK"))


def test_an_address_that_a_reference_names_wrongly_is_told_by_the_reference(tmp_path: Path) -> None:
    delivery = read(tmp_path, 'webhook = "env:URL"', 'secret = "env:HOOK"')
    with pytest.raises(Invalid, match=r"\[alerts\] webhook: env:URL: is not an https") as error:
        list(destinations(delivery, lambda reference: Secret("http://hooks.example.com/T0")))
    assert "T0" not in f"{error.value.message} {error.value.hint}"


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        (['url = "https://x.example.com"'], "no field 'url'"),
        (['command = "tell --urgent"'], "command is a list"),
        (["command = []"], "command names no program"),
        (['command = [""]'], "command names no program"),
        (['webhook = "https://hooks.example.com"'], "webhook needs a secret"),
        (['secret = "env:HOOK"'], "secret signs"),
        (['webhook = "http://hooks.example.com"', 'secret = "env:HOOK"'], "webhook is not an https://"),
        (['webhook = "https://a:b@hooks.example.com"', 'secret = "env:HOOK"'], "webhook holds a credential"),
        (['webhook = "https://hooks.example.com"', 'secret = "whsec_abcdefgh"'], "secret: a secret is named"),
        (["webhook = 3"], "webhook is a text"),
        (['severity = "loud"'], "severity is none"),
    ],
)
def test_what_is_wrong_names_the_field_and_repeats_no_secret(tmp_path: Path, lines: list[str], named: str) -> None:
    with pytest.raises(Invalid, match=named) as error:
        read(tmp_path, *lines)
    assert f"{tmp_path / 'config.toml'}: [alerts]" in error.value.message
    assert "whsec_abc" not in f"{error.value.message} {error.value.hint}"


def test_the_section_is_one_table(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("alerts = 3\n", encoding="utf-8")
    with pytest.raises(Invalid, match="alerts is a table"):
        load_alert_delivery(path)
