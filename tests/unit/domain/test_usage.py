"""Routes: one name for the many paths of a route, and nothing in it that could be a secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytui.domain.text import harmless
from keytui.domain.usage import LONGEST_ROUTE, route_of


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v1/bookings/8112/items", "/v1/bookings/*/items"),
        ("/users/7f9c24e8-3b12-4fef-91e0-2b1f4c1d9a55", "/users/*"),
        ("/keys/tk_x3k9j2m8nq8w7e6r5t4y3u2i1o0p9a8s7d6", "/keys/*"),
        ("/search?key=tk_x3k9j2m8n#top", "/search"),
        ("/reports/2026-11-21", "/reports/*"),
        ("/a/" + "x" * 20, "/a/*"),
        ("/invite/qWeRtYuIoPasDfGhJkLzXc", "/invite/*"),
        ("/users/ada.lovelace/mail/ada@example.com", "/users/*/mail/*"),
        ("http://ada:secret@host/items", "/items"),
        ("", "/"),
        ("/", "/"),
        ("/caf\u202eé", "/caf\\u202eé"),
    ],
)
def test_a_route_leaves_out_what_changes(path: str, route: str) -> None:
    assert route_of(path) == route


@given(st.text())
def test_a_route_is_short_and_stays_what_it_is(path: str) -> None:
    assert len(route_of(path)) <= LONGEST_ROUTE * 10  # one character may be written as ten
    assert harmless(route_of(path)) == route_of(path)


@given(st.from_regex(r"(/[a-z]{1,10}){1,5}", fullmatch=True))
def test_a_plain_path_is_its_own_route(path: str) -> None:
    assert route_of(path) == path[:LONGEST_ROUTE]
