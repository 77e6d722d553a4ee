"""How many there are, in words."""

from __future__ import annotations

import pytest

from keytui.cli.counting import counted


@pytest.mark.parametrize(
    ("number", "many", "said"),
    [(0, "", "0 keys"), (1, "", "1 key"), (2, "", "2 keys"), (1, "kees", "1 key"), (2, "kees", "2 kees")],
)
def test_one_is_one_and_more_are_more(number: int, many: str, said: str) -> None:
    assert counted(number, "key", many) == said
