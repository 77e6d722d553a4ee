"""What the guide shows of a target's table is what keytui takes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from keytui.connectors import build_connectors
from keytui.domain.references import Reference
from keytui.domain.secrets import Secret
from keytui.targets.target import Target

GUIDE = Path(__file__).parents[3] / "docs" / "guide"


@pytest.mark.parametrize("kind", ["hashicorp", "aws", "github", "redis", "webhook"])
def test_the_table_on_its_page_is_taken(kind: str) -> None:
    def resolve(_reference: Reference) -> Secret:
        raise AssertionError("a credential is looked up when it is needed")

    shown = re.findall(r"```toml\n(.*?)```", (GUIDE / f"targets-{kind}.md").read_text(), re.DOTALL)
    tables = tomllib.loads(shown[0])["targets"]
    built: Mapping[str, Target] = build_connectors("targets", "config.toml", tables, resolve)
    (target,) = built.values()
    assert [table["kind"] for table in tables.values()] == [kind]
    assert target.name in tables
