"""The connectors that the guide shows, as they stand in its page."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from keytui.domain.fields import Fields
from keytui.domain.references import Reference, Resolve
from keytui.domain.secrets import Secret
from keytui.issuers.issuer import Issuer
from keytui.probes.key_probe import KeyProbe
from keytui.targets.target import Target
from tests.contract.issuers.case import Case as IssuerCase
from tests.contract.issuers.case import mark_of
from tests.contract.targets.case import OLD
from tests.contract.targets.case import Case as TargetCase

PAGE: Final = Path(__file__).parents[2] / "docs" / "guide" / "write-your-own-connector.md"
_STANDING: Final = Secret("gh_standing" + "0" * 32)


@cache
def shown(name: str) -> ModuleType:
    """The page's module `gatehouse.NAME`."""
    (text,) = re.findall(rf"```python\n(# gatehouse/{name}\.py\n.*?)```", PAGE.read_text(), re.DOTALL)
    module = sys.modules[f"gatehouse_{name}"] = ModuleType(f"gatehouse_{name}")
    exec(compile(text, f"gatehouse/{name}.py", "exec"), vars(module))  # noqa: S102  # the page is ours
    return module


def own_issuer(directory: Path, _request: pytest.FixtureRequest) -> Iterator[IssuerCase]:
    """The issuer, on a gatehouse that lets one key in."""
    root = directory / "gatehouse"
    for state in ("accepted", "held", "ended"):
        (root / state).mkdir(parents=True)
    accepted = root / "accepted"
    (accepted / _STANDING.digest()).write_text(json.dumps({"label": "checkout", "prefix": _STANDING.prefix()}))
    make: Callable[[str, Fields, Resolve], Issuer] = shown("issuer").gatehouse_issuer
    yield IssuerCase(
        issuer=make("gate", _fields("issuers", {"root": str(root)}), _nothing_named),
        standing=_STANDING,
        mark=mark_of(_STANDING),
        accepts=lambda value: (accepted / value.digest()).exists(),
        everything=lambda: {file: file.read_text() for file in root.rglob("*") if file.is_file()},
        cut_off=lambda: shutil.rmtree(root),
    )


def own_target(directory: Path, _request: pytest.FixtureRequest) -> Iterator[TargetCase]:
    """The target, with what its consumer was given by hand."""
    place = directory / "there"
    place.mkdir()
    file = place / "checkout.json"
    file.write_text(json.dumps({"version": 1, "secret": OLD.reveal()}))
    make: Callable[[str, Fields, Resolve], Target] = shown("target").gatehouse_target
    yield TargetCase(
        make("gate", _fields("targets", {"path": f"{place}/{{name}}.json"}), _nothing_named),
        consumed=lambda: Secret(json.loads(file.read_text())["secret"]),
        everything=lambda: {each.name: (each.stat().st_mode, each.read_text()) for each in place.iterdir()},
        cut_off=lambda: shutil.rmtree(place),
    )


def own_probe(port: int) -> KeyProbe:
    """The probe, knocking at a port."""
    make: Callable[[str, Fields, Resolve], KeyProbe] = shown("probe").gatehouse_probe
    return make("gate", _fields("probes", {"port": port}), _nothing_named)


def _fields(sort: str, entry: Mapping[str, object]) -> Fields:
    return Fields(f"config.toml: [{sort}.gate]", {"kind": "gatehouse", **entry})


def _nothing_named(reference: Reference) -> Secret:
    raise AssertionError(f"{reference} is not to be asked for")
