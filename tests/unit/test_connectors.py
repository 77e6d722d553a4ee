"""`[targets.NAME]`: what a site writes, and what it reads when it is wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.connectors import build_connectors
from keytui.domain.errors import Invalid
from keytui.targets.file import FileTarget
from keytui.targets.piping import CommandTarget
from keytui.targets.target import Target
from keytui.vault.delivery_targets import load_targets
from keytui.vault.references import from_here

AGE = "age10nmvtdrrz00advu5a5q9rxfu2knwchvq6sh4tashdqyaru98u5fsftyqa9"


def build(tables: Mapping[str, Mapping[str, object]]) -> Mapping[str, Target]:
    return build_connectors("targets", "config.toml", tables, from_here)


def test_targets_are_read_by_name(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        """
[targets.env]
kind = "file"
path = "/srv/{name}"
[targets.ci]
kind = "command"
command = ["store", "{name}"]
read_back = ["fetch"]
timeout = "1m"
"""
    )
    path.chmod(0o600)

    assert load_targets(path) == {
        "env": FileTarget("env", "/srv/{name}"),
        "ci": CommandTarget("ci", ("store", "{name}"), ("fetch",), (), timedelta(minutes=1)),
    }


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ({}, "kind is missing"),
        ({"kind": "carrier-pigeon"}, "kind is missing or none that there is"),
        ({"kind": "file"}, "path is missing"),
        ({"kind": "file", "path": "relative/key"}, "path does not say from where"),
        ({"kind": "file", "path": "/a", "mode": "0644"}, "has no field 'mode'"),
        ({"kind": "dotenv", "variable": "API_KEY"}, "files names none"),
        ({"kind": "dotenv", "files": ["/a", "/a"], "variable": "API_KEY"}, "files names none, or one twice"),
        ({"kind": "dotenv", "files": ["a"], "variable": "API_KEY"}, "files does not say from where"),
        ({"kind": "dotenv", "files": ["/a"]}, "variable is missing"),
        ({"kind": "dotenv", "files": ["/a"], "variable": "API KEY"}, "variable: a variable's name is letters"),
        ({"kind": "dotenv", "files": ["/a"], "variable": "A", "previous": ""}, "previous is missing"),
        ({"kind": "dotenv", "files": ["/a"], "variable": "A", "previous": "A"}, "previous is the variable itself"),
        ({"kind": "sealed-file", "path": "a", "recipients": [AGE]}, "path does not say from where"),
        ({"kind": "sealed-file", "path": "/a"}, "recipients names nobody"),
        ({"kind": "sealed-file", "path": "/a", "recipients": [AGE, "ada"]}, "recipients: number 2 is no public key"),
        ({"kind": "sealed-file", "path": "/a", "recipients": [AGE], "mode": 1}, "has no field 'mode'"),
        ({"kind": "command"}, "command is missing"),
        ({"kind": "command", "command": "store"}, "command is a list of texts"),
        ({"kind": "command", "command": ["a"], "timeout": "1h"}, "timeout is longer than 2 minutes"),
        ({"kind": "command", "command": ["a"], "timeout": 3}, "timeout is a duration"),
    ],
)
def test_what_is_wrong_is_named_with_its_file_table_and_field(entry: dict[str, object], complaint: str) -> None:
    with pytest.raises(Invalid, match=complaint) as wrong:
        build({"env": entry})
    assert "config.toml: [targets.env] " in wrong.value.message


@pytest.mark.parametrize("private", ["AGE-SECRET-KEY-1CANARY", "-----BEGIN OPENSSH PRIVATE KEY-----\nCANARY"])
def test_a_private_key_in_the_wrong_place_is_not_repeated(private: str) -> None:
    with pytest.raises(Invalid, match="number 1 is no public key") as wrong:
        build({"hand-over": {"kind": "sealed-file", "path": "/a", "recipients": [private]}})
    assert "CANARY" not in f"{wrong.value.message} {wrong.value.hint} {wrong.value.__cause__!r}"


def test_a_library_that_is_missing_is_named_with_the_extra_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "keytui.targets.sealed_file", raising=False)
    monkeypatch.setitem(sys.modules, "pyrage", None)
    with pytest.raises(Invalid, match="'sealed-file' of targets needs pyrage, which is not installed") as wrong:
        build({"hand-over": {"kind": "sealed-file"}})
    assert wrong.value.hint == "install it: pip install 'keytui[age]'"


@pytest.fixture
def another_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package that brings a target of its own, as pip would have installed it."""
    (tmp_path / "pigeons.py").write_text(
        "from keytui.targets.file import FileTarget\n"
        "def build(name, fields, from_here):\n"
        "    fields.only(('kind', 'loft'), 'a pigeon target')\n"
        "    return FileTarget(name, fields.needed('loft'))\n"
    )
    metadata = tmp_path / "pigeons-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: pigeons\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[keytui.targets]\npigeon = pigeons:build\nbroken = nowhere:build\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("pigeons", None)


@pytest.mark.usefixtures("another_package")
def test_another_package_may_bring_a_kind() -> None:
    assert "pigeons" not in sys.modules
    build({"env": {"kind": "file", "path": "/a"}})
    assert "pigeons" not in sys.modules, "only a kind that is named is loaded"
    built = build({"tower": {"kind": "pigeon", "loft": "/tower"}})
    assert built == {"tower": FileTarget("tower", "/tower")}
    with pytest.raises(Invalid, match=r"\[targets.tower\] has no field 'x'"):
        build({"tower": {"kind": "pigeon", "loft": "/tower", "x": 1}})
    with pytest.raises(Invalid, match="needs nowhere, which is not installed"):
        build({"tower": {"kind": "broken"}})
