"""Errors as RFC 9457 problem documents, and back: the same error on both ends of the line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

from keytui.domain.errors import (
    AlreadyDone,
    Ambiguous,
    ApprovalNeeded,
    Forbidden,
    Invalid,
    IssuerAway,
    KeytuiError,
    Locked,
    NotFound,
    OutcomeUnknown,
    ReadOnly,
    Refused,
    RotationOpen,
    Unauthenticated,
    Unreachable,
    Unreconciled,
    Unsafe,
)
from keytui.domain.text import harmless
from keytui.domain.verdict import Assessment

MEDIA_TYPE: Final = "application/problem+json"
STATUSES: Final[Mapping[type[KeytuiError], int]] = {  # of one status the widest first
    Invalid: 422,
    NotFound: 404,
    Refused: 409,
    Ambiguous: 409,
    RotationOpen: 409,
    Unsafe: 409,
    AlreadyDone: 409,
    ApprovalNeeded: 409,
    Locked: 423,
    Unreachable: 503,
    IssuerAway: 503,
    OutcomeUnknown: 503,
    Unauthenticated: 401,
    Forbidden: 403,
    ReadOnly: 403,
    Unreconciled: 403,
}
_LATER: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
"""Of the statuses that blame who asks: nothing is wrong with what was asked, and the same is answered another time."""
_URN: Final = "urn:keytui:problem:"


@dataclass(frozen=True, slots=True)
class Problem:
    """The document. `type` names the error, `hint` is the way out; what stands below that belongs to single errors."""

    type: str
    title: str
    status: int
    detail: str = ""
    hint: str = ""
    candidates: tuple[str, ...] | None = None
    rotation_id: int | None = None
    reference: str | None = None
    approval_id: int | None = None
    assessment: Assessment | None = None


def problem_of(error: KeytuiError) -> Problem:
    """The document that tells an error. A kind that is not listed is told as the listed one that it is."""
    kind = next((each for each in type(error).__mro__ if each in STATUSES), Refused)
    words = _in_words(kind)
    urn = _URN + words.replace(" ", "-")
    plain = Problem(urn, words.capitalize(), STATUSES[kind], error.message, error.hint)
    if isinstance(error, Ambiguous):
        return replace(plain, candidates=error.candidates)
    if isinstance(error, RotationOpen):
        return replace(plain, rotation_id=error.rotation_id)
    if isinstance(error, Unsafe):
        return replace(plain, assessment=error.assessment)
    if isinstance(error, AlreadyDone):
        return replace(plain, reference=error.reference)
    if isinstance(error, ApprovalNeeded):
        return replace(plain, approval_id=error.approval_id)
    return plain


def error_of(problem: Problem) -> KeytuiError:
    """The error that a document tells. One that only a newer server knows is told by its status."""
    detail, hint = harmless(problem.detail), harmless(problem.hint)
    match problem:
        case Problem(type="urn:keytui:problem:ambiguous", candidates=tuple(candidates)):
            return Ambiguous(detail, candidates)
        case Problem(type="urn:keytui:problem:rotation-open", rotation_id=int(rotation_id)):
            return RotationOpen(detail, hint, rotation_id)
        case Problem(type="urn:keytui:problem:unsafe", assessment=Assessment() as assessment):
            return Unsafe(detail, hint, assessment)
        case Problem(type="urn:keytui:problem:already-done", reference=str(reference)):
            return AlreadyDone(detail, hint, reference)
        case Problem(type="urn:keytui:problem:approval-needed", approval_id=int(approval_id)):
            return ApprovalNeeded(detail, hint, approval_id)
    return (_PLAIN.get(problem.type) or _by_status(problem.status))(detail, hint)


def _in_words(kind: type[KeytuiError]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", " ", kind.__name__).lower()


def _by_status(status: int) -> type[KeytuiError]:
    """The widest error of a status; of one that is not ours it says whose fault it is, and whether that passes."""
    other = Refused if status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _LATER else Unreachable
    return next((kind for kind, of_kind in STATUSES.items() if of_kind == status), other)


_PLAIN: Final[Mapping[str, type[KeytuiError]]] = {
    _URN + _in_words(kind).replace(" ", "-"): kind
    for kind in STATUSES
    if kind not in {Ambiguous, RotationOpen, Unsafe, AlreadyDone, ApprovalNeeded}
}
