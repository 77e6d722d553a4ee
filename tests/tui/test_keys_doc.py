"""docs/keys.md says what the bindings say."""

from __future__ import annotations

import re
from pathlib import Path

from keytui.tui.keys_doc import document

PAGE = Path(__file__).parents[2] / "docs" / "keys.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == document(), "python -m keytui.tui.keys_doc docs/keys.md"


def test_every_binding_has_an_id_of_its_own_and_says_what_it_does() -> None:
    rows = re.findall(r"^\| (.+) \| (.+) \| `(.+)` \|$", document(), re.MULTILINE)
    ids = [found for _, _, found in rows]
    assert "None" not in ids
    assert all(words.strip() for _, words, _ in rows)


def test_no_mutation_sits_on_ctrl_and_a_letter() -> None:
    keys = re.findall(r"^\| (.+?) \| .+ \| `(.+)` \|$", document(), re.MULTILINE)
    assert {name for shown, name in keys if "ctrl+" in shown} == {"app.palette-anywhere"}
