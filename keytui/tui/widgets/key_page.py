"""All of one key on one page: what it is, its versions, who uses it, its rotations, and the end of its log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from textual.content import Content

from keytui.domain.audit import AuditEntry
from keytui.domain.drift import IN_WORDS, custody
from keytui.domain.durations import short
from keytui.domain.incidents import Incident
from keytui.domain.keys import Version
from keytui.domain.rotation import Rotation
from keytui.domain.text import harmless
from keytui.domain.usage import CallerUse
from keytui.tui.widgets.columns import Column, Row, cells, fitted, titles
from keytui.tui.wording import (
    CARE,
    DANGER,
    QUIET,
    ago,
    count,
    expiry,
    flags_of,
    outside,
    refusals,
    spark,
    state_of,
    version_state,
    when,
)
from keytui.vault.model import KeyDetail


def key_page(detail: KeyDetail, now: datetime, width: int, incident: Incident | None = None) -> Content:
    """The page in `width` cells; a table loses columns rather than wrapping. `incident` is the key's open one."""
    told = [] if incident is None else [_open_incident(incident, now), Content("")]
    return Content("\n").join([*told, *_lines(detail, now, width)])


def _open_incident(incident: Incident, now: datetime) -> Content:
    return Content.assemble(
        (f"‼ incident #{incident.id} is open: ", "bold $error"),
        harmless(incident.title),
        "   ",
        ago(incident.opened_at, now),
        f" by {harmless(incident.opened_by)}   ",
        ("I", "bold $accent"),
        " goes to it",
    )


def key_heading(detail: KeyDetail, now: datetime) -> Content:
    """Which key it is and what is wrong with it: this stands above the page, wherever that is scrolled to."""
    key, flags = detail.summary.key, flags_of(detail.summary, now)
    return Content.assemble(
        (harmless(key.name), "bold"), "   ", state_of(key, now), "   " if flags.plain else "", flags
    )


def _lines(detail: KeyDetail, now: datetime, width: int) -> Iterator[Content]:
    yield from _facts(detail, now)
    yield from _section("VERSIONS", version_columns(now), detail.versions, width, "no version")
    callers = sorted(detail.callers, key=lambda use: use.last_seen, reverse=True)
    yield from _section("CALLERS", caller_columns(now), callers, width, "nobody has used this key yet")
    yield from _section("ROTATIONS", rotation_columns(), detail.rotations, width, "never rotated: R")
    yield from _section("AUDIT", audit_columns(), detail.audit, width, "nothing yet")


def _facts(detail: KeyDetail, now: datetime) -> Iterator[Content]:
    summary, key = detail.summary, detail.summary.key
    for label, value in (
        ("id", outside(key.id)),
        ("environment", outside(key.environment)),
        ("owner", outside(key.owner)),
        ("tenant", outside(key.tenant)),
        ("kind", Content(f"{key.kind}   issuer {harmless(key.issuer)}   format {harmless(key.format)}")),
        *_at_issuer(detail),
        ("scopes", outside(", ".join(key.scopes))),
        ("applications", outside(", ".join(key.apps))),
        *([("targets", outside(", ".join(key.targets)))] if key.targets else []),
        ("about", outside(key.description)),
        ("expiry", Content(expiry(key.expires_at, now))),
        ("last 24 h", Content.assemble(spark(summary.activity, 24), f"   {count(sum(summary.activity))} requests")),
    ):
        yield _fact(label, value)
    yield Content("")
    moments = (("created", key.created_at), ("rotated", key.rotated_at), ("last used", summary.last_used_at))
    for label, at in moments:
        shown = Content.assemble(when(at), "   ", ago(at, now)) if at is not None else Content.styled("never", QUIET)
        yield _fact(label, shown)


def _at_issuer(detail: KeyDetail) -> Iterator[tuple[str, Content]]:
    """What the key's issuer does with secrets, and which versions stand otherwise there than here."""
    if words := custody(detail.keeps_plaintext):
        yield "at its issuer", Content.styled(f"{harmless(detail.summary.key.issuer)}{words}", CARE)
    for version in detail.versions:
        if version.drift is not None:
            yield "at its issuer", Content.styled(f"≠ v{version.number} {IN_WORDS[version.drift]}", DANGER)


