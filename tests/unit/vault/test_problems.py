"""Every error reads the same on both ends of the line."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keytui.domain import errors
from keytui.domain.errors import (
    AlreadyDone,
    Ambiguous,
    ApprovalNeeded,
    Invalid,
    KeytuiError,
    Refused,
    RotationOpen,
    Unreachable,
    Unsafe,
)
from keytui.domain.text import harmless
from keytui.domain.verdict import Assessment
from keytui.vault.problems import STATUSES, Problem, error_of, problem_of
from keytui.vault.wire import decode, encode
from tests.unit.vault.travelling import TEXT

WORDS = TEXT.map(harmless)
WITH_FIELDS: dict[type[KeytuiError], st.SearchStrategy[KeytuiError]] = {
    Ambiguous: st.builds(Ambiguous, WORDS, st.lists(WORDS).map(tuple)),
    RotationOpen: st.builds(RotationOpen, WORDS, WORDS, st.integers(0, 2**62)),
    Unsafe: st.builds(Unsafe, WORDS, WORDS, st.from_type(Assessment)),
    AlreadyDone: st.builds(AlreadyDone, WORDS, WORDS, WORDS),
    ApprovalNeeded: st.builds(ApprovalNeeded, WORDS, WORDS, st.integers(0, 2**62)),
}


def _listed() -> list[type[KeytuiError]]:
    found = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, KeytuiError)]
    return [each for each in found if each is not KeytuiError]


@pytest.mark.parametrize("kind", _listed(), ids=lambda kind: kind.__name__)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_error_comes_back_the_same(kind: type[KeytuiError], data: st.DataObject) -> None:
    error = data.draw(WITH_FIELDS.get(kind, st.builds(kind, WORDS, WORDS)))
    told = problem_of(error)
    assert told.status == STATUSES[kind]
    back = error_of(decode(Problem, encode(told)))
    assert type(back) is kind
    assert {**vars(back), "args": back.args} == {**vars(error), "args": error.args}


def test_an_error_that_is_not_listed_is_told_as_what_it_is() -> None:
    class TooTall(Invalid):
        pass

    assert problem_of(TooTall("too tall", "stoop")) == Problem(
        "urn:keytui:problem:invalid", "Invalid", 422, "too tall", "stoop"
    )


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (409, Refused),
        (418, Refused),
        (408, Unreachable),
        (429, Unreachable),
        (500, Unreachable),
        (503, Unreachable),
    ],
)
def test_a_problem_of_tomorrow_is_told_by_its_status(status: int, kind: type[KeytuiError]) -> None:
    back = error_of(Problem("urn:keytui:problem:too-late", "Too late", status, "it is too late", "come earlier"))
    assert type(back) is kind
    assert (back.message, back.hint) == ("it is too late", "come earlier")


def test_a_field_that_is_missing_makes_a_plainer_error_and_no_crash() -> None:
    assert type(error_of(Problem("urn:keytui:problem:unsafe", "Unsafe", 409, "no"))) is Refused


def test_what_a_problem_says_cannot_move_the_cursor() -> None:
    assert error_of(Problem("about:blank", "", 502, "\x1b[2J")).message == "\\x1b[2J"
