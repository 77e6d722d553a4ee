"""Who may ask what: the table of `domain/access.py`, held against every endpoint that the server has."""

from __future__ import annotations

import re
import secrets
from typing import Final

import pytest
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keytui.domain.keys import KeyDraft
from keytui.domain.rotation import Plan
from keytui.server.app import ROUTERS
from tests.unit.server.endpoints import ENDPOINTS, Endpoint
from tests.unit.server.targets import Target
from tests.unit.server.team import OURS, THEIRS, Team

WHO: Final = ("super_admin", "tenant_admin", "staff", "staff of a tenant", "key", "service")
WITHIN_OURS: Final = ("tenant_admin", "staff of a tenant", "key")
BY_ID: Final = [name for name in ENDPOINTS if re.search(r"\{(key|rotation|approval|incident)_id\}", name)]
_ROTATION: Final = "/admin/rotations/{rotation_id}/"
UNFIT: Final = {
    **{
        f"POST /admin/keys/{{key_id}}/{verb}": "no open rotation"
        for verb in ("retire", "restore", "complete", "rollback")
    },
    "POST /admin/keys/{key_id}/enable": "is not disabled",
    "POST /admin/keys/{key_id}/reveal": "is not kept",
    "GET /admin/keys/{key_id}/evidence": "has had no rotation",
    "POST /admin/keys/rotation/enable": "it has no target",
    f"GET {_ROTATION}verdict": "has not handed the new secret over yet",
    **{f"POST {_ROTATION}{verb}": "is planned" for verb in ("reissue", "prove", "handed-over", "deliver", "retire")},
    **{f"POST {_ROTATION}{verb}": "is planned" for verb in ("restore", "revoke-old", "complete", "rollback")},
    "POST /admin/passphrase": "there is a passphrase already",
    "POST /admin/issuers/{name}/sync": "there is nothing to compare",
    "POST /admin/alerts/{alert_id}/acknowledge": "there is no alert",
    "POST /admin/operators/revoke": "no operator is called",
    "POST /admin/users/{user_id}/keys/disable": "owns no key that is enabled",
    "POST /admin/approvals/{approval_id}/approve": "is your own",
}
"""What the vault itself says to those who may, where what they are given to act on is not fit for it."""


def served() -> set[str]:
    """What the app's routers know, one entry a method."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    return {f"{method} {route.path}" for route in routes for method in route.methods or ()}


def test_every_endpoint_has_a_row() -> None:
    assert served() == set(ENDPOINTS)


def may(team: Team, who: str, endpoint: Endpoint) -> bool:
    return endpoint.needs is None or team.principals[who].may(endpoint.needs)


@pytest.mark.parametrize("name", ENDPOINTS)
def test_the_matrix(team: Team, name: str) -> None:
    for who in WHO:
        target = Target(team, OURS, name)
        before = team.entries()
        answer = target.ask(who, name)
        if may(team, who, ENDPOINTS[name]):
            assert answer.is_success or UNFIT[name] in answer.json()["detail"], (who, answer.text)
        else:
            assert answer.status_code == 403, (who, answer.text)
            assert team.entries() == before, who


def test_a_stranger_learns_nothing(team: Team) -> None:
    told = set()
    for name in [*ENDPOINTS, "GET /admin", "GET /admin/nothing", "PUT /admin/keys", "BREW /admin/keys/1/2/3"]:
        target = Target(team, OURS, name) if name in ENDPOINTS else None
        method, _, path = name.partition(" ")
        answer = target.ask(None, name) if target else team.ask(None, method, path)
        told.add((answer.status_code, answer.content, answer.headers["www-authenticate"], len(answer.headers)))
    assert len(told) == 1
    assert told.pop()[0] == 401


@pytest.mark.parametrize("name", BY_ID)
def test_what_is_anothers_is_answered_as_what_is_not_there(team: Team, name: str) -> None:
    theirs, ours = Target(team, THEIRS, name), Target(team, OURS, name)
    unknown = {
        "key_id": "zzzzzzzzzzzzzzzz",
        "rotation_id": "1999999",
        "approval_id": "1999999",
        "incident_id": "1999999",
    }
    for who in WITHIN_OURS:
        before = team.entries()
        one, other = theirs.ask(who, name), ours.ask(who, name, **unknown)
        numbers = (theirs.rotation_id, theirs.approval_id, theirs.incident_id)
        ids = "|".join([theirs.key_id or "-", *map(str, numbers), *unknown.values()])
        words = [re.sub(rf"\b({ids})\b", "ID", answer.text) for answer in (one, other)]
        assert one.status_code == (404 if may(team, who, ENDPOINTS[name]) else 403), one.text
        assert words[0] == words[1]
        assert one.status_code == other.status_code
        assert {**one.headers, "content-length": ""} == {**other.headers, "content-length": ""}
        assert team.entries() == before


def test_lists_hold_nothing_of_others(team: Team) -> None:
    name = f"secretly-{secrets.token_hex(6)}"
    theirs = team.vault.create(KeyDraft(name, "production", tenant=THEIRS, owner=name), secrets.token_hex(8)).key
    team.vault.plan(theirs.id, Plan(), secrets.token_hex(8))
    lists = [each for each in ENDPOINTS if each.startswith("GET") and "{" not in each]
    for each in lists:
        for who in WITHIN_OURS:
            answer = Target(team, OURS, each).ask(who, each)
            assert name not in answer.text, (each, who)
            assert theirs.id not in answer.text, (each, who)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from([*WHO, None]), st.sampled_from(list(ENDPOINTS)), st.sampled_from([OURS, THEIRS, ""])),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_is_asked_in_a_row(team: Team, asked: list[tuple[str | None, str, str]]) -> None:
    """What a role may not do has no effect, whatever was done before it, and whosever it is."""
    for who, name, tenant in asked:
        target = Target(team, tenant, name)
        before = team.entries()
        answer = target.ask(who, name)
        assert answer.status_code < 500, answer.text
        if who is None:
            assert answer.status_code == 401
        elif not may(team, who, ENDPOINTS[name]):
            assert answer.status_code == 403
            assert team.entries() == before
        elif who in WITHIN_OURS and tenant != OURS and "{key_id}" in name:
            assert answer.status_code == 404
            assert team.entries() == before
