"""A lost answer is asked for again: the same answer, nothing twice, and only for whoever asked."""

from __future__ import annotations

import contextlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from secrets import token_hex
from typing import Final

import pytest

from keytui.domain.access import Operation, Role
from keytui.domain.operators import OperatorDraft
from keytui.domain.query import Sort, parse
from keytui.domain.secrets import Secret
from keytui.domain.usage import UNKNOWN_CALLER
from keytui.domain.verification import Outcome
from tests.unit.server.endpoints import ENDPOINTS, Endpoint
from tests.unit.server.targets import Target
from tests.unit.server.team import OURS, PASSPHRASE, Team, fresh

REFUSED_AT_FIRST: Final = {
    "POST /admin/keys/{key_id}/enable",
    "POST /admin/keys/{key_id}/retire",
    "POST /admin/keys/{key_id}/restore",
    "POST /admin/keys/{key_id}/complete",
    "POST /admin/keys/{key_id}/rollback",
    "POST /admin/keys/{key_id}/reveal",
    "POST /admin/keys/rotation/enable",
    "POST /admin/issuers/{name}/sync",
    "POST /admin/rotations/{rotation_id}/reissue",
    "POST /admin/rotations/{rotation_id}/prove",
    "POST /admin/rotations/{rotation_id}/handed-over",
    "POST /admin/rotations/{rotation_id}/deliver",
    "POST /admin/rotations/{rotation_id}/retire",
    "POST /admin/rotations/{rotation_id}/restore",
    "POST /admin/rotations/{rotation_id}/revoke-old",
    "POST /admin/rotations/{rotation_id}/complete",
    "POST /admin/rotations/{rotation_id}/rollback",
    "POST /admin/rotations/{rotation_id}/take-over",
    "POST /admin/passphrase",
    "POST /admin/alerts/{alert_id}/acknowledge",
    "POST /admin/operators/revoke",
    "POST /admin/users/{user_id}/keys/disable",
    "POST /admin/approvals/{approval_id}/approve",
}
"""What a key, or a rotation, that has only begun does not allow."""

CHANGES_NOTHING: Final = {"POST /admin/keys/rotation/disable", "POST /admin/passphrase/unlock"}
"""Where nothing was switched on; and nothing stays open on a server."""


def is_change(endpoint: Endpoint) -> bool:
    return endpoint.needs not in {None, Operation.READ, Operation.CHECK, Operation.NOTIFY}


def new_draft() -> dict[str, dict[str, str]]:
    """Of a key that there is not yet."""
    return {"draft": {"name": f"key-{token_hex(6)}", "environment": "production"}}


def keys_called(team: Team, create: dict[str, dict[str, str]]) -> int:
    return team.vault.page(parse(create["draft"]["name"]), Sort(), 0, 10).total


def test_the_same_again_gets_the_same_answer(team: Team) -> None:
    repeat, create = fresh(), new_draft()
    first = team.ask("super_admin", "POST", "/admin/keys", create, repeat=repeat)
    again = team.ask("super_admin", "POST", "/admin/keys", create, repeat=repeat)
    assert (first.status_code, first.headers.get("Idempotency-Replayed")) == (201, None)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert again.content == first.content
    assert keys_called(team, create) == 1


def test_an_empty_answer_is_repeated_too(team: Team) -> None:
    repeat, entries = fresh(), team.entries()
    assert team.ask("super_admin", "POST", "/admin/passphrase/lock", repeat=repeat).status_code == 204
    again = team.ask("super_admin", "POST", "/admin/passphrase/lock", repeat=repeat)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (204, "true")
    assert team.entries() == entries + 1


def test_a_rotation_is_begun_once(team: Team) -> None:
    key = team.key().key
    repeat = fresh()
    answers = [team.ask("tenant_admin", "POST", f"/admin/keys/{key.id}/rotate", repeat=repeat) for _ in range(3)]
    assert len({answer.content for answer in answers}) == 1
    assert len(team.vault.detail(key.id).versions) == 2
    assert len(team.vault.rotations(open_only=False, offset=0, limit=10)) == 1


