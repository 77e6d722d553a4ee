"""One key as a review shows it, in words and as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from keytui.cli.output import say, say_fields
from keytui.cli.shapes import Shape, caller_shape, key_shape
from keytui.cli.times import ago, iso, minute
from keytui.domain.keys import Flag
from keytui.domain.reviews import GRAVE, Review, Reviewed

_SHOWN: Final = 8
"""Callers and viewers that are said in words; JSON has all."""


def say_reviewed(one: Reviewed, place: str, now: datetime) -> None:
    """The key's sheet, what is grave of it on top."""
    key = one.summary.key
    say()
    say(f"{key.name} ({key.environment})  {place}")
    for flag in one.grave:
        say(f"  ! {flag.upper()}: {GRAVE[flag]}")
    callers = [
        f"{use.caller.name} (v{use.version}, {ago(use.last_seen, now)}{'' if use.caller.declared else ', undeclared'})"
        for use in one.callers
    ]
    viewers = [
        f"{viewer.who} {viewer.how}{_version(viewer.version)} {minute(viewer.at)}{_times(viewer.times)}"
        for viewer in one.viewers
    ]
    others = [flag for flag in one.summary.flags if flag not in GRAVE]
    say_fields(
        (
            ("  owner", key.owner or "nobody"),
            ("  state", key.state(now)),
            ("  scopes", ", ".join(key.scopes) or "none"),
            ("  applications", ", ".join(key.apps) or "none declared"),
            ("  targets", ", ".join(key.targets)),
            ("  callers", _few(callers) or "never seen"),
            ("  seen by", _few(viewers) or "nobody, by this log"),
            ("  last used", ago(one.summary.last_used_at, now)),
            ("  other flags", ", ".join(others)),
            ("  last review", _said(one.last)),
        )
    )


def reviewed_shape(one: Reviewed, now: datetime) -> Shape:
    """All that a review shows of a key: what `list` gives, and the rest beside it."""
    return {
        **key_shape(one.summary, now),
        "apps": list(one.summary.key.apps),
        "shared": Flag.SHARED in one.summary.flags,
        "broad": Flag.BROAD in one.summary.flags,
        "unowned": Flag.UNOWNED in one.summary.flags,
        "callers": [caller_shape(use) for use in one.callers],
        "viewers": [
            {
                "who": viewer.who,
                "how": viewer.how,
                "version": viewer.version,
                "at": iso(viewer.at),
                "times": viewer.times,
            }
            for viewer in one.viewers
        ],
        "last_review": None if one.last is None else review_shape(one.last),
    }


def review_shape(review: Review) -> Shape:
    return {
        "key_id": review.key_id,
        "at": iso(review.at),
        "by": review.by,
        "decision": review.decision,
        "note": review.note,
        "owner": review.owner,
        "flags": list(review.flags),
    }


def _few(texts: list[str]) -> str:
    more = f"; and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return "; ".join(texts[:_SHOWN]) + more


def _said(review: Review | None) -> str:
    if review is None:
        return "never"
    note = f" ({review.note})" if review.note else ""
    return f"{minute(review.at)} by {review.by}: {review.decision}{note}"


def _version(number: int | None) -> str:
    return "" if number is None else f" (v{number})"


def _times(times: int) -> str:
    return "" if times == 1 else f", {times} times"
