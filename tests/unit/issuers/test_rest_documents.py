"""What is read from an answer, and written into a question."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from keytui.domain.errors import Invalid
from keytui.domain.json_pointers import MISSING, at, put
from keytui.issuers.rest.documents import parsed, text_at, texts_at, time_at

DOCUMENT = {"a": {"b/c": [{"~": 7}]}, "t": "two\nlines", "n": None, "f": False}


def test_a_pointer_leads_through_tables_and_lists() -> None:
    assert at(DOCUMENT, "/a/b~1c/0/~0") == 7
    assert at(DOCUMENT, "") == DOCUMENT
    assert at(DOCUMENT, "/n") is None
    assert at(DOCUMENT, "/a/b~1c/1") is MISSING
    assert at(DOCUMENT, "/t/0") is MISSING


def test_a_value_is_put_where_a_pointer_leads_and_what_was_there_stays() -> None:
    assert put({"draft": {"name": "a"}, "x": 1}, "/draft/scopes/read~1all", "yes") == {
        "draft": {"name": "a", "scopes": {"read/all": "yes"}},
        "x": 1,
    }
    assert DOCUMENT["n"] is None


def test_texts_are_made_harmless() -> None:
    assert text_at(DOCUMENT, "/t") == "two\\x0alines"
    assert text_at(DOCUMENT, "/f") == text_at(DOCUMENT, "/a") == text_at(DOCUMENT, "") == ""
    assert text_at({"id": 7}, "/id") == "7"
    assert texts_at({"s": ["a\x1b[2J", "", 3, "b"]}, "/s") == ("a\\x1b[2J", "b")
    assert texts_at({"s": "one"}, "/s") == ("one",)


@pytest.mark.parametrize(
    "written", ["2026-11-20T23:20:34.561Z", "2026-11-21T00:20:34.561+01:00", 1795216834.561, 1795216834561]
)
def test_a_time_is_read_however_it_is_written(written: object) -> None:
    assert time_at({"t": written}, "/t", "it") == datetime(2026, 11, 20, 23, 20, 34, 561000, UTC)


@pytest.mark.parametrize("written", ["2026-11-20T23:20:34", "tk_j1yCOormdRAZ", 1e300, True, [1]])
def test_what_is_no_time_is_said_and_not_repeated(written: object) -> None:
    with pytest.raises(Invalid, match="it: what /t leads to is no time with a zone") as wrong:
        time_at({"t": written}, "/t", "it")
    assert "j1yC" not in str(wrong.value)


def test_no_time_is_none() -> None:
    assert time_at({"t": None}, "/t", "it") is time_at({}, "/t", "it") is time_at({"t": 1}, "", "it") is None


def test_what_is_no_json_is_missing() -> None:
    assert parsed(b"<html>") is parsed(b"[" * 100_000) is parsed(b"\xff") is MISSING
