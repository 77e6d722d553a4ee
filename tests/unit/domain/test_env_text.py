"""One variable of a .env file, against what python-dotenv reads of the same text."""

from __future__ import annotations

import time
from contextlib import suppress
from io import StringIO

import pytest
from dotenv.parser import parse_stream
from hypothesis import assume, example, given
from hypothesis import strategies as st

from keytui.domain.env_text import checked_variable, value_in, with_value, without_variable
from keytui.domain.errors import Invalid
from keytui.domain.secrets import Secret

_PIECES = [
    "A",
    "B",
    "A=1",
    "A=",
    "B=x",
    "export",
    "#c",
    "=",
    "'",
    '"',
    "\\",
    "\\'",
    '\\"',
    "\\n",
    "\n",
    "\r\n",
    "\r",
    "\t",
]
_PIECES += ["\x0b", "\x85", "\u2028", "\ufeff", "$", "${A}", "`", ",", "é", "\udcff", " ", "'A'=", 'A="', "A='", "A = "]
_PIECES += ["export A=", " # c"]
TEXTS = st.lists(st.sampled_from(_PIECES), max_size=14).map("".join)
VALUES = st.text(st.sampled_from("ab,=+/ #'\"\\$`{}\n\r-é"), max_size=8)


def read(text: str) -> list[tuple[str, str | None]]:
    """Every assignment, as python-dotenv reads it, in order."""
    found = parse_stream(StringIO(text, newline=""))
    return [(line.key, line.value) for line in found if line.key is not None]


def assigned(text: str, variable: str) -> list[str]:
    return [value for name, value in read(text) if name == variable and value is not None]


def unreadable(text: str) -> list[str]:
    return [line.original.string for line in parse_stream(StringIO(text, newline="")) if line.error]


@given(TEXTS)
@example("A= # nothing")
@example("A=#1")
@example("\ufeffA=1")
def test_a_value_is_read_as_python_dotenv_reads_it(text: str) -> None:
    expected = assigned(text, "A")
    try:
        value = value_in(text, "A")
    except Invalid:
        backticks = any(value.startswith("`") for value in expected)
        assert backticks or len(expected) > 1 or any("A" in line for line in unreadable(text))
        return
    assert expected == ([] if value is None else [value.reveal()])


@given(TEXTS, VALUES)
@example("A= # empty", "x")
@example("A=1", "")
@example("B='open", "it's")
def test_setting_one_changes_that_and_nothing_else(text: str, value: str) -> None:
    try:
        changed = with_value(text, "A", Secret(value))
    except Invalid:
        return
    assert assigned(changed, "A") == [value]
    others = [line for line in read(text) if line[0] != "A" or line[1] is None]
    assert [line for line in read(changed) if line[0] != "A" or line[1] is None] == others


@given(TEXTS)
def test_without_it_all_others_are_as_before(text: str) -> None:
    assume("\ufeff" not in text[1:])  # one that comes to stand first is read as the file's mark
    try:
        changed = without_variable(text, "A")
    except Invalid:
        return
    assert assigned(changed, "A") == []
    assert len(changed) <= len(text)
    others = [line for line in read(text) if line[0] != "A" or line[1] is None]
    assert [line for line in read(changed) if line[0] != "A" or line[1] is None] == others


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("A=1\nB=2\n", "x", "A=x\nB=2\n"),
        ("# head\r\nexport A = 'old' # why\r\nB=2", "x", "# head\r\nexport A = 'x' # why\r\nB=2"),
        ('A="old"\n', "a b", 'A="a b"\n'),
        ("A=old # why\n", "a b", "A='a b' # why\n"),
        ("A= # why\n", "x", "A=x # why\n"),
        ("A=old # why\n", "", "A= # why\n"),
        ("A='one\ntwo'\nB=2\n", "x", "A='x'\nB=2\n"),
        ("B=2", "x", "B=2\nA=x\n"),
        ("B=2\r\n", "x", "B=2\r\nA=x\r\n"),
        ("", "x", "A=x\n"),
        ("\ufeff", "x", "\ufeffA=x\n"),
        ("\ufeffA=1", "x", "\ufeffA=x"),
        ("A=old\n", "it's", 'A="it\'s"\n'),
        ("A=old\n", "a#b", "A='a#b'\n"),
        ("A=old\n", "C:\\dir", "A='C:\\dir'\n"),
        ("A\n", "x", "A\nA=x\n"),
        ("A=a, b # why\n", "a, b, c", "A=a, b, c # why\n"),
        ("A=a, b\n", "a, b #c", "A='a, b #c'\n"),
    ],
)
def test_how_a_value_stands_in_the_text(before: str, value: str, after: str) -> None:
    assert with_value(before, "A", Secret(value)) == after


@pytest.mark.parametrize("value", ['it\'s "so"', "${HOME}", "a\\", "a\\'b", "line\r\nbreak", "nul\0"])
def test_a_value_that_readers_would_take_differently_is_refused(value: str) -> None:
    with pytest.raises(Invalid, match="that readers take differently") as refused:
        with_value("A=1\n", "A", Secret(value))
    assert value not in refused.value.message


def test_a_variable_that_is_set_twice_is_named_with_its_lines() -> None:
    with pytest.raises(Invalid, match="more than once, in lines 1, 3") as refused:
        with_value("A=canary\nB=2\r\nA=2\n", "A", Secret("x"))
    assert "canary" not in refused.value.message + refused.value.hint


@pytest.mark.parametrize("text", ['B=1\nA="open\n', "B=1\nA='x'y\n", 'B="open\nA=1\nC="x"\n'])
def test_a_line_that_cannot_be_read_is_no_reason_to_write_another(text: str) -> None:
    with pytest.raises(Invalid, match=r"line [12] sets A in a way that cannot be read"):
        with_value(text, "A", Secret("x"))


@pytest.mark.parametrize("text", ["B='open\n", 'B="line1\nA=old\n', "C=1\nexport B='open\n\nA=x\n"])
def test_to_some_readers_an_open_quote_swallows_what_stands_behind_it(text: str) -> None:
    with pytest.raises(Invalid, match="opens a quote that nothing closes"):
        with_value(text, "A", Secret("a b"))


def test_a_quote_that_is_open_behind_it_swallows_nothing() -> None:
    assert with_value("A=old\nB='open\n", "A", Secret("new")) == "A=new\nB='open\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [("A=1\nB=2\n", "B=2\n"), ("B=2\n\n  A=1\r\n# end", "B=2\n\n# end"), ("\ufeffA=1", "\ufeff"), ("B=2\n", "B=2\n")],
)
def test_a_line_that_goes(before: str, after: str) -> None:
    assert without_variable(before, "A") == after


@pytest.mark.parametrize("name", ["", "A-B", "1A", "A B", "A=", "É"])
def test_what_is_no_name_of_a_variable(name: str) -> None:
    with pytest.raises(Invalid, match="letters, digits and underscores"):
        checked_variable(name)


@pytest.mark.parametrize(
    "text",
    ["A=x" + " " * 10**6 + "x\n", "A='" * 10**5, 'A="\\' * 10**5, "#\n" * 30_000, "A=#" * 10**5, "B=1 #" * 10**5],
    ids=["blanks", "quotes", "escapes", "comments", "marks", "hashes"],
)
def test_a_hostile_text_is_read_in_bounded_time(text: str) -> None:
    began = time.monotonic()
    with suppress(Invalid):
        value_in(text, "B")
    assert time.monotonic() - began < 3
