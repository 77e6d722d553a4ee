"""Where an issuer's keys belong, as its table says it beside the fields of its kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from keytui.domain.errors import Invalid
from keytui.issuers.placing import Placing, placing_of
from keytui.vault.key_issuers import load_issuers
from keytui.vault.systems import load_systems

ENVLIST = '[issuers.reserve]\nkind = "envlist"\nfile = "/srv/reserve/.env"\nvariable = "API_KEYS"\n'


def configured(directory: Path, more: str = "") -> Path:
    file = directory / "config.toml"
    file.write_text(ENVLIST + more)
    file.chmod(0o600)
    return file


def test_a_table_says_where_its_keys_belong(tmp_path: Path) -> None:
    file = configured(tmp_path, 'environment = "staging"\nowner = "booking"\ntenant = "acme"\n')
    issuers = load_issuers(file)
    assert list(issuers) == ["reserve"]
    assert issuers["reserve"].abilities.lists
    assert placing_of(issuers, "reserve") == Placing("envlist", "staging", "booking", "acme")
    assert [system.name for system in load_systems(file).listed] == ["reserve"]


def test_what_it_does_not_say_is_production_and_nobodys(tmp_path: Path) -> None:
    issuers = load_issuers(configured(tmp_path))
    assert placing_of(issuers, "reserve") == Placing("envlist", "production")
    assert placing_of(dict(issuers), "reserve") == Placing()


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ('environment = "pro duction"', r"config.toml:5: \[issuers.reserve\] environment: 'pro duction' cannot be"),
        ("environment = 5", r"\[issuers.reserve\] environment is a text"),
        ("owner = true", r"\[issuers.reserve\] owner is a text"),
        ('environments = ["staging"]', r"\[issuers.reserve\] has no field 'environments'"),
    ],
)
def test_what_is_wrong_names_table_and_field(tmp_path: Path, more: str, what: str) -> None:
    with pytest.raises(Invalid, match=what):
        load_issuers(configured(tmp_path, more))
