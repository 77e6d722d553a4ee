"""One thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from keytui.domain.errors import KeytuiError


class State(StrEnum):
    """How it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, and something about it wants an eye."""
    PROBLEM = "problem"
    """Something does not work, or a secret is not kept."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, and what to do about it: "" where nothing is to be done."""

    subject: str
    """`vault`, `files`, `clock`, …: one of several findings may have the same."""
    state: State
    found: str
    todo: str = ""


def fine(subject: str, found: str) -> Finding:
    """Nothing is to be done."""
    return Finding(subject, State.OK, found)


def wants_an_eye(subject: str, found: str, todo: str) -> Finding:
    """It works so far."""
    return Finding(subject, State.WARNING, found, todo)


def wrong(subject: str, found: str, todo: str) -> Finding:
    """It does not work."""
    return Finding(subject, State.PROBLEM, found, todo)


def of_error(subject: str, error: KeytuiError) -> Finding:
    """What an error of ours says; none holds a secret."""
    return Finding(subject, State.PROBLEM, error.message, error.hint)