def test_an_id_that_another_operation_used_is_refused(team: Team) -> None:
    named = {"draft": {"name": "nightly", "environment": "production"}, "request_id": "nightly"}
    made = team.ask("super_admin", "POST", "/admin/keys", named)

    answer = team.ask(
        "super_admin", "POST", f"/admin/keys/{made.json()['key']['id']}/rotate", {"request_id": "nightly"}
    )

    assert (answer.status_code, answer.json()["type"]) == (409, "urn:keytui:problem:refused")
    assert "used for something else" in answer.json()["detail"]


def test_an_emergency_goes_on_by_the_same_request_once_it_is_approved(team: Team) -> None:
    issued, repeat = team.key(sensitive=True), fresh()
    leaked = {"plan": {"strategy": "emergency", "first": "revoke", "reason": "compromise"}}
    path = f"/admin/keys/{issued.key.id}/rotate"

    waits = team.ask("tenant_admin", "POST", path, leaked, repeat=repeat)
    assert (waits.status_code, waits.json()["type"]) == (409, "urn:keytui:problem:approval-needed")
    assert team.vault.check(issued.secret, [], UNKNOWN_CALLER).reason is Outcome.REVOKED
    team.ask("super_admin", "POST", f"/admin/approvals/{waits.json()['approval_id']}/approve", {"note": ""})

    new = team.ask("tenant_admin", "POST", path, leaked, repeat=repeat)
    assert new.status_code == 200
    assert team.vault.check(Secret(new.json()["secret"]), [], UNKNOWN_CALLER).valid


def test_many_at_once_are_one(team: Team) -> None:
    key = team.key().key
    repeat = fresh()
    with ThreadPoolExecutor(8) as pool:
        asked = [
            pool.submit(team.ask, "super_admin", "POST", f"/admin/keys/{key.id}/rotate", {}, repeat=repeat)
            for _ in range(8)
        ]
        answers = [each.result(timeout=30) for each in asked]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(team.vault.detail(key.id).versions) == 2


def test_another_request_under_the_same_key_is_refused(team: Team) -> None:
    repeat, create = fresh(), new_draft()
    team.ask("super_admin", "POST", "/admin/keys", create, repeat=repeat)
    other = new_draft()
    answer = team.ask("super_admin", "POST", "/admin/keys", other, repeat=repeat)
    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json()["detail"]
    assert keys_called(team, other) == 0


def test_nobody_else_gets_the_answer(team: Team) -> None:
    repeat, create = fresh(), new_draft()
    first = team.ask("super_admin", "POST", "/admin/keys", create, repeat=repeat)
    for who in ("tenant_admin", "key"):
        answer = team.ask(who, "POST", "/admin/keys", create, repeat=repeat)
        assert answer.status_code == 422
        assert first.json()["secret"] not in answer.text
    assert team.ask("staff", "POST", "/admin/keys", create, repeat=repeat).status_code in {403, 422}
    assert team.ask(None, "POST", "/admin/keys", create, repeat=repeat).status_code == 401


def test_a_renewed_token_gets_the_answer(team: Team) -> None:
    """It may be the token that expired under the change."""
    name, repeat, create = f"op-{token_hex(4)}", fresh(), new_draft()
    told = []
    for _ in range(2):
        team.tokens["renewed"] = team.vault.add_operator(OperatorDraft(name, Role.SUPER_ADMIN)).token.reveal()
        told.append(team.ask("renewed", "POST", "/admin/keys", create, repeat=repeat).content)
        team.vault.revoke_operator(name, "renewed")
    assert told[0] == told[1]
    assert keys_called(team, create) == 1


