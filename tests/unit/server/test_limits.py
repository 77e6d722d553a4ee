"""Counts of a second, and pauses after wrong tokens: bounded, however many clients there are."""

from __future__ import annotations

from dataclasses import dataclass

from keytui.server.limits import MOST_CLIENTS, Rate, WrongTokens


@dataclass
class Seconds:
    """A clock that tests move."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_second_later_a_client_may_ask_again() -> None:
    clock = Seconds()
    rate = Rate(2, clock)

    assert [rate.admits("a") for _ in range(3)] == [True, True, False]
    assert rate.admits("b")
    clock.now += 1
    assert rate.admits("a")


def test_clients_beyond_those_told_apart_share_one_count() -> None:
    rate = Rate(2, Seconds())
    for number in range(MOST_CLIENTS):
        assert rate.admits(str(number))

    assert [rate.admits(f"more-{number}") for number in range(3)] == [True, True, False]


def test_each_further_wrong_token_costs_twice_the_pause_up_to_a_minute() -> None:
    clock = Seconds()
    wrong = WrongTokens(2, clock)
    pauses = []
    for _ in range(12):
        wrong.note("a")
        pauses.append(wrong.wait("a"))

    assert pauses == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert wrong.wait("b") == 0
    clock.now += 61
    assert wrong.wait("a") == 0


def test_what_is_long_past_is_forgiven() -> None:
    clock = Seconds()
    wrong = WrongTokens(1, clock)
    for _ in range(5):
        wrong.note("a")
    clock.now += 3600
    wrong.note("a")

    assert wrong.wait("a") == 0


def test_the_longest_forgiven_addresses_are_forgotten() -> None:
    wrong = WrongTokens(0, Seconds())
    for number in range(MOST_CLIENTS + 1):
        wrong.note(str(number))

    assert wrong.wait("0") == 0
    assert wrong.wait(str(MOST_CLIENTS)) > 0
