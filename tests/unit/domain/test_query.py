"""The filter language, also half-typed."""

from __future__ import annotations

import contextlib
import shlex
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytui.domain.errors import Invalid
from keytui.domain.query import Comparison, Facet, Query, Sort, SortField, Term, parse, parse_sort, written

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", ()),
        ("   ", ()),
        ("Checkout", (Term(Facet.TEXT, "checkout"),)),
        ("env:production", (Term(Facet.ENVIRONMENT, "production"),)),
        ("environment:Production", (Term(Facet.ENVIRONMENT, "production"),)),
        ("ENV:production FLAG:Stale", (Term(Facet.ENVIRONMENT, "production"), Term(Facet.FLAG, "stale"))),
        ("-env:development", (Term(Facet.ENVIRONMENT, "development", negated=True),)),
        ("-checkout", (Term(Facet.TEXT, "checkout", negated=True),)),
        ("-", (Term(Facet.TEXT, "-"),)),
        ("scope:bookings:read", (Term(Facet.SCOPE, "bookings:read"),)),
        ("name:a:b", (Term(Facet.TEXT, "a:b"),)),
        ('owner:"Team Red"', (Term(Facet.OWNER, "team red"),)),
        ('-"two words"', (Term(Facet.TEXT, "two words", negated=True),)),
        ("10.0.3.7:8080", (Term(Facet.TEXT, "10.0.3.7:8080"),)),
        ("unused:>30d", (Term(Facet.UNUSED, ">30d", False, Comparison.OVER, 30 * DAY),)),
        ("-expires:<2W", (Term(Facet.EXPIRES, "<2w", True, Comparison.UNDER, 14 * DAY),)),
        ("age:>1d12h", (Term(Facet.AGE, ">1d12h", False, Comparison.OVER, 1.5 * DAY),)),
        ("kind:api-key issuer:builtin", (Term(Facet.KIND, "api-key"), Term(Facet.ISSUER, "builtin"))),
        ("tenant:acme app:web", (Term(Facet.TENANT, "acme"), Term(Facet.APP, "web"))),
    ],
)
def test_a_query_is_read(text: str, terms: tuple[Term, ...]) -> None:
    assert parse(text) == Query(terms)


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("env:", "nothing after the colon", "as in env:production"),
        ("name:", "nothing after the colon", "as in name:production"),
        ("-flag:", "nothing after the colon", "as in flag:leaked"),
        ("flag:sta", "no flag is called 'sta'", "stale"),
        ("-flag:Disabled", "no flag is called 'Disabled'", "that is state:disabled"),
        ("state:gone", "no state is called 'gone'", "disabled"),
        ("kind:key", "no kind is called 'key'", "api-key"),
        ("owners:x", "'owners'", "owner:"),
        ("text:x", "'text'", "plain words"),
        ("unused:30d", "needs > or <", "as in unused:>30d"),
        ("unused:>", "not a duration", "90d"),
        ("age:<3", "not a duration", "90d"),
        ('owner:"Team', "inside a quote", "close"),
        ("o'brien", "inside a quote", "close"),
        ("trailing\\", "after a backslash", "remove"),
    ],
)
def test_half_typed_input_names_the_word_and_what_would_do(text: str, says: str, hint: str) -> None:
    with pytest.raises(Invalid, match=says) as invalid:
        parse(text)
    assert hint in invalid.value.hint


_PIECES = st.sampled_from([*(f"{facet}:" for facet in Facet), ">30d", "<", "-", '"', "'", "\\", " ", ":", "stale", "x"])


@given(st.text() | st.lists(_PIECES).map("".join))
def test_any_text_is_a_query_or_invalid(text: str) -> None:
    try:
        terms = parse(text).terms
    except Invalid as invalid:
        assert invalid.hint  # noqa: PT017  # either outcome is right, and this one needs its way out
        return
    for term in terms:
        assert term.value == term.value.lower()
        assert (term.duration is None) == (term.comparison is None)


@given(st.sampled_from([Facet.ENVIRONMENT, Facet.OWNER, Facet.SCOPE]), st.from_regex(r"[a-z0-9 .:>-]+", fullmatch=True))
def test_a_quoted_value_comes_through_whole(facet: Facet, value: str) -> None:
    assert parse(f'{facet}:"{value}"').terms == (Term(facet, value),)
    assert parse(f'-{facet}:"{value}"').terms == (Term(facet, value, negated=True),)


def test_only_a_state_term_asks_for_states() -> None:
    assert parse("state:revoked x").asks_revoked
    assert parse("flag:drifted").asks_revoked
    assert not parse("flag:due -flag:drifted x").asks_revoked


def test_a_sort_is_read_or_refused() -> None:
    assert parse_sort("last-used") == Sort(SortField.LAST_USED)
    assert parse_sort("-age") == Sort(SortField.AGE, descending=True)
    for wrong in ("", "-", "--age", "size"):
        with pytest.raises(Invalid) as invalid:
            parse_sort(wrong)
        assert "last-used" in invalid.value.hint


@given(
    st.lists(
        st.builds(
            lambda sign, facet, value: f"{sign}{facet}{value}",
            st.sampled_from(["", "-"]),
            st.sampled_from(["", "name:", "env:", "owner:", "scope:"]),
            st.text(max_size=8),
        )
    )
)
def test_a_query_that_is_written_down_reads_the_same(words: list[str]) -> None:
    terms: list[Term] = []
    for word in words:
        with contextlib.suppress(Invalid):
            terms += parse(shlex.quote(word)).terms
    assert parse(written(Query(tuple(terms)))) == Query(tuple(terms))


@pytest.mark.parametrize(
    "text", ["unused:>30d -expires:<2w", "flag:stale -- '-x' name:-x '' -", "name:a:b 10.0.3.7:80"]
)
def test_every_sort_of_term_is_written_down(text: str) -> None:
    assert parse(written(parse(text))) == parse(text)
