"""What a console makes of the event stream: it goes on where it was, and hears of everything when too much moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from threading import Event

import pytest

from keytui.vault.model import Changes
from keytui.vault.remote import stream as remote_stream
from keytui.vault.remote.exchange import Dropped
from keytui.vault.remote.stream import Stream
from tests.world import NOON, eventually


class Line:
    """Each connection tells what is next in a list, then holds; the first of them breaks at once."""

    def __init__(self, *told: Changes) -> None:
        self.asked: list[str] = []
        self._told = told
        self.ended = Event()

    def events(self, _kind: type[Changes], _path: str, query: Mapping[str, str]) -> Iterator[Changes]:
        self.asked.append(query["after"])
        if len(self.asked) > 1:
            yield from self._told
            self.ended.wait(10)
        raise Dropped("the line went down", "it is asked again")


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_stream, "_FIRST_PAUSE", 0.05)
    monkeypatch.setattr(remote_stream, "_LONGEST_PAUSE", 0.05)


def test_what_was_asked_meanwhile_is_not_told_again_when_the_stream_is_back() -> None:
    """Where it began to follow, long ago, too much may have moved since for the server to name."""
    line = Line(Changes(60, ("k1",), NOON), Changes(61, (), NOON, everything=True), Changes(62, ("k2",), NOON))
    with closing(_opened(line)) as stream:
        assert stream.wait(0, 0) is None
        stream.go_on_from(50)
        eventually(lambda: (heard := stream.wait(61, 0)) is not None and heard.position == 62)

        assert line.asked[-1] == "50"
        assert stream.wait(61, 0) == Changes(62, ("k2",), NOON)
        assert stream.wait(50, 0) == Changes(62, ("k1", "k2"), NOON, everything=True)
        assert stream.wait(49, 0) is None
        line.ended.set()


def _opened(line: Line) -> Stream:
    return Stream(line)  # type: ignore[arg-type]  # what of a line a stream asks
