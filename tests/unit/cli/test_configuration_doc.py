"""docs/guide/configuration.md says what the readers of `config.toml` take."""

from __future__ import annotations

import re
from pathlib import Path

from keytui.cli.configuration_doc import document
from keytui.vault.configuration import SECTIONS

PAGE = Path(__file__).parents[3] / "docs" / "guide" / "configuration.md"


def test_the_page_is_up_to_date_and_has_every_table() -> None:
    """A field that a reader takes and nobody explains is an error of `document` itself."""
    page = document()
    assert PAGE.read_text(encoding="utf-8") == page, (
        "python -m keytui.cli.configuration_doc docs/guide/configuration.md"
    )
    assert set(re.findall(r"^## `\[(\w+)", page, re.MULTILINE)) == set(SECTIONS)


def test_every_field_says_what_it_is_and_what_it_means() -> None:
    rows = re.findall(r"^\| `\w+` \| (.*) \| .* \| (.*) \|$", document(), re.MULTILINE)
    assert len(rows) > 150
    assert all(sort and meaning for sort, meaning in rows)
