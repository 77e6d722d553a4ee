"""What an answer's status means, in the errors of `keytui.domain.errors`; what it said, made harmless."""

from __future__ import annotations

from typing import Final

from keytui.domain.errors import Invalid, KeytuiError, Refused, Unreachable
from keytui.domain.json_pointers import at
from keytui.domain.text import harmless
from keytui.issuers.rest.documents import parsed
from keytui.issuers.rest.exchange import Answer, Question, unknown

_SHOWN: Final = 300
_ELSEWHERE_FOR_GOOD: Final = frozenset({301, 307, 308})
"""Redirects that say: not here. Of the others some say that it is done."""


def said(answer: Answer, errors: tuple[str, ...]) -> str:
    """`: ` and what the answer says was wrong, at the first of the pointers that leads to a text; "" when it does not.

    Nothing else of a body is repeated, and no secret that was sent.
    """
    document = parsed(answer.body)
    texts = [text for text in (at(document, pointer) for pointer in errors) if isinstance(text, str)]
    told = next(filter(None, texts), "")
    for secret in answer.secrets:
        if secret:
            told = told.replace(secret.reveal(), "…")
    return f": {harmless(told[:_SHOWN])}" if told else ""


def fault(question: Question, answer: Answer, whose: str, who: str, errors: tuple[str, ...]) -> KeytuiError | None:
    """What to raise for an answer; None when it is a yes."""
    status, why = answer.status, said(answer, errors)
    if 200 <= status < 300:
        return None
    if status in (401, 403):
        return Refused(f"{whose} refuses {who} ({status}){why}", "renew it, or give it the right to do this")
    if 300 <= status < 400:
        told = f"{whose} sends us elsewhere ({status})"
        if question.changes and status not in _ELSEWHERE_FOR_GOOD:
            return unknown(told)
        return Refused(told, "write the address that it leads to as url")
    if status == 429:
        return Unreachable(f"{whose} has been asked too much ({status}){why}", "ask again later")
    if status >= 500:
        told = f"{whose} has trouble of its own ({status}){why}"
        return unknown(told) if question.changes else Unreachable(told, "ask again later")
    if status == 404:
        return Refused(f"{whose} has nothing at {question.path} ({status}){why}", "correct the path, or the url")
    return Invalid(f"{whose} does not take it ({status}){why}", "correct what it names, or the issuer's description")
