"""The demo's keys: a small company's fleet, with the troubles such fleets have. Pure: a seed in, a fleet out."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from keytui.domain.keys import KeyDraft
from keytui.domain.usage import Caller


@dataclass(frozen=True, slots=True)
class Pace:
    """A caller and how often it sends, in requests per hour. `until_ago` is when it stopped; zero goes on.

    One that `holds` on to a version, by number, sends it whatever became of it, `since_ago`.
    """

    caller: Caller
    per_hour: float
    until_ago: timedelta = timedelta()
    since_ago: timedelta | None = None
    holds: int | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One rotation of the key's past. `moved` are the callers that took the new version at the hand-over."""

    started_ago: timedelta
    finished: bool = True
    moved: frozenset[str] = frozenset()
    overlap: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """One key of the fleet, with its past."""

    draft: KeyDraft
    created_ago: timedelta
    callers: tuple[Pace, ...] = ()
    turns: tuple[Turn, ...] = ()
    expires_in: timedelta | None = None
    disabled: bool = False


def _days(count: float) -> timedelta:
    return timedelta(days=count)


def _named(name: str, per_hour: float, until_ago: timedelta = timedelta()) -> Pace:
    return Pace(Caller.called(name), per_hour, until_ago)


def _somewhere(address: str, agent: str, per_hour: float, until_ago: timedelta = timedelta()) -> Pace:
    return Pace(Caller.undeclared(address, agent), per_hour, until_ago)


def _draft(
    name: str, owner: str, *scopes: str, environment: str = "production", apps: tuple[str, ...] = ()
) -> KeyDraft:
    return KeyDraft(name, environment, owner=owner, scopes=scopes, apps=apps)


NOTABLE: Final = (
    Member(
        _draft("checkout-api", "payments", "bookings:read", "bookings:write", apps=("web", "mobile-bff")),
        _days(420),
        (_named("web", 18_000), _named("mobile-bff", 8_400), _somewhere("10.0.3.7", "python-httpx/0.28", 1_800)),
        (Turn(_days(330)), Turn(_days(222)), Turn(_days(112))),
        expires_in=_days(99),
    ),
    Member(
        _draft("ci-deploy", "platform", "deploy:write", apps=("ci",)),
        _days(300),
        (_named("ci", 28_000), _named("runner-2", 12_000)),
        (Turn(_days(95)), Turn(_days(4), finished=False, moved=frozenset({"ci", "runner-2"}))),
    ),
    Member(
        _draft("search-index", "search", "catalogue:read", apps=("indexer", "nightly-rebuild")),
        _days(200),
        (_named("indexer", 6_000), _named("nightly-rebuild", 600), _somewhere("10.0.8.21", "curl/8.9", 240)),
        (Turn(_days(3), finished=False, moved=frozenset({"indexer", "nightly-rebuild"})),),
    ),
    Member(
        _draft("mobile-push", "apps", "push:send", apps=("push-worker",)),
        _days(150),
        (_named("push-worker", 3_000), _somewhere("10.0.4.2", "okhttp/4.12", 600)),
        (Turn(_days(2), False, frozenset({"push-worker", "10.0.4.2 okhttp/4.12"}), overlap=_days(3)),),
    ),
    Member(
        # Its partner fell silent after a rotation; now it is back, with the secret from before.
        _draft("partner-export", "data", "export:read"),
        _days(401),
        (
            _somewhere("203.0.113.9", "Java/17", 4, _days(63)),
            Pace(Caller.undeclared("203.0.113.9", "Java/17"), 6_000, since_ago=timedelta(minutes=4), holds=1),
        ),
        (Turn(_days(70)),),
    ),
    Member(_draft("legacy-crm", "", "crm:*"), _days(95)),
    Member(_draft("mail-v1", "growth", "mail:send"), _days(510), (_named("mailer", 30, _days(140)),)),
    Member(_draft("reports-v1", "data", "reports:read"), _days(330), (_named("reporter", 6, _days(48)),)),
    Member(_draft("intranet", "", "*"), _days(640), (_somewhere("10.0.9.4", "perl/5.36", 2, _days(88)),)),
    Member(_draft("webhook-relay", "platform", "*"), _days(61), (_named("relay", 2_400),)),
    Member(_draft("metrics-push", "sre", "metrics:write"), _days(12), (_named("agent", 24_000),), expires_in=_days(9)),
    Member(_draft("old-widget", "web", "widgets:read"), _days(700), expires_in=-_days(20)),
    Member(_draft("beta-signup", "growth", "leads:write"), _days(45), (_named("landing", 12),), disabled=True),
)

_OWNERS: Final = ("payments", "platform", "data", "search", "apps", "sre", "growth", "web", "")
_NOUNS: Final = ("orders", "invoices", "catalogue", "mail", "media", "stock", "users", "reports", "events", "maps")
_ROLES: Final = ("api", "worker", "sync", "export", "import", "cron", "bff", "proxy")


def fleet(keys: int, seed: int) -> tuple[Member, ...]:
    """`keys` members, the notable ones first, the rest drawn from the seed."""
    drawn = _ordinary(random.Random(seed))  # noqa: S311  # a fleet to look at, the same for the same seed
    return (*NOTABLE[:keys], *(next(drawn) for _ in range(keys - len(NOTABLE))))


def _ordinary(dice: random.Random) -> Iterator[Member]:
    number = 0
    while True:
        number += 1
        environment = dice.choice(("production", "production", "staging", "development"))
        name = f"{dice.choice(_NOUNS)}-{dice.choice(_ROLES)}-{number}"
        scope = f"{dice.choice(_NOUNS)}:{dice.choice(('read', 'write'))}"
        created = _days(dice.triangular(1, 240, 30))
        callers = (
            ()
            if dice.random() < 0.15
            else (_named(f"{name}-client", dice.choice((1, 6, 20, 90, 300)), _silence(dice, created)),)
        )
        yield Member(_draft(name, dice.choice(_OWNERS), scope, environment=environment), created, callers)


def _silence(dice: random.Random, created_ago: timedelta) -> timedelta:
    """Most clients still send; some stopped somewhere in the key's life."""
    return timedelta() if dice.random() < 0.7 else created_ago * dice.uniform(0.2, 0.9)
