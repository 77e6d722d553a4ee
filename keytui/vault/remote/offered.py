"""Names in a vault at a server, for a shell that completes words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Final

from keytui.domain.keys import Key
from keytui.domain.query import Facet, Query, Sort, SortField, Term
from keytui.vault.profile import Profile
from keytui.vault.references import at_hand
from keytui.vault.remote.vault import RemoteVault
from keytui.vault.team_server import TeamServer

_AT_ONCE: Final = 200
"""Rows of one question."""
_OF: Final[dict[str, tuple[Facet, Callable[[Key], str]]]] = {
    "environment": (Facet.ENVIRONMENT, lambda key: key.environment),
    "owner": (Facet.OWNER, lambda key: key.owner),
    "tenant": (Facet.TENANT, lambda key: key.tenant),
    "issuer": (Facet.ISSUER, lambda key: key.issuer),
}


def words_of(profile: Profile, server: TeamServer, column: str, beginning: str) -> Iterator[str]:
    """As of a vault on this machine, each as it is found: whoever waits no longer has those that came.

    None where the token would have to be asked for. KeytuiError where the server does not answer.
    """
    if at_hand(server.token) is None:
        return
    with closing(RemoteVault.open(profile, server)) as vault:
        yield from _names(vault, beginning) if column == "name" else _values(vault, *_OF[column])


def _names(vault: RemoteVault, beginning: str) -> Iterator[str]:
    """By name, from page to page: what begins so also holds it."""
    asked = Query((Term(Facet.TEXT, beginning.lower()),) if beginning else ())
    offset = 0
    while rows := vault.rows(asked, Sort(SortField.NAME), offset, _AT_ONCE).rows:
        yield from (row.key.name for row in rows if row.key.name.startswith(beginning))
        offset += len(rows)


def _values(vault: RemoteVault, facet: Facet, of: Callable[[Key], str]) -> Iterator[str]:
    """One key that has none of those that were found, and so on."""
    found: tuple[Term, ...] = ()
    while rows := vault.rows(Query(found), Sort(), 0, 1).rows:
        value = of(rows[0].key)
        yield value
        found += (Term(facet, value.lower(), negated=True),)
