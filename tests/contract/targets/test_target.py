"""What every target holds to, whatever it writes to."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

import pytest

from keytui.domain.errors import KeytuiError, Refused
from keytui.domain.text import harmless
from keytui.targets.target import CarriesBoth, KeepsFormer
from tests.contract.targets.case import KEY, NEW, NEWER, OLD, Case

ODD: Final = (
    "my key",
    "a/b",
    "..",
    "../other",
    "a\\b",
    "-rf",
    ".hidden",
    "a:b",
    "a;b",
    "*",
    "{id}",
    "ключ",
    "é",
    "a\nb",
    "",
)
"""Names of keys that a path, a pattern, an option or a store's own words could be made of."""


def reads_back_nothing_else(case: Case) -> None:
    """What the target says it holds is what its consumer reads."""
    if case.target.abilities.reads_back:
        assert case.target.read_back(KEY) == case.consumed()


def test_rehearsing_writes_nothing(case: Case) -> None:
    before = case.everything()
    case.target.rehearse(KEY)
    assert case.everything() == before


def test_the_consumer_reads_what_was_delivered(case: Case) -> None:
    reads_back_nothing_else(case)
    case.target.deliver(KEY, 2, NEW)
    assert case.consumed() == NEW
    reads_back_nothing_else(case)


def test_delivering_twice_is_delivering_once(case: Case) -> None:
    case.target.deliver(KEY, 2, NEW)
    before = case.everything()
    case.target.deliver(KEY, 2, NEW)
    assert case.everything() == before


def test_an_older_version_does_not_replace_a_newer(case: Case) -> None:
    if not case.knows_order:
        pytest.skip("nothing tells which version this one holds")
    case.target.deliver(KEY, 3, NEWER)
    with suppress(KeytuiError):  # it may also be silent about what is not to be done
        case.target.deliver(KEY, 2, NEW)
    assert case.consumed() == NEWER


def test_rolling_back_restores_what_stood_there(case: Case) -> None:
    case.target.deliver(KEY, 2, NEW)
    if not case.target.abilities.rolls_back:
        with pytest.raises(Refused):
            case.target.roll_back(KEY, 2)
        assert case.consumed() == NEW
        return
    case.target.roll_back(KEY, 2)
    assert case.consumed() == OLD
    reads_back_nothing_else(case)

    case.target.deliver(KEY, 3, NEWER)
    case.target.roll_back(KEY, 3)
    assert case.consumed() == OLD


def test_a_version_that_was_never_there_is_not_rolled_back(case: Case) -> None:
    case.target.deliver(KEY, 2, NEW)
    with pytest.raises(Refused):
        case.target.roll_back(KEY, 7)
    assert case.consumed() == NEW


def test_a_newer_version_stays_when_an_older_is_rolled_back(case: Case) -> None:
    case.target.deliver(KEY, 2, NEW)
    case.target.deliver(KEY, 3, NEWER)
    with suppress(Refused):
        case.target.roll_back(KEY, 2)
    assert case.consumed() == NEWER


def test_what_can_be_rolled_back_is_still_so_after_delivering_twice(case: Case) -> None:
    if not case.target.abilities.rolls_back:
        pytest.skip("it does not go back")
    case.target.deliver(KEY, 2, NEW)
    case.target.deliver(KEY, 2, NEW)
    case.target.roll_back(KEY, 2)
    case.target.roll_back(KEY, 2)
    assert case.consumed() == OLD


def test_a_place_that_is_gone_is_said_to_be(case: Case) -> None:
    """Before anything is issued, too, and by an error that a face can show."""
    case.cut_off()
    with pytest.raises(KeytuiError):
        case.target.rehearse(KEY)
    with pytest.raises(KeytuiError):
        case.target.deliver(KEY, 2, NEW)


def test_nothing_that_it_says_holds_a_secret(case: Case) -> None:
    said: list[object] = [case.target, case.target.name, case.target.place(KEY)]
    attempts: tuple[Callable[[], object], ...] = (
        lambda: case.target.deliver(KEY, 3, NEWER),
        lambda: case.target.deliver(KEY, 2, NEW),
        lambda: case.target.roll_back(KEY, 7),
        case.cut_off,
        lambda: case.target.rehearse(KEY),
        lambda: case.target.deliver(KEY, 4, NEW),
        lambda: case.target.roll_back(KEY, 4),
    )
    for attempt in attempts:
        try:
            attempt()
        except KeytuiError as error:
            said += [error.message, error.hint, repr(error), repr(error.__cause__)]
    for text in (f"{one} {one!r}" for one in said):
        assert not [secret for secret in (OLD, NEW, NEWER) if secret.reveal()[:12] in text]
        assert harmless(text) == text


def test_where_it_stands_is_said_without_asking_there(case: Case) -> None:
    """A run compares the places of all keys: that must not fail for one that is unreachable."""
    place = case.target.place(KEY)
    case.cut_off()
    assert place
    assert case.target.place(KEY) == place


def test_a_name_that_could_mean_another_place_there_is_refused_in_words(case: Case) -> None:
    target = case.target
    if target.place(KEY) == target.place(replace(KEY, name="other")):
        pytest.skip("its place has no name in it")
    before = case.everything()
    for name in ODD:
        odd = replace(KEY, id="k2", name=name)
        attempts: tuple[Callable[[], object], ...] = (
            partial(target.place, odd),
            partial(target.rehearse, odd),
            partial(target.deliver, odd, 1, NEW),
            *((partial(target.read_back, odd),) if target.abilities.reads_back else ()),
            *((partial(target.roll_back, odd, 1),) if target.abilities.rolls_back else ()),
        )
        for attempt in attempts:
            with pytest.raises(Refused, match="cannot stand in") as refused:
                attempt()
            assert repr(name) in refused.value.message
            assert "{id}" in refused.value.hint
    assert case.everything() == before
    assert case.consumed() == OLD


def test_what_keeps_the_former_secret_tells_it_to_its_key_alone(case: Case) -> None:
    target = case.target
    if not target.abilities.keeps_former:
        pytest.skip("it does not tell")
    assert isinstance(target, KeepsFormer)
    assert target.read_former(KEY) is None
    target.deliver(KEY, 2, NEW)
    before = case.everything()
    assert target.read_former(KEY) == OLD
    assert target.read_former(replace(KEY, id="k2")) is None
    assert case.everything() == before
    target.deliver(KEY, 2, NEW)
    assert target.read_former(KEY) == OLD

    target.deliver(KEY, 3, NEWER)
    assert target.read_former(KEY) == NEW
    assert case.target.read_back(KEY) == NEWER


def test_what_carries_both_has_the_former_secret_until_it_is_settled(case: Case) -> None:
    target = case.target
    if not target.abilities.carries_both:
        pytest.skip("its consumers have one secret")
    assert isinstance(target, CarriesBoth)
    target.deliver(KEY, 2, NEW)
    assert target.read_previous(KEY) == OLD
    with pytest.raises(Refused):
        target.settle(KEY, 3)
    assert target.read_previous(KEY) == OLD

    target.settle(KEY, 2)
    assert target.read_previous(KEY) is None
    assert case.consumed() == NEW
    before = case.everything()
    target.settle(KEY, 2)
    assert case.everything() == before

    target.deliver(KEY, 3, NEWER)
    assert target.read_previous(KEY) == NEW
    target.roll_back(KEY, 3)
    assert case.consumed() == NEW
