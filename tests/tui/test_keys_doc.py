"""docs/keys.md says what the bindings say."""

from __future__ import annotations

import re
from pathlib import Path

from textual.actions import parse

from keytui.tui.bindings import by_id
from keytui.tui.keys_doc import document
from keytui.tui.permissions import OPERATIONS

MOVES = ("page-up", "page-down", "half-up", "half-down")
PAGE = Path(__file__).parents[2] / "docs" / "keys.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == document(), "python -m keytui.tui.keys_doc docs/keys.md"


def test_every_binding_has_an_id_of_its_own_and_says_what_it_does() -> None:
    rows = re.findall(r"^\| (.+) \| (.+) \| `(.+)` \|$", document(), re.MULTILINE)
    ids = [found for _, _, found in rows]
    assert "None" not in ids
    assert all(words.strip() for _, words, _ in rows)


def test_no_mutation_sits_on_ctrl_and_a_letter() -> None:
    on_ctrl = {name: binding for name, binding in by_id().items() if "ctrl+" in binding.key}
    moves = {f"{where}.{to}" for where in ("table", "text") for to in MOVES}
    assert set(on_ctrl) == {"app.palette-anywhere", "app.suspend", "app.redraw", *moves}
    assert not [name for name, binding in on_ctrl.items() if parse(binding.action)[1] in OPERATIONS]
