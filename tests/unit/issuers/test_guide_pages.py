"""What the guide shows of an issuer's table is a table that it takes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from keytui.connectors import build_connectors
from keytui.vault.references import from_here

GUIDE = Path(__file__).parents[3] / "docs" / "guide"


@pytest.mark.parametrize("page", ["issuer-redis.md", "issuer-envlist.md"])
def test_the_shown_tables_are_taken(page: str) -> None:
    shown = re.findall(r"```toml\n(.*?)```", (GUIDE / page).read_text(), re.DOTALL)
    assert shown
    for text in shown:
        assert build_connectors("issuers", page, tomllib.loads(text)["issuers"], from_here)
