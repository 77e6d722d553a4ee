"""Which token a request shows: one place reads it for whoever lets in, and for whoever counts wrong ones."""

from __future__ import annotations

import pytest

from keytui.server.door import token_of

BASIC, BEARER, KEY = (b"authorization", b"Basic x"), (b"authorization", b"bearer  one"), (b"x-api-key", b"two")


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ([], ""),
        ([BEARER], "one"),
        ([KEY], "two"),
        ([BASIC], ""),
        ([BASIC, KEY], "two"),  # a proxy's own password in front
        ([BEARER, KEY], ""),
        ([BEARER, BEARER], ""),
        ([BASIC, BEARER], ""),
        ([KEY, KEY], ""),
        ([(b"x-api-key", b"\xff")], "\xff"),
    ],
)
def test_a_request_shows_one_token_or_none(headers: list[tuple[bytes, bytes]], token: str) -> None:
    assert token_of(headers) == token
