"""Exit codes: the one place that says which end of a command gives which code, and how an error reads."""

from __future__ import annotations

from enum import IntEnum
from errno import ENAMETOOLONG
from typing import Final

from keytui.cli.output import remark
from keytui.domain.errors import (
    ApprovalNeeded,
    Forbidden,
    Invalid,
    KeytuiError,
    Locked,
    Unauthenticated,
    Unreachable,
    Unsafe,
)
from keytui.domain.text import shortened


class Exit(IntEnum):
    """What a script learns."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    NOT_SAFE = 3
    UNKNOWN = 4
    UNREACHABLE = 5
    FORBIDDEN = 6
    PARTLY = 7
    FAULT = 70
    INTERRUPTED = 130
    READER_GONE = 141
    """As a program that SIGPIPE ends: nobody reads its output any more."""


_BY_ERROR: Final[tuple[tuple[type[KeytuiError], Exit], ...]] = (
    (Invalid, Exit.USAGE),
    (Locked, Exit.UNREACHABLE),
    (Unreachable, Exit.UNREACHABLE),
    (Forbidden, Exit.FORBIDDEN),
    (ApprovalNeeded, Exit.FORBIDDEN),
    (Unauthenticated, Exit.FORBIDDEN),
)


class Partly(KeytuiError):
    """Some of the work is done and some is not; the message says how much."""


def code_of(error: KeytuiError) -> Exit:
    """The exit code of an error; whatever is not listed was refused."""
    if isinstance(error, Unsafe):
        from keytui.cli.verdicts import BY_VERDICT  # every start would wait for what a verdict is

        return BY_VERDICT[error.assessment.verdict]
    if isinstance(error, Partly):
        return Exit.PARTLY
    return next((code for kind, code in _BY_ERROR if isinstance(error, kind)), Exit.REFUSED)


def report(error: KeytuiError) -> Exit:
    """Say on standard error what was wrong and the way out; the exit code comes back."""
    remark(f"keytui: {shortened(error.message)}")
    if isinstance(error, Unsafe):
        from keytui.cli.verdicts import reasons  # as above

        for line in reasons(error.assessment):
            remark(line)
        remark('  `--force --note "…"` goes past it, and the log keeps why')
    if error.hint:
        remark(f"  {shortened(error.hint)}")
    return code_of(error)


def name_fault(error: Exception) -> Exception:
    """A name that no file can have, as what it is: a mistake of whoever gave it. Another error comes back as it is."""
    if not isinstance(error, OSError) or error.errno != ENAMETOOLONG:
        return error
    return Invalid("the name of a file is too long for this system", "check what was given as the name of a file")


def report_fault(fault: Exception) -> Exit:
    """One line for a mistake of ours: where it happened, and not its text, which could carry what was handled."""
    place = fault.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" at {place.tb_frame.f_globals.get('__name__', '?')}:{place.tb_lineno}" if place is not None else ""
    remark(f"keytui: a fault of ours, not yours: {type(fault).__name__}{where}")
    return Exit.FAULT
