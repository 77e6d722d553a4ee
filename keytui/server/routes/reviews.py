"""Access reviews: what there is to look at, and that somebody did."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from keytui.domain.query import parse
from keytui.domain.reviews import Decision, Review, ReviewPage
from keytui.server.asking import Asked, Changed, KeyId, Limit, Offset
from keytui.server.bodies import Body
from keytui.server.route import VaultRoute

reviews = APIRouter(prefix="/admin", tags=["reviews"], route_class=VaultRoute)

_FILTER = Query(max_length=1024, description="As in the console.", examples=["flag:shared env:production"])


class SignOff(Body):
    decision: Decision
    note: str = ""


@reviews.get("/reviews")
def page(
    vault: Asked,
    *,
    filter: Annotated[str, _FILTER] = "",  # noqa: A002  # the parameter's name
    limit: Limit = 100,
    offset: Offset = 0,
) -> ReviewPage:
    """Keys by name, each with its callers, whoever saw its secret, and its last sign-off."""
    return vault.reviews(parse(filter), offset, limit)


@reviews.post("/keys/{key_id}/review")
def sign_off(vault: Changed, key_id: KeyId, asked: SignOff) -> Review:
    """Put on record that the key was reviewed. Nothing else comes of the decision here."""
    return vault.sign_off(key_id, asked.decision, asked.note)
