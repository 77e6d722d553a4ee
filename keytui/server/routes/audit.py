"""The audit log: read, exported, verified, and taken along as evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import chain, islice
from threading import Lock
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, BeforeValidator
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

from keytui.domain.audit import AuditCheck, AuditEntry, AuditFilter
from keytui.server.asking import LARGEST, Asked, KeyId, Limit, Offset, Version, Word
from keytui.server.bodies import Body
from keytui.server.route import VaultRoute, told
from keytui.vault.audit_export import csv_lines, every_entry, json_lines
from keytui.vault.model import AuditExtract, AuditPage, Checkpoint
from keytui.vault.wire import encode

audit = APIRouter(prefix="/admin", tags=["audit"], route_class=VaultRoute)

_VERIFYING: Final = Lock()
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


def _is_written_as_day(given: object) -> object:
    """A time without an offset is nobody's: to pydantic midnight would be a day."""
    if isinstance(given, str) and not _DAY.fullmatch(given):
        raise ValueError("it is no day")
    return given


Moment = AwareDatetime | Annotated[date, BeforeValidator(_is_written_as_day)] | None
"""A time, or a day as UTC has it."""


class Layout(StrEnum):
    """How entries are told: a page of them, or all as lines."""

    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


class Kept(Body):
    kept: tuple[Checkpoint, ...] = ()


_NONE_KEPT: Final = Kept.model_construct()


def wanted(
    *,
    type: Annotated[Word, Query(description="A type, as key.created, or its noun.")] = "",  # noqa: A002
    key_id: Word = "",
    key_version: Version = None,
    actor: Annotated[Word, Query(description="Somebody's name, from wherever they acted.")] = "",
    start_date: Annotated[Moment, Query(description="From then on.")] = None,
    end_date: Annotated[Moment, Query(description="Until then; a whole day counts to its end.")] = None,
    before: Annotated[int | None, Query(ge=1, le=LARGEST, description="Entries older than this number.")] = None,
) -> AuditFilter:
    """Which entries are asked for."""
    until = _moment(end_date)
    if until is not None and _is_day(end_date):
        until += timedelta(days=1)
    return AuditFilter(type, key_id, key_version, actor, _moment(start_date), until, before)


@audit.get(
    "/audit-logs",
    response_model=AuditPage,
    responses={200: {"content": {"application/x-ndjson": {}, "text/csv": {}}}},
)
def entries(
    vault: Asked,
    which: Annotated[AuditFilter, Depends(wanted)],
    layout: Annotated[Layout, Query(alias="format")] = Layout.JSON,
    limit: Limit = 100,
    offset: Offset = 0,
) -> Response:
    """Entries, newest first: a page of them as JSON, or every one that matches as JSON lines or CSV."""
    if layout is Layout.JSON:
        return told(encode(vault.audit(which, offset, limit)))
    lines, media_type = (csv_lines, "text/csv") if layout is Layout.CSV else (json_lines, "application/x-ndjson")
    every = _begun(every_entry(vault, which))
    name = f'attachment; filename="keytui-audit.{layout}"'
    return StreamingResponse(lines(every), media_type=media_type, headers={"Content-Disposition": name})


def _one_at_a_time() -> Iterator[None]:
    """A million entries take minutes of a core: whoever comes meanwhile is told to come again."""
    if not _VERIFYING.acquire(blocking=False):
        raise HTTPException(503, "the log is being verified already: ask again shortly", {"Retry-After": "5"})
    try:
        yield
    finally:
        _VERIFYING.release()


@audit.get("/audit-logs/verify", dependencies=[Depends(_one_at_a_time)])
def verify(vault: Asked) -> AuditCheck:
    """Recompute the whole chain and its signed checkpoints."""
    return vault.verify_audit()


@audit.post("/audit-logs/verify", dependencies=[Depends(_one_at_a_time)])
def verify_against(vault: Asked, asked: Kept = _NONE_KEPT) -> AuditCheck:
    """The same, and see that checkpoints kept elsewhere are still in it."""
    return vault.verify_audit(asked.kept)


@audit.get("/audit-logs/checkpoint")
def checkpoint(vault: Asked) -> Checkpoint:
    """The log's head now, signed, to be kept elsewhere."""
    return vault.checkpoint()


@audit.get("/keys/{key_id}/evidence")
def evidence(
    vault: Asked,
    key_id: KeyId,
    rotation_id: Annotated[int | None, Query(ge=1, le=LARGEST)] = None,
    *,
    with_addresses: bool = False,
) -> AuditExtract:
    """All of one rotation, in a form that an outsider can verify offline."""
    return vault.audit_extract(key_id, rotation_id, with_addresses=with_addresses)


def _begun(entries: Iterator[AuditEntry]) -> Iterator[AuditEntry]:
    """The entries, the first of them asked for now: what refuses them does so before the answer begins."""
    return chain(list(islice(entries, 1)), entries)


def _is_day(moment: Moment) -> bool:
    """Whether a whole day was named."""
    return isinstance(moment, date) and not isinstance(moment, datetime)


def _moment(moment: Moment) -> datetime | None:
    if moment is None or isinstance(moment, datetime):
        return moment
    return datetime.combine(moment, time(), UTC)
