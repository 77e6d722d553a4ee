"""How a version stands at its issuer, and which of the issuer's versions is which of ours."""

from __future__ import annotations

import gc
import time
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytui.domain.drift import Drift, Known, Told, drift_between, heirs, is_over, match


@pytest.mark.parametrize(
    ("here", "there", "drift"),
    [
        (True, True, None),
        (False, False, None),
        (False, None, None),
        (True, None, Drift.VANISHED),
        (True, False, Drift.REFUSED),
        (False, True, Drift.STILL_ACCEPTED),
    ],
)
def test_where_the_two_disagree(here: bool, there: bool | None, drift: Drift | None) -> None:
    assert drift_between(here, there) is drift


def test_what_appeared_stays_so_until_somebody_has_seen_to_it_or_it_is_worse_or_over() -> None:
    before = Drift.APPEARED
    assert drift_between(True, True, before) is Drift.APPEARED
    assert drift_between(True, True, before, seen=True) is None
    assert drift_between(True, None, before) is Drift.VANISHED
    assert drift_between(False, False, before) is None


@given(st.booleans(), st.sampled_from([True, False, None]), st.sampled_from([None, *Drift]), st.booleans())
def test_what_cannot_be_so_any_more_is_not_said_by_a_comparison(
    here: bool, there: bool | None, before: Drift | None, seen: bool
) -> None:
    found = drift_between(here, there, before, seen=seen)
    assert found is None or not is_over(found, here)


def digest(value: str) -> str:
    return sha256(value.encode()).hexdigest()


def known(value: str, number: int = 1, **more: object) -> Known:
    """A version whose value we had."""
    one = Known(f"key-{value}", number, digest(value), value[:12])
    return replace(one, **more)  # type: ignore[arg-type]  # tests name the fields they mean


def told(value: str, tells: str, prefix: int = 12) -> Told:
    """The same as its issuer tells of it, if it tells the value, a name and so many characters."""
    return Told(
        frozenset({digest(value)}) if "value" in tells else frozenset(),
        value[:prefix] if "prefix" in tells else "",
        f"id of {value}" if "name" in tells else "",
    )


values = st.lists(st.text("abcdef", min_size=20, max_size=24), unique_by=lambda value: value[:12], max_size=6)


@given(values, values, values, st.sampled_from(["value", "prefix", "name prefix", "value name prefix"]))
def test_each_is_found_again_by_whatever_tells_of_it(
    both: list[str], ours: list[str], theirs: list[str], tells: str
) -> None:
    """Random vaults and issuers that share some versions; no two begin alike."""
    begun = {value[:12] for value in both}
    ours = [value for value in ours if value[:12] not in begun]
    theirs = [value for value in theirs if value[:12] not in begun | {other[:12] for other in ours}]
    named = "name" in tells
    here = [known(value, reference=f"id of {value}" if named else "") for value in (*both, *ours)]

    matched = match(here, [told(value, tells) for value in (*theirs, *both)])

    assert [matched.pairs[place].key_id for place in sorted(matched.pairs)] == [f"key-{value}" for value in both]
    assert {one.key_id for one in matched.missing} == {f"key-{value}" for value in ours}
    assert matched.doubtful == frozenset()


VALUE, OTHER = "tk_aaaaaaaaaaaaaaaa", "tk_bbbbbbbbbbbbbbbb"


def test_a_new_value_under_an_old_name_is_another_version_and_the_keys_heir() -> None:
    ours = known(VALUE, reference="5")
    theirs = Told(prefix=OTHER[:12], reference="5")
    matched = match([ours], [theirs])
    assert (matched.pairs, matched.missing) == ({}, (ours,))
    assert heirs([ours, known(OTHER)]) == {"5": {ours.key_id}}


def test_under_one_name_the_value_is_told_by_how_it_begins() -> None:
    first, second = known(VALUE, reference="5"), known(OTHER, 2, reference="5")
    matched = match([first, second], [Told(prefix="tk_aaa", reference="5")])
    assert (matched.pairs, matched.missing) == ({0: first}, (second,))


def test_a_few_characters_make_nobody_known_and_let_nobody_vanish() -> None:
    matched = match([known(VALUE)], [Told(prefix="tk_aaa", reference="5")])
    assert (matched.pairs, matched.missing, matched.doubtful) == ({}, (), frozenset())


def test_two_that_begin_alike_are_not_told_apart_by_it() -> None:
    twins = [Told(prefix=VALUE[:12], reference=name) for name in "56"]
    matched = match([known(VALUE)], twins)
    assert (matched.pairs, matched.missing) == ({}, ())


def test_what_is_being_issued_may_be_what_was_told_and_has_not_vanished() -> None:
    pending = Known("key-1", 2, accepted=False, busy=True)
    stranger = Told(prefix=VALUE[:12], reference="5")
    matched = match([pending], [stranger])
    assert not matched.pairs
    assert not matched.missing
    assert matched.doubtful == frozenset({0})
    assert match([replace(pending, reference="6")], [stranger]).doubtful == frozenset()


beginnings = st.text("ab", max_size=3)
names = st.sampled_from(["", "5", "6"])
digests = st.frozensets(st.sampled_from("xyz"), max_size=2)


@given(
    st.lists(st.builds(Known, st.uuids().map(str), st.just(1), st.sampled_from(["", "x", "y"]), beginnings, names)),
    st.lists(st.builds(Told, digests, beginnings, names)),
)
def test_nothing_has_vanished_that_one_of_those_told_may_be(ours: list[Known], theirs: list[Told]) -> None:
    """Beside the definition, which looks at every one for each of the others."""

    def may_be(one: Known, other: Told) -> bool:
        if one.digest and other.digests:
            return one.digest in other.digests
        named = one.reference and other.reference and one.reference != other.reference
        return not named and (one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix))

    ours = [replace(one, busy=number % 3 == 0) for number, one in enumerate(ours)]
    matched = match(ours, theirs)
    paired = {one.key_id for one in matched.pairs.values()}
    loose = {place: other for place, other in enumerate(theirs) if place not in matched.pairs}
    left = [one for one in ours if one.key_id not in paired]
    for one in left:
        told = [other for other in loose.values() if not (one.digest and other.digests)]
        assert (one in matched.missing) is not (one.busy or any(may_be(one, other) for other in told))
    doubtful = {place for place, other in loose.items() if any(one.busy and may_be(one, other) for one in left)}
    assert matched.doubtful == doubtful


@pytest.mark.parametrize("tells", ["prefix", "name prefix", "name"])
def test_thousands_that_are_strangers_to_each_other_are_compared_at_once(tells: str) -> None:
    """One by one it would take some twenty million looks, and many seconds."""
    ours = [known(f"tk_{number:09}", reference=f"{number}", busy=number % 2 == 0) for number in range(5_000)]
    theirs = [told(f"no_{number:09}", tells) for number in range(5_000)]
    gc.disable()  # what earlier tests left behind is not this one's time
    try:
        began = time.process_time()
        matched = match(ours, theirs)
        took = time.process_time() - began
    finally:
        gc.enable()
    assert took < 1
    assert (len(matched.pairs), len(matched.missing)) == (0, 2_500)
