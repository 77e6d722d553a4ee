"""Errors about a `config.toml` say on which line the mistake is, and which word was meant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from keytui.domain.errors import Invalid
from keytui.vault.configuration import table
from keytui.vault.configuration_lines import line_of
from keytui.vault.delivery_targets import load_targets
from keytui.vault.key_issuers import load_issuers
from keytui.vault.policies import load_policies
from keytui.vault.proving import load_key_probes

Load = Callable[[Path], object]
TEXT = """\
# a comment
[targets.web]
kind = "file"

[ issuers . "reserve" ]   # the gateway
kind = "rest"
list = { method = "GET" }
page.by = "offset"

[policy.production.alerts]
kind = 1
"""


@pytest.mark.parametrize(
    ("table_", "field", "line"),
    [
        ("targets.web", "kind", 3),
        ("issuers.reserve", "kind", 6),
        ("issuers.reserve", "url", 5),
        ("issuers.reserve.list", "method", 7),
        ("issuers.reserve.page", "by", 8),
        ("policy", "", 10),
        ("policy.production", "kind", 10),
        ("policy.production.alerts", "kind", 11),
        ("nowhere", "kind", None),
    ],
)
def test_a_field_is_found_where_it_stands(table_: str, field: str, line: int | None) -> None:
    assert line_of(TEXT.splitlines(), table_, field) == line


@pytest.mark.parametrize(
    ("text", "load", "line", "said"),
    [
        ('[polcy.production]\noverlap = "1h"\n', load_policies, 1, ("[polcy] is no table", "did you mean policy? ")),
        ('\n[target.b]\nkind = "file"\n', load_targets, 2, ("[target] is no table", "did you mean targets? ")),
        (
            '[policy.production]\n\npreset = "standart"\n',
            load_policies,
            3,
            ("[policy.production] preset = 'standart' is none", "did you mean standard? "),
        ),
        (
            '[issuers.a]\nkind = "envlst"\n',
            load_issuers,
            2,
            ("[issuers.a] kind is missing or none that there is: 'envlst'", "did you mean envlist? "),
        ),
        (
            '[issuers.a]\nkind = "rest"\npreset = "paylod"\n',
            load_issuers,
            3,
            ("[issuers.a] preset is missing or none that there is: 'paylod'", "did you mean payload? "),
        ),
        (
            '[issuers.a]\nkind = "envlist"\nfile = "/a"\nvarable = "A"\n',
            load_issuers,
            4,
            ("[issuers.a] has no field 'varable'", "did you mean variable? "),
        ),
        (
            '[targets.a]\nkind = "file"\npath = "/srv/{nme}"\n',
            load_targets,
            3,
            ("[targets.a] path holds {nme}, which stands for nothing", "there are {id}, {name} and {environment}"),
        ),
        (
            '[probes.p]\nkind = "http"\nurl = "https://a.example"\nkeys = "one"\n',
            load_key_probes,
            4,
            ("[probes.p] keys is a list of texts", "as in keys"),
        ),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_was_meant(
    tmp_path: Path, text: str, load: Load, line: int, said: tuple[str, str]
) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    path.chmod(0o600)

    with pytest.raises(Invalid) as wrong:
        load(path)

    assert wrong.value.message.startswith(f"{path}:{line}: {said[0]}")
    assert wrong.value.hint.startswith(said[1])


def test_every_field_of_a_table_is_listed_where_one_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[targets.a]\nkind = "file"\npath = "/a"\ncolour = 1\n')
    path.chmod(0o600)

    with pytest.raises(Invalid) as wrong:
        load_targets(path)

    assert {"path", "environments", "after", "after_timeout"} <= set(wrong.value.hint.replace(",", "").split())
    path.write_text("colour = 1\n")
    with pytest.raises(Invalid, match=r"config.toml:1: colour is no setting"):
        table(path, "profiles")
