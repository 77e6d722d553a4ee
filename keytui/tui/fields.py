"""Text fields and what has the focus. The first paint has no field: Textual's are imported once there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.actions import SkipAction

if TYPE_CHECKING:
    from textual.screen import Screen, ScreenResultType
    from textual.widget import Widget
    from textual.widgets import Input


def is_field(widget: Widget | None) -> bool:
    """Whether what is typed there stands there."""
    from textual.widgets import Input  # noqa: PLC0415  # see the module

    return isinstance(widget, Input)


def is_button(widget: Widget | None) -> bool:
    """Whether enter presses it."""
    from textual.widgets import Button  # noqa: PLC0415  # see the module

    return isinstance(widget, Button)


def stand_still(focused: Widget) -> None:
    """Let the cursor of a field that has the focus not blink."""
    from textual.widgets import Input  # noqa: PLC0415  # see the module

    if isinstance(focused, Input):
        focused.cursor_blink = False


def go_and_type(screen: Screen[ScreenResultType], field: Input) -> None:
    """For the key of an action that goes to a field. In the field, it is one that is typed.

    Such a binding has priority, and the focus moves at once: of keys that come in one piece, as over a slow line, the
    first leads to the field and the others belong there.
    """
    if screen.focused is field:
        raise SkipAction
    screen.set_focus(field)
