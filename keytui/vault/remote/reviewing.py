"""Access reviews, asked of the server."""

from __future__ import annotations

from keytui.domain.query import Query, written
from keytui.domain.reviews import Decision, Review, ReviewPage
from keytui.vault.remote.parts import in_parts
from keytui.vault.remote.section import Section, key_path


class Reviewing(Section):
    """What a review shows, and its sign-offs."""

    def reviews(self, query: Query, offset: int, limit: int) -> ReviewPage:
        def part(at: int, most: int) -> ReviewPage:
            asked = {"filter": written(query), "offset": str(offset + at), "limit": str(most)}
            return self._line.get(ReviewPage, "/admin/reviews", asked)

        rows, last = in_parts(limit, part, lambda page: page.rows)
        return ReviewPage(rows, offset, last.total)

    def sign_off(self, key_id: str, decision: Decision, note: str) -> Review:
        body = {"decision": decision, "note": note}
        return self._change(Review, key_path(key_id, "/review"), body, look=f"keytui audit --key {key_id}")
