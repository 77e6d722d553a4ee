"""Rows by rate: the busiest first, and nothing moves that only chance moved."""

from __future__ import annotations

import random

from keytui.tui.steady_order import SteadyOrder

Rates = dict[str, float]


def ordered(order: SteadyOrder[tuple[str, float]], rates: Rates) -> list[str]:
    return [name for name, _ in order.sorted(list(rates.items()))]


def steady() -> SteadyOrder[tuple[str, float]]:
    return SteadyOrder(lambda row: row[0], lambda row: row[1])


def test_the_busiest_is_first_and_of_equals_the_one_that_came_first() -> None:
    assert ordered(steady(), {"slow": 1.0, "fast": 90.0, "idle": 0.0, "dead": 0.0}) == ["fast", "slow", "idle", "dead"]


def test_a_rate_that_changes_by_more_than_chance_moves_its_row_at_once() -> None:
    order = steady()
    ordered(order, {"a": 44.0, "b": 40.0})
    assert ordered(order, {"a": 44.0, "b": 60.0}) == ["b", "a"]


def test_a_row_that_begins_or_ends_moves_at_once() -> None:
    order = steady()
    ordered(order, {"a": 0.02, "b": 0.0})
    assert ordered(order, {"a": 0.0, "b": 0.02}) == ["b", "a"]


def test_steady_traffic_hardly_ever_shuffles_its_rows() -> None:
    dice = random.Random(5)  # noqa: S311  # the same traffic every time
    order, moved = steady(), 0
    counts = {f"key-{at}": [dice.gauss(50, 50**0.5) for _ in range(60)] for at in range(20)}
    before: list[str] = []
    for _ in range(120):
        for seconds in counts.values():
            seconds[:] = [*seconds[1:], dice.gauss(50, 50**0.5)]
        now = ordered(order, {name: sum(seconds) / 60 for name, seconds in counts.items()})
        moved += before != now
        before = now
    assert moved < 30, "twenty keys of one rate, sorted by that rate alone, change places every second"
