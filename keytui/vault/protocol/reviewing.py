"""Access reviews: who may what with which key, and that somebody has looked."""

from __future__ import annotations

from typing import Protocol

from keytui.domain.query import Query
from keytui.domain.reviews import Decision, Review, ReviewPage


class Reviewing(Protocol):
    """Access reviews: who may what with which key, and that somebody has looked."""

    def reviews(self, query: Query, offset: int, limit: int) -> ReviewPage:
        """Keys that match, by name, each with its callers, whoever saw its secret, and its last sign-off."""
        ...

    def sign_off(self, key_id: str, decision: Decision, note: str) -> Review:
        """Put on record that the key was reviewed and what was decided; nothing else comes of it here. Refused for a
        revoked key.
        """
        ...
