"""Who may come in, and what waits for a second operator."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from keytui.domain.access import Principal
from keytui.domain.approvals import Approval
from keytui.domain.operators import Operator, OperatorDraft
from keytui.server.asking import Asked, Changed, Number
from keytui.server.bodies import NO_NOTE, Body, Note
from keytui.server.route import VaultRoute
from keytui.vault.model import DisabledUser, NewOperator

access = APIRouter(prefix="/admin", tags=["access"], route_class=VaultRoute)


class Add(Body):
    draft: OperatorDraft


class Named(Body):
    name: str
    note: str = ""


@access.get("/principal")
def principal(vault: Asked) -> Principal:
    """Who is asking, as the server knows them."""
    return vault.principal()


@access.get("/operators")
def operators(vault: Asked) -> tuple[Operator, ...]:
    """Everybody with a token, revoked ones last, by name."""
    return vault.operators()


@access.post("/operators", status_code=201)
def add_operator(vault: Changed, asked: Add) -> NewOperator:
    """An operator or service with a new token, told this once."""
    return vault.add_operator(asked.draft)


@access.post("/operators/revoke")
def revoke_operator(vault: Changed, asked: Named) -> Operator:
    """End a token at once, whatever it is doing."""
    return vault.revoke_operator(asked.name, asked.note)


@access.post("/users/{user_id}/keys/disable")
def disable_user(vault: Changed, user_id: Annotated[str, Path(max_length=256)], asked: Note = NO_NOTE) -> DisabledUser:
    """Disable every key that a person owns, and revoke every token of theirs."""
    return vault.disable_user(user_id, asked.note)


@access.get("/approvals")
def approvals(vault: Asked, *, decided: bool = False) -> tuple[Approval, ...]:
    """Requests that wait for an answer, oldest first; with `decided` those of the last 30 days too."""
    return vault.approvals(decided=decided)


@access.post("/approvals/{approval_id}/approve")
def approve(vault: Changed, approval_id: Number, asked: Note = NO_NOTE) -> Approval:
    """Agree. Whoever requested it cannot."""
    return vault.approve(approval_id, asked.note)


@access.post("/approvals/{approval_id}/deny")
def deny(vault: Changed, approval_id: Number, asked: Note = NO_NOTE) -> Approval:
    """Say no, or take an own request back."""
    return vault.deny(approval_id, asked.note)
