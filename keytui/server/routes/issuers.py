"""Issuers elsewhere: which the server can ask, and how its vault compares with them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from keytui.server.asking import Asked
from keytui.server.route import VaultRoute
from keytui.vault.sync_report import IssuerStanding, SyncReport

issuers = APIRouter(prefix="/admin/issuers", tags=["issuers"], route_class=VaultRoute)
Name = Annotated[str, Path(min_length=1, max_length=128, description="An issuer's name.", examples=["reserve"])]


@issuers.get("")
def listed(vault: Asked) -> tuple[IssuerStanding, ...]:
    """keytui's own first, then by name those that the server's configuration names."""
    return vault.issuers()


@issuers.post("/{name}/sync")
def sync(vault: Asked, name: Name) -> SyncReport:
    """Ask an issuer what it has, bring in what nobody knew, and mark what stands otherwise there than here.

    To do the same again is harmless, so that it needs no Idempotency-Key.
    """
    return vault.sync(name)
