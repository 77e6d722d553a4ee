"""A change is tried again in the transaction that writes its call down: another process may have acted since."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from keytui.vault.local.issuing.told import Call, Wanted
from keytui.vault.local.section import Write

Answer = TypeVar("Answer")


class Overtaken(Exception):
    """Somebody has acted meanwhile, and the change wants something else of its issuer now, or nothing more."""


def see_it_is_wanted(act: Callable[[Write], Answer], call: Call, write: Write) -> None:
    """Try the change again, and keep nothing of that. Raises what the change itself raises by now, or Overtaken.

    Else a version could be suspended at its issuer for a rotation that was rolled back a moment ago.
    """
    trial = write.session.begin_nested()
    try:
        act(write)
    except Wanted as wanted:
        if wanted.call == call:
            return
    finally:
        trial.rollback()
        write.head = None
    raise Overtaken