def test_ten_minutes_later_it_is_known_and_not_told(team: Team) -> None:
    repeat, create = fresh(), new_draft()
    made = team.ask("super_admin", "POST", "/admin/keys", create, repeat=repeat)
    team.clock.advance(timedelta(minutes=9, seconds=59))
    assert team.ask("super_admin", "POST", "/admin/keys", create, repeat=repeat).content == made.content
    team.clock.advance(timedelta(seconds=1))
    late = team.ask("super_admin", "POST", "/admin/keys", create, repeat=repeat)
    assert late.status_code == 409
    assert late.json()["type"] == "urn:keytui:problem:already-done"
    assert late.json()["reference"] == made.json()["key"]["id"]
    assert made.json()["secret"] not in late.text


@pytest.mark.parametrize("verb", ["reissue", "rotate"])
def test_ten_minutes_later_nothing_is_minted_again(team: Team, verb: str) -> None:
    key = team.key().key
    path = f"/admin/keys/{key.id}/rotate"
    if verb == "reissue":
        path = f"/admin/rotations/{team.ask('super_admin', 'POST', path).json()['rotation']['id']}/reissue"
    repeat = fresh()
    assert team.ask("super_admin", "POST", path, repeat=repeat).status_code == 200
    versions = len(team.vault.detail(key.id).versions)
    team.clock.advance(timedelta(minutes=11))
    late = team.ask("super_admin", "POST", path, repeat=repeat)
    assert (late.status_code, late.json()["type"]) == (409, "urn:keytui:problem:already-done")
    assert len(team.vault.detail(key.id).versions) == versions


def test_answers_are_sealed_and_do_not_stay(team: Team) -> None:
    repeat, create = fresh(), new_draft()
    secret = team.ask("super_admin", "POST", "/admin/keys", create, repeat=repeat).json()["secret"]
    files = [path.read_bytes() for path in team.directory.iterdir() if path.is_file()]
    assert not any(secret.encode() in content or repeat.encode() in content for content in files)
    assert len(_answers(team)) > 0
    team.clock.advance(timedelta(minutes=10))
    team.vault.tend()
    assert _answers(team) == []


def test_what_was_asked_for_cannot_be_guessed_from_what_is_kept(team: Team) -> None:
    """A plain digest of the body would let a reader of the database try passphrases, a million a second."""
    body = {"old": PASSPHRASE, "new": PASSPHRASE}
    before = len(_answers(team))
    for _ in range(2):
        assert team.ask("super_admin", "POST", "/admin/passphrase/change", body, repeat=fresh()).status_code == 204
    kept = [request for _, request in _answers(team)]
    assert len(kept) == before + 2
    assert len(set(kept)) == len(kept)


def _answers(team: Team) -> list[tuple[str, str]]:
    with contextlib.closing(sqlite3.connect(team.directory / "vault.db")) as database:
        return database.execute("SELECT digest, request FROM answers").fetchall()


@pytest.mark.parametrize("repeat", ["short", "A" * 42, "A" * 42 + "!", "A" * 200])
def test_a_key_that_could_be_guessed_is_refused(team: Team, repeat: str) -> None:
    answer = team.ask("super_admin", "POST", "/admin/keys", new_draft(), repeat=repeat)
    assert answer.status_code == 422
    assert repeat not in answer.text


def test_a_refused_request_is_not_kept(team: Team) -> None:
    repeat, path = fresh(), "/admin/keys/aaaaaaaaaaaaaaaa/disable"
    for _ in range(2):
        answer = team.ask("super_admin", "POST", path, {"note": ""}, repeat=repeat)
        assert answer.status_code == 404
        assert "Idempotency-Replayed" not in answer.headers


CHANGES: Final = [name for name, endpoint in ENDPOINTS.items() if not name.startswith("GET") and is_change(endpoint)]


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_is_carried_out_once(team: Team, name: str) -> None:
    target, repeat = Target(team, OURS, name), fresh()
    first = target.ask("super_admin", name, repeat=repeat)
    entries = team.entries()
    again = target.ask("super_admin", name, repeat=repeat)
    assert again.content == first.content
    assert team.entries() == entries
    carried_out = first.is_success and name not in CHANGES_NOTHING
    assert (again.headers.get("Idempotency-Replayed") == "true") == carried_out
    assert first.is_success or name in REFUSED_AT_FIRST, first.text
