"""A source's bookmarks while it is asked: read once, moved report by report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from keytui.domain.reports import Bookmark


class Marks:
    """Bookmarks by name. One that was taken away reads as empty from then on."""

    def __init__(self, bookmarks: Mapping[str, str]) -> None:
        self._reported = dict(bookmarks)
        self._current = dict(bookmarks)

    def read(self, name: str) -> str:
        """Its value; empty when there is none."""
        return self._current.get(name, "")

    def put(self, name: str, value: str) -> None:
        """Move it; an empty value takes it away."""
        self._current[name] = value

    def named(self, beginning: str) -> Iterator[tuple[str, str]]:
        """Those whose names begin so, as the rest of the name and the value."""
        for name, value in list(self._current.items()):
            if value and name.startswith(beginning):
                yield name.removeprefix(beginning), value

    def moved(self) -> tuple[Bookmark, ...]:
        """Those that moved since the last report, for the next one."""
        moved = tuple(
            Bookmark(name, value, self._reported.get(name))
            for name, value in self._current.items()
            if value != self._reported.get(name, "")
        )
        self._reported.update((bookmark.name, bookmark.value) for bookmark in moved)
        return moved
