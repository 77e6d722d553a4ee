"""Styles for the tests: CSS is parsed once a process, and not once for each of hundreds of consoles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet


@contextmanager
def styles_parsed_once() -> Iterator[None]:
    """Within this, consoles share the rules that Textual makes of the same words under the same theme."""
    parse = Stylesheet._parse_rules
    parsed: dict[tuple[object, ...], list[RuleSet]] = {}

    def parsed_once(self: Stylesheet, css: str, **told: Any) -> list[RuleSet]:
        key = (css, frozenset(told.items()), frozenset(self._variables.items()))
        if key not in parsed:
            parsed[key] = parse(self, css, **told)
        return parsed[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parsed_once)
        yield
