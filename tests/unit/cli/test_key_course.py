"""The course of many keys: no part is more than a server takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from keytui.cli.key_course import Arriving, parts_of
from keytui.domain.keys import KeyDraft
from keytui.domain.secrets import Secret
from keytui.server.intake import MOST_BYTES
from keytui.vault.many_keys import MOST_AT_ONCE, NewKey, Origin
from keytui.vault.wire import encode
from tests.world import NOON

_LONG: Final = 'o"\\' * 66


@pytest.mark.parametrize(
    "said",
    [
        {"owner": _LONG, "tenant": _LONG, "label": _LONG},
        {"description": '"' * 2_000, "expires_at": NOON},
        {"description": "\x01" * 2_000},
        {"scopes": ("é" * 200, "\\" * 200), "apps": ("",) * 50},
    ],
)
def test_no_part_is_more_than_a_server_takes(said: dict[str, Any]) -> None:
    draft = replace(KeyDraft("", "production"), **said)
    keys = [NewKey("one", draft, "a" * 64, "tk_8f3k2m9q1"), NewKey("one", draft, value=Secret(_LONG), variable=_LONG)]
    arriving = (Arriving(line, keys[line % 2]) for line in range(MOST_AT_ONCE))

    for part in parts_of(arriving):
        body = {"new": tuple(one.new for one in part), "origin": Origin.MADE, "rehearse": False}
        assert len(encode(body)) <= MOST_BYTES
