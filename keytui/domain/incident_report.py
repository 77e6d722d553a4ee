"""An incident as a Markdown document, for those who read it elsewhere. Text from outside cannot become markup in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from keytui.domain.addresses import without_addresses
from keytui.domain.incidents import CutOff, Happening, Incident, IncidentDetail, Moment
from keytui.domain.text import harmless

_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>#|~&!]|:(?=//)|(?<=www)\.)", re.IGNORECASE)
"""What could begin markup, a tag, a picture or a link."""
_UNSAID: Final = "not written yet"


def as_markdown(detail: IncidentDetail, *, with_addresses: bool = False) -> str:
    """The whole incident. Unless addresses are asked for, callers without a name of their own are numbered, and those
    that the log has are left out; what operators wrote stands as it is.
    """
    if not with_addresses:
        detail = replace(detail, timeline=tuple(map(_without_addresses, detail.timeline)))
    shown = _callers(detail, with_addresses)
    parts = (_head(detail.incident), _words(detail), _cut_off(detail.cut_off, shown), _told(detail, shown))
    return "\n".join(line for part in parts for line in part)


def plain(text: str) -> str:
    """Text from outside on one line of Markdown, as it stands."""
    lines = " / ".join(line.strip() for line in text.splitlines() if line.strip())
    return _MARKUP.sub(r"\\\1", harmless(lines))


def _head(incident: Incident) -> Iterator[str]:
    yield f"# Incident {incident.id}: {plain(incident.title)}"
    yield ""
    for key in incident.keys:
        yield f"- key: {plain(key.name)}, {plain(key.environment)}, then at v{key.version} ({plain(key.id)})"
    yield f"- opened: {_at(incident.opened_at)} by {plain(incident.opened_by)}"
    if incident.closed_at is not None:
        yield f"- closed: {_at(incident.closed_at)} by {plain(incident.closed_by)}"
    yield ""


def _words(detail: IncidentDetail) -> Iterator[str]:
    incident = detail.incident
    load = incident.load or "; ".join(one.in_words() for one in detail.load)
    for heading, text in (
        ("Cause", incident.cause),
        ("Remediation", incident.remediation),
        ("Lessons learned", incident.lessons),
        ("Load", load),
    ):
        yield from (f"## {heading}", "", plain(text) or _UNSAID, "")
    if incident.override:
        yield from (f"Closed although the load was not back: {plain(incident.override)}", "")


def _cut_off(callers: Sequence[CutOff], shown: Mapping[str, str]) -> Iterator[str]:
    yield from ("## Callers cut off", "")
    if not callers:
        yield from ("None that is known of.", "")
        return
    yield "| caller | key | last let in | cut off | refused since | back |"
    yield "|---|---|---|---|---|---|"
    for one in callers:
        back = "no" if one.back_at is None else _at(one.back_at)
        key = f"{plain(one.key_name)} v{one.version}"
        times = f"{_at(one.last_let_in_at)} | {_at(one.cut_off_at)}"
        yield f"| {plain(shown[one.caller])} | {key} | {times} | {one.refused:,} | {back} |"
    yield ""


def _told(detail: IncidentDetail, shown: Mapping[str, str]) -> Iterator[str]:
    yield from ("## Timeline", "")
    for moment in detail.timeline:
        who = shown.get(moment.who, moment.who) if moment.what is Happening.CUT_OFF else moment.who
        yield f"- {_at(moment.at)} {_kind(moment)}{plain(who)}: {plain(moment.text)}"
    if detail.left_out:
        yield f"- and {detail.left_out:,} more entries of the audit log"
    yield ""


def _without_addresses(moment: Moment) -> Moment:
    """Operators' own words are theirs, and so are the hosts that they came from."""
    return replace(moment, text=without_addresses(moment.text)) if moment.what is Happening.DONE else moment


def _kind(moment: Moment) -> str:
    return "" if moment.what is Happening.DONE else f"**{moment.what}** "


def _callers(detail: IncidentDetail, with_addresses: bool) -> Mapping[str, str]:
    """What each caller is called here."""
    names = sorted({one.caller for one in detail.cut_off if not one.declared})
    numbered = {} if with_addresses else {name: f"undeclared caller {number}" for number, name in enumerate(names, 1)}
    return {one.caller: numbered.get(one.caller, one.caller) for one in detail.cut_off}


def _at(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}Z"
