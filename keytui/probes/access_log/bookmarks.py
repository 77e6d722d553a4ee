"""Where a log's reading goes on: one bookmark a content, and one of the whole source that every report moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from keytui.domain.reports import Bookmark

READ: Final = "read"


class State(NamedTuple):
    """The source's own bookmark. `number` rises with every report, so that two runs at once show.

    `last` is the latest time that was read, in seconds since 1970; `contents` are the names of the two that were
    read last, the newest first: while one of them is being rotated away, lines may come into either.
    """

    number: int = 0
    last: float = 0.0
    contents: tuple[str, ...] = ()

    @staticmethod
    def parse(value: str) -> State:
        """As `str` wrote it."""
        number, last, *contents = value.split()
        return State(int(number), int(last) / 1_000_000, tuple(contents))

    def __str__(self) -> str:
        return " ".join((str(self.number), str(int(self.last * 1_000_000)), *self.contents))

    def onward(self, last: float, content: str | None) -> State:
        """After one more report, of lines up to `last`, the newest of them in `content`, if they are newer at all."""
        contents = self.contents
        if content is not None and content not in contents[:1] and last >= self.last:
            contents = (content, *contents[:1])
        return State(self.number + 1, max(last, self.last), contents)


@dataclass(slots=True)
class Marks:
    """The bookmarks as the vault has them, and those that the next report moves."""

    given: dict[str, str]
    moved: dict[str, str]

    @staticmethod
    def of(bookmarks: Mapping[str, str]) -> Marks:
        """Nothing is moved yet."""
        return Marks(dict(bookmarks), {})

    @property
    def state(self) -> State:
        """The source's own."""
        return State.parse(self.given[READ]) if READ in self.given else State()

    def move(self, name: str, value: str) -> None:
        """Let the next report move it."""
        if self.given.get(name) != value:
            self.moved[name] = value

    def value(self, name: str) -> str | None:
        """Where it stands by now."""
        return self.moved.get(name, self.given.get(name))

    def taken(self) -> tuple[Bookmark, ...]:
        """Those that a report moves; for the next one they are where the vault has them."""
        bookmarks = tuple(Bookmark(name, value, self.given.get(name)) for name, value in self.moved.items())
        self.given.update(self.moved)
        self.moved.clear()
        return bookmarks
