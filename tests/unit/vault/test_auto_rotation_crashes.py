"""Auto-rotation dies between any two steps, targets fail, time passes, old versions stay in use: nobody is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keytui.domain.automation import Selection, What
from tests.unit.vault.shop import Death, Place, Shop

FAULTS = ("", "away", "refuses", "cut off before", "cut off after")


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One vault for all of them: each brings a key of its own."""
    opened = Shop.open(tmp_path_factory.mktemp("street") / "vault")
    yield opened
    opened.close()


def calls_of_a_run(shop: Shop, name: str, **places: bool) -> int:
    """How often a run that nothing happens to may be interrupted."""
    shop.furnish(*(Place(place, readable) for place, readable in places.items()), name=name)
    shop.pass_(24)
    death = Death()
    shop.run(death)
    close_down(shop)
    return death.calls


def close_down(shop: Shop) -> None:
    """The key's days are over."""
    shop.vault.disable_auto_rotation(Selection(shop.key_id))


def test_a_run_that_dies_at_any_call_is_carried_on_by_the_next(street: Shop) -> None:
    places = {"a": True, "b": True}
    for at in range(1, calls_of_a_run(street, "whole", **places) + 1):
        street.furnish(*(Place(name, readable) for name, readable in places.items()), name=f"readable-{at}")
        street.pass_(24)
        assert street.run(Death(at)) is None
        street.see_that_nobody_is_cut_off()
        undelivered = [one for one in street.versions() if one.delivered_at is None and one.number in street.accepted()]
        assert len(undelivered) <= 1

        street.outlive_turn()
        street.run_watched()

        assert set(street.standing().values()) == {max(street.accepted())}, f"after dying at call {at}"
        assert len(street.accepted()) == 2
        assert street.note() == ""
        street.see_that_nobody_is_cut_off()
        close_down(street)


def test_where_a_place_cannot_be_read_somebody_may_have_to_look(street: Shop) -> None:
    places = {"a": False, "b": True}
    stuck = 0
    for at in range(1, calls_of_a_run(street, "blind", **places) + 1):
        street.furnish(*(Place(name, readable) for name, readable in places.items()), name=f"blind-{at}")
        street.pass_(24)
        assert street.run(Death(at)) is None
        street.outlive_turn()
        street.run()
        street.see_that_nobody_is_cut_off()
        if street.note():
            assert "a may hold it" in street.note()
            stuck += 1
        else:
            assert set(street.standing().values()) == {max(street.accepted())}
        close_down(street)
    assert 0 < stuck <= 7, "only between the note that a delivery begins and the end of the next"


def test_the_end_of_a_rotation_dies_as_well_as_its_beginning(street: Shop) -> None:
    """At every call until the next version is planned; from there on it is a beginning."""
    for at in range(1, 16):
        street.furnish(Place("a"), name=f"end-{at}")
        street.pass_(24)
        street.run()
        street.pass_(24)
        street.run(Death(at))
        street.see_that_nobody_is_cut_off()
        street.outlive_turn()
        street.run()
        street.pass_(2)
        assert street.run(Death(at)) is None
        street.see_that_nobody_is_cut_off()
        street.outlive_turn()
        street.run()
        assert len(street.accepted()) == 2
        assert street.accepted()[0] == 2
        assert street.standing() == {"a": street.accepted()[1]}
        close_down(street)


Step = tuple[str, int, str]
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("pass"), st.sampled_from((1, 2, 25)), st.just("")),
    st.tuples(st.just("run"), st.just(0), st.just("")),
    st.tuples(st.just("die"), st.integers(1, 35), st.just("")),
    st.tuples(st.just("fail"), st.integers(0, 1), st.sampled_from(FAULTS)),
    st.tuples(st.just("late"), st.integers(0, 1), st.just("")),
)
numbers = iter(range(10**6))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    readable=st.tuples(st.booleans(), st.booleans()),
    reversible=st.tuples(st.booleans(), st.booleans()),
    keep_previous=st.booleans(),
    steps=st.lists(STEPS, min_size=3, max_size=14),
)
def test_nobody_is_cut_off_whatever_happens(
    street: Shop, readable: tuple[bool, bool], reversible: tuple[bool, bool], keep_previous: bool, steps: list[Step]
) -> None:
    shop = street
    places = [Place(name, readable[n], reversible[n]) for n, name in enumerate("ab")]
    shop.furnish(*places, keep_previous=keep_previous, name=f"any-{next(numbers)}")
    shop.pass_(24)
    for what, number, fault in [*steps, ("fail", 0, ""), ("fail", 1, "")]:
        if what == "pass":
            shop.pass_(number)
        elif what == "run":
            shop.run_watched()
        elif what == "die":
            if shop.run(Death(number)) is None:
                shop.outlive_turn()
        elif what == "fail":
            places[number].fault = fault
        elif len(shop.accepted()) == 2:
            shop.use_old(shop.accepted()[0])
        shop.see_that_nobody_is_cut_off()

    shop.pass_(25)
    report = shop.run_watched()

    (*_, last) = report.outcomes
    progressed = last.what in {What.ROTATED, What.RETIRED, What.COMPLETED, What.WAITING}
    assert progressed or last.note, "a key is carried on, or it says why not"
    shop.see_that_nobody_is_cut_off()
    close_down(shop)


def test_two_who_run_at_the_same_moment_rotate_once(street: Shop) -> None:
    street.furnish(Place("a"), Place("b"), name="twice")
    street.pass_(24)
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda _: street.run(), range(8)))
    rotated = [one for report in reports if report is not None for one in report.outcomes if one.what is What.ROTATED]
    assert len(rotated) == 1
    assert street.accepted() == [1, 2]
    assert street.standing() == {"a": 2, "b": 2}
    close_down(street)
