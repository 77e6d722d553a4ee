"""`POST /v1/verify`: one question about one secret, for services in any language. Answered from memory.

No thread, no framework and no database stands on this path: it is as fast as the server that reads the request.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Final

from keytui.domain.access import Operation
from keytui.domain.errors import Invalid, Unreachable
from keytui.domain.usage import UNKNOWN_CALLER, Caller, route_of
from keytui.domain.verification import Check, Outcome
from keytui.server.asgi import Reply, Request, body_of, parsed
from keytui.server.metrics import Metrics
from keytui.server.token_book import TokenBook
from keytui.verify.middleware import known_caller
from keytui.verify.verifier import Verifier

LONGEST_SECRET: Final = 8_192
_MOST_SCOPES: Final = 100
_LONGEST_PATH: Final = 2_000
_FIELDS: Final = frozenset({"secret", "scopes", "caller", "route"})
_CALLER_FIELDS: Final = frozenset({"name", "address", "agent"})


class Verifying:
    """The service. What it answers is for the service that asks; whoever presented the secret learns yes or no."""

    def __init__(self, verifier: Verifier, book: TokenBook, metrics: Metrics) -> None:
        self._verifier = verifier
        self._book = book
        self._metrics = metrics

    async def __call__(self, request: Request) -> Reply:
        principal = self._book.admitted(request.holder, Operation.VERIFY)
        asked = parsed(await body_of(request))
        secret, scopes, caller, route = _question(asked)
        check = self._verifier.check(secret, scopes, caller, route=route, tenant=principal.tenant)
        noted = request.noted
        noted.outcome = check.reason
        self._metrics.count_outcome(check.reason)
        if check.key_id is not None:
            noted.key_id, noted.version = check.key_id, check.version
        if check.reason is Outcome.STALE:
            raise Unreachable("this server has had no contact with its database for too long", "try again shortly")
        return _reply(check)


@lru_cache(maxsize=16_384)
def _reply(check: Check) -> Reply:
    """A verifier gives the same few answers again and again."""
    answer = {
        "valid": check.valid,
        "outcome": check.reason,
        "key_id": check.key_id,
        "key_name": check.key_name,
        "version": check.version,
        "scopes": check.scopes,
    }
    return Reply(200, json.dumps(answer).encode())


def _question(asked: dict[str, object]) -> tuple[str, tuple[str, ...], Caller, str]:
    """The body's fields. Invalid names the field, and never what stands in it."""
    if not _FIELDS.issuperset(asked):
        raise Invalid("the body has a field that is none of ours", f"its fields are {', '.join(sorted(_FIELDS))}")
    secret = asked.get("secret")
    if not isinstance(secret, str) or not 0 < len(secret) <= LONGEST_SECRET:
        raise Invalid("secret is a text, and not an empty one", 'send {"secret": "…"}')
    scopes = asked.get("scopes")
    given = asked.get("caller")
    route = asked.get("route")
    caller = UNKNOWN_CALLER if given is None else _caller(given)
    return secret, () if scopes is None else _scopes(scopes), caller, "" if route is None else _route(route)


def _scopes(given: object) -> tuple[str, ...]:
    if not isinstance(given, list) or len(given) > _MOST_SCOPES or not all(isinstance(each, str) for each in given):
        raise Invalid(f"scopes is a list of up to {_MOST_SCOPES} texts", 'as in "scopes": ["read"]')
    return tuple(given)


def _caller(given: object) -> Caller:
    if not isinstance(given, dict) or not _CALLER_FIELDS.issuperset(given):
        raise Invalid("caller is an object", 'as in {"name": "checkout"} or {"address": "10.0.0.7", "agent": "curl/8"}')
    name, address, agent = given.get("name", ""), given.get("address", ""), given.get("agent", "")
    if not (isinstance(name, str) and isinstance(address, str) and isinstance(agent, str)):
        raise Invalid("caller's fields are texts", 'as in {"name": "checkout"}')
    return known_caller(name, address, agent)


def _route(given: object) -> str:
    if not isinstance(given, str):
        raise Invalid("route is a path", 'as in "route": "/orders"')
    return route_of(given[:_LONGEST_PATH])
