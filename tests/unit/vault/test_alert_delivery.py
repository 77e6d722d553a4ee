"""`[alerts]` in `config.toml`: where alerts go, with errors that name the field at fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from keytui.domain.alerts import Severity
from keytui.domain.errors import Invalid
from keytui.vault.alert_delivery import AlertDelivery, load_alert_delivery


def read(directory: Path, *lines: str) -> AlertDelivery:
    path = directory / "config.toml"
    path.write_text("\n".join(("[alerts]", *lines, "")), encoding="utf-8")
    path.chmod(0o600)
    return load_alert_delivery(path)


def test_without_a_word_alerts_go_nowhere(tmp_path: Path) -> None:
    assert load_alert_delivery(tmp_path / "config.toml") == AlertDelivery()


def test_a_command_and_the_least_severity(tmp_path: Path) -> None:
    given = read(tmp_path, 'command = ["tell", "--urgent"]', 'severity = "warning"')
    assert given == AlertDelivery(("tell", "--urgent"), (Severity.CRITICAL, Severity.WARNING))


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        (['url = "https://x.example.com"'], "no field 'url'"),
        (['command = "tell --urgent"'], "command is a list"),
        (["command = []"], "command names no program"),
        (['command = [""]'], "command names no program"),
        (['severity = "loud"'], "severity is none"),
    ],
)
def test_what_is_wrong_names_the_field(tmp_path: Path, lines: list[str], named: str) -> None:
    with pytest.raises(Invalid, match=named) as error:
        read(tmp_path, *lines)
    assert ": [alerts]" in error.value.message
    assert error.value.message.startswith(f"{tmp_path / 'config.toml'}:")


def test_a_webhook_of_former_times_is_told_its_new_place(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as error:
        read(tmp_path, 'webhook = "https://hooks.example.com/T0"', 'secret = "env:HOOK"')
    assert "[webhooks.NAME]" in error.value.hint
    assert "T0" not in f"{error.value.message} {error.value.hint}"


def test_the_section_is_one_table(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("alerts = 3\n", encoding="utf-8")
    with pytest.raises(Invalid, match="alerts is a table"):
        load_alert_delivery(path)
