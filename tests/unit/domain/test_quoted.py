"""Text from outside in quotes: harmless, and each escape told once."""

from __future__ import annotations

import pytest

from keytui.domain.text import quoted


@pytest.mark.parametrize(
    ("text", "shown"),
    [("plain", "'plain'"), ("\x1b[31m", r"'\x1b[31m'"), ("a\ufe0fb", r"'a\ufe0fb'"), ("\u202eb", r"'\u202eb'")],
)
def test_each_escape_is_told_once(text: str, shown: str) -> None:
    assert quoted(text) == shown