def _fact(label: str, value: Content) -> Content:
    return Content.assemble((f"{label:<15}", QUIET), value)


def _section(
    title: str, columns: Sequence[Column[Row]], rows: Sequence[Row], width: int, empty: str
) -> Iterator[Content]:
    yield Content("")
    if not rows:
        yield Content.styled(f"{title}   {empty}", QUIET)
        return
    fit = fitted(columns, width)
    yield titles(fit).stylize(QUIET)
    for row in rows:
        yield cells(fit, row)


def version_columns(now: datetime) -> tuple[Column[Version], ...]:
    """Number, state, prefix, fingerprint, age, last use, label."""
    return (
        Column("VERSION", 7, lambda version: Content(f"v{version.number}")),
        Column("STATE", 11, lambda version: version_state(version.state)),
        Column("PREFIX", 12, lambda version: outside(version.prefix or ""), rank=2),
        Column("FINGERPRINT", 23, lambda version: outside(version.fingerprint or "", QUIET), rank=3),
        Column("CREATED", 10, lambda version: Content(f"{version.created_at.astimezone():%Y-%m-%d}"), rank=1),
        Column("LAST USED", 9, lambda version: ago(version.last_used_at, now), right=True),
        Column("LABEL", 10, lambda version: outside(version.label), rank=4, grow=1),
    )


def caller_columns(now: datetime) -> tuple[Column[CallerUse], ...]:
    """Name, version, requests, refusals, last seen, longest pause."""
    return (
        Column("CALLER", 24, _caller, grow=1),
        Column("VERSION", 7, lambda use: Content(f"v{use.version}"), rank=1),
        Column("REQUESTS", 8, lambda use: Content(count(use.accepted)), right=True),
        Column("REFUSED", 7, lambda use: refusals(use.refused), rank=3, right=True),
        Column("LAST SEEN", 9, lambda use: ago(use.last_seen, now), right=True),
        Column("LONGEST PAUSE", 13, _pause, rank=2, right=True),
    )


def _caller(use: CallerUse) -> Content:
    shared = ("  ~ perhaps several", QUIET) if use.caller.shared_possible else ""
    return Content.assemble(harmless(use.caller.name), shared)


def _pause(use: CallerUse) -> Content:
    return Content.styled("seen once", QUIET) if use.longest_gap is None else Content(short(use.longest_gap))


def rotation_columns() -> tuple[Column[Rotation], ...]:
    """Number, versions, strategy, state, when, holder."""
    return (
        Column("ROTATION", 8, lambda rotation: Content(f"#{rotation.id}")),
        Column("VERSIONS", 9, _versions),
        Column("STRATEGY", 9, lambda rotation: Content(rotation.plan.strategy), rank=2),
        Column("STATE", 11, lambda rotation: Content(rotation.state.replace("_", " "))),
        Column("BEGUN", 24, lambda rotation: Content(when(rotation.started_at)), rank=1),
        Column("HELD BY", 12, lambda rotation: outside(rotation.holder), rank=3, grow=1),
    )


def _versions(rotation: Rotation) -> Content:
    new = f"v{rotation.new_version}" if rotation.new_version is not None else "—"
    return Content(f"v{rotation.old_version} → {new}")


def audit_columns() -> tuple[Column[AuditEntry], ...]:
    """Number, when, who, what, on what, and how."""
    return (
        Column("ENTRY", 6, lambda entry: Content(f"#{entry.sequence}"), rank=4, right=True),
        Column("WHEN", 24, lambda entry: Content(when(entry.at)), rank=1),
        Column("WHAT", 18, _event),
        Column("KEY", 16, lambda entry: outside(entry.event.key_name), grow=1),
        Column("WHO", 12, lambda entry: outside(entry.actor), rank=2, grow=1),
        Column("HOW", 12, _details, rank=3, grow=3),
    )


def _event(entry: AuditEntry) -> Content:
    refused = ("✗ refused ", "$error") if entry.event.refused else ""
    return Content.assemble(refused, harmless(entry.event.type))


def _details(entry: AuditEntry) -> Content:
    words = "  ".join(f"{name} {value}" for name, value in entry.event.details.items())
    return Content.styled(harmless(words), QUIET)
