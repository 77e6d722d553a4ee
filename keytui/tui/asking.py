"""How a screen asks the vault: off the loop, one typed message back, and never two changes at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from textual.message import Message

from keytui.domain.errors import KeytuiError

Answer = TypeVar("Answer")


class Answered(Message, bubble=False):
    """A vault's answer, or its error, on its way to the screen that asked. `deliver` runs on the screen's loop.

    A question asked in a named slot is dropped when the same slot was asked again: only the newest `turn` counts. It is
    0 for what came of a change.
    """

    def __init__(self, deliver: Callable[[], None], slot: str, turn: int) -> None:
        super().__init__()
        self.deliver = deliver
        self.slot = slot
        self.turn = turn


def answer(
    question: Callable[[], Answer],
    then: Callable[[Answer], None],
    failed: Callable[[KeytuiError], None],
) -> Callable[[], None]:
    """Ask, in whatever thread this runs, and give back what the screen has to do about it."""
    try:
        return partial(then, question())
    except KeytuiError as error:
        return partial(failed, error)
    except Exception as fault:  # a fault of ours must end one question, not the console
        return partial(failed, our_fault(fault))


def our_fault(fault: BaseException) -> KeytuiError:
    """A fault of ours in an operator's words. Its text and traceback stay out: either could carry what was handled."""
    return KeytuiError(f"keytui made a mistake ({type(fault).__name__})", "r asks again; nothing else was touched")
