"""One value added to a list between commas, or taken away, and the others as they stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytui.issuers.comma_list import items_of, with_item, without_item

LISTS = st.text(st.sampled_from("ab, \n"), max_size=12)
ITEMS = st.sampled_from(["a", "b", "new"])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "new"),
        (" , ", "new"),
        ("a", "a,new"),
        ("a, b", "a, b, new"),
        ("a,b,", "a,b,new,"),
        ("a,\n  b", "a,\n  b,\n  new"),
        ("a,,b", "a,,b,new"),
        ("a,new,b", "a,new,b"),
    ],
)
def test_a_new_value_comes_last_as_the_others_stand(before: str, after: str) -> None:
    assert with_item(before, "new") == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("old", ""),
        ("old,", ""),
        ("a,old", "a"),
        ("old, b", "b"),
        ("a, old, b", "a, b"),
        ("old,a,old", "a"),
        ("a,,old", "a,"),
        ("a, b ", "a, b "),
        ("older,bold", "older,bold"),
    ],
)
def test_a_value_leaves_however_often_it_stands_there(before: str, after: str) -> None:
    assert without_item(before, "old") == after


@given(LISTS, ITEMS)
def test_adding_and_taking_away_touch_no_other(text: str, item: str) -> None:
    items = items_of(text)
    others = tuple(other for other in items if other != item)
    assert items_of(without_item(text, item)) == others
    assert items_of(with_item(text, item)) == (items if item in items else (*items, item))
    assert items_of(without_item(with_item(text, item), item)) == others
