"""How often a console is told that something moved: at once, but for usage, which moves all the time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from threading import Event

import pytest

from keytui.tui.following import follow
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import Changes
from keytui.vault.standing import Standing
from tests.world import NOON

FLUSHES_A_SECOND = 5


def told(vault: LocalVault, monkeypatch: pytest.MonkeyPatch, feed: Iterator[Changes]) -> list[Changes]:
    """What a console is told of a feed, which answers five times a second."""
    stopped, heard, answers = Event(), list[Changes](), 0
    latest = Changes(9)

    def changes(_after: int, _timeout: float) -> Changes:
        nonlocal answers, latest
        answers += 1
        answer = next(feed, None)
        if answer is None:
            stopped.set()
        latest = answer or Changes(latest.position, (), latest.usage_as_of)
        return latest

    def moved(changes: Changes, _: Standing) -> None:
        heard.append(changes)

    monkeypatch.setattr(vault, "changes", changes)
    follow(vault, stopped, moved, lambda error: pytest.fail(str(error)), lambda: answers / FLUSHES_A_SECOND)
    return heard


def test_usage_alone_is_told_once_in_two_seconds(vault: LocalVault, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = (Changes(9, (), NOON + timedelta(seconds=count / FLUSHES_A_SECOND)) for count in range(50))
    assert len(told(vault, monkeypatch, feed)) == 5


def test_a_flush_that_was_told_is_no_news(vault: LocalVault, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = (Changes(9, (), NOON) for _ in range(50))
    assert len(told(vault, monkeypatch, feed)) == 1


def test_a_key_that_moved_waits_for_nothing(vault: LocalVault, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = (Changes(9 + count, (f"key-{count}",), NOON) for count in range(10))
    assert [changes.key_ids for changes in told(vault, monkeypatch, feed)] == [(f"key-{n}",) for n in range(10)]
