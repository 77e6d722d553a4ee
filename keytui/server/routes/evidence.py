"""Evidence from elsewhere, and questions about one secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query

from keytui.domain.errors import Invalid
from keytui.domain.recognition import Mark
from keytui.domain.reports import Leak, Report, SourceStanding
from keytui.domain.secrets import Secret
from keytui.domain.usage import Caller
from keytui.domain.verification import Check
from keytui.server.asking import Asked, Changed
from keytui.server.bodies import Body
from keytui.server.route import VaultRoute
from keytui.vault.model import Diagnosis

evidence = APIRouter(prefix="/admin", tags=["evidence"], route_class=VaultRoute)


class Checked(Body):
    secret: Secret
    caller: Caller
    scopes: tuple[str, ...] = ()


class Diagnose(Body):
    secret: Secret


class Reported(Body):
    report: Report


class Leaked(Body):
    leaks: tuple[Leak, ...]


class Ingested(Body):
    source: str
    counts: dict[str, str]


@evidence.post("/check")
def check(vault: Asked, asked: Checked) -> Check:
    """One answer about one secret, recorded as a probe."""
    return vault.check(asked.secret, asked.scopes, asked.caller)


@evidence.post("/diagnose")
def diagnose(vault: Asked, asked: Diagnose) -> Diagnosis:
    """Why a secret does not work, and what to do."""
    return vault.diagnose(asked.secret)


@evidence.get("/sources")
def sources(vault: Asked) -> tuple[SourceStanding, ...]:
    """Every evidence source, the recorders included, by name."""
    return vault.sources()


@evidence.get("/recogniser")
def recogniser(vault: Asked) -> tuple[Mark, ...]:
    """What versions are recognised by in texts from outside."""
    return vault.recogniser().marks


@evidence.get("/sources/bookmarks")
def bookmarks(vault: Asked, source: Annotated[str, Query(max_length=256)]) -> Mapping[str, str]:
    """Where a source goes on, by name."""
    return vault.bookmarks(source)


@evidence.post("/sources/reports", status_code=204)
def witness(vault: Changed, asked: Reported) -> None:
    """Take one report in, whole or not at all."""
    try:
        vault.witness(asked.report)
    except ValueError:
        raise Invalid("the report names a version that is not in this vault", "read the recogniser again") from None


@evidence.post("/leaks", status_code=204)
def note_leaks(vault: Changed, asked: Leaked) -> None:
    """Flag the keys of secrets that were found lying about."""
    vault.note_leaks(asked.leaks)


@evidence.post("/sources/ingested", status_code=204)
def ingested(vault: Changed, asked: Ingested) -> None:
    """One run over a source has ended."""
    vault.ingested(asked.source, asked.counts)
