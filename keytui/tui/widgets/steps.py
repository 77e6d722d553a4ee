"""What never leaves the wizard: which key, on which path, how long yet, who holds it, and which step this is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from textual.content import Content
from textual.widget import Widget

from keytui.domain.text import harmless


class Mark(StrEnum):
    """How far one step has come; the value is its symbol."""

    DONE = "✓"
    HERE = "●"
    AHEAD = " "
    LEFT_OUT = "–"


_STYLES: Final = {Mark.DONE: "$success", Mark.HERE: "bold $accent", Mark.AHEAD: "$quiet", Mark.LEFT_OUT: "$quiet"}
NARROW: Final = 72
"""Below this many cells the step list folds into the heading, as `4/6 Watch`."""
FOLDED: Final[list[tuple[int, str]] | None] = [(0, "-folded"), (NARROW, "-unfolded")]
"""The breakpoints of a screen that has a step list."""


@dataclass(frozen=True, slots=True)
class Heading:
    """What the top of the wizard says. `step` is the short form for a narrow screen: `4/6 Watch`."""

    key_name: str
    environment: str
    path: str
    clock: Content
    holder: str
    step: str


class RotationHeading(Widget):
    """One line, or two on a narrow screen. It repaints only when its words change."""

    DEFAULT_CSS = """
    RotationHeading { height: auto; padding: 0 1; margin: 1 0; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._heading: Heading | None = None

    def show(self, heading: Heading) -> None:
        """Say this from now on."""
        if heading != self._heading or not heading.clock.is_same(self._heading.clock):
            self._heading = heading
            self.refresh(layout=True)

    def render(self) -> Content:
        if self._heading is None:
            return Content("…")
        return _narrow(self._heading) if self.app.size.width < NARROW else _wide(self._heading, self.size.width)


def _wide(heading: Heading, width: int) -> Content:
    left = Content.assemble("Rotate ", (harmless(heading.key_name), "bold"), "   ", _path(heading))
    right = Content.assemble(heading.clock, "   ", _holder(heading))
    space = width - left.cell_length - right.cell_length
    return Content.assemble(left, "\n" if space < 2 else " " * space, right)


def _narrow(heading: Heading) -> Content:
    first = Content.assemble(
        (heading.step, "bold $accent"), "  ", (harmless(heading.key_name), "bold"), "  ", _path(heading)
    )
    second = Content("  ").join([part for part in (heading.clock, _holder(heading)) if part])
    return Content.assemble(first, "\n", second)


def _path(heading: Heading) -> Content:
    return Content.styled(f"{harmless(heading.environment)} · {heading.path}", "$quiet")


def _holder(heading: Heading) -> Content:
    return Content.styled(f"held by {harmless(heading.holder)}" if heading.holder else "not begun", "$quiet")


class StepList(Widget):
    """The steps from top to bottom, each with its mark."""

    DEFAULT_CSS = """
    StepList { width: 18; height: auto; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._steps: tuple[tuple[Mark, str], ...] = ()

    def show(self, steps: Sequence[tuple[Mark, str]]) -> None:
        """Draw these from now on."""
        if tuple(steps) != self._steps:
            self._steps = tuple(steps)
            self.refresh(layout=True)

    def render(self) -> Content:
        return Content("\n").join([Content.styled(f"{mark} {title}", _STYLES[mark]) for mark, title in self._steps])
