"""The preset `payload`, on a double of the recorded booking engine."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from keytui.domain.errors import Invalid, NotFound, Refused
from keytui.domain.keys import VersionState
from keytui.domain.secrets import Secret
from keytui.issuers.issuer import Mark
from keytui.issuers.rest.issuer import RestIssuer
from tests.doubles.payload import Payload
from tests.doubles.served import Stage
from tests.unit.issuers.described import EMAIL, KEY, LOGIN, PASSWORD, STANDING, described, mark_of
from tests.world import repeatable_randomness

NEW = Secret("tk_" + "n3w0" * 8)


@pytest.fixture
def payload() -> Payload:
    return Payload()


@pytest.fixture
def secrets() -> dict[str, str]:
    return {"EMAIL": EMAIL, "PASSWORD": PASSWORD}


@pytest.fixture
def issuer(payload: Payload, secrets: dict[str, str], stage: Stage) -> RestIssuer:
    return described({**LOGIN, "url": stage.serve(payload)}, secrets)


def logins(payload: Payload) -> int:
    return payload.changes().count("POST /api/users/login")


def test_lists_tell_no_value_and_no_tenant(payload: Payload, issuer: RestIssuer) -> None:
    payload.add("checkout", STANDING.reveal(), scopeType="read_only", isActive=False)
    (listed,) = issuer.versions()
    assert not payload.told_plaintext
    assert all(heard.query["depth"] == "0" for heard in payload.heard if heard.path == "/api/api-keys")
    assert (listed.label, listed.mark.prefix, listed.state) == ("checkout", "tk_j1yCOormd", VersionState.SUSPENDED)
    assert listed.scopes == ("bookings:read",)
    assert listed.created_at is not None


def test_a_list_of_several_pages_is_read_to_its_end(payload: Payload, secrets: dict[str, str], stage: Stage) -> None:
    for number in range(7):
        payload.add(f"key {number}", f"tk_{number:032}")
    small = {"list": {"paging": {"size": 3}}}
    issuer = described({**LOGIN, **small, "url": stage.serve(payload)}, secrets)
    assert [listed.label for listed in issuer.versions()] == [f"key {number}" for number in range(7)]


def test_wrong_page_parameters_are_an_error_and_no_shorter_list(
    payload: Payload, secrets: dict[str, str], stage: Stage
) -> None:
    payload.add("checkout", STANDING.reveal())
    other = {"list": {"paging": {"by": "offset", "parameter": "offset"}}}
    with pytest.raises(Invalid, match=r"does not take it \(400\): The following path cannot be queried"):
        next(described({**LOGIN, **other, "url": stage.serve(payload)}, secrets).versions())


def test_a_page_that_comes_again_is_an_error(payload: Payload, secrets: dict[str, str], stage: Stage) -> None:
    """A parameter that a platform does not know it may pass over: then every page is the first."""
    payload.add("checkout", STANDING.reveal())
    other = {"list": {"paging": {"by": "page", "parameter": "seite"}}}
    with pytest.raises(Invalid, match="gives the same page again and again"):
        list(described({**LOGIN, **other, "url": stage.serve(payload)}, secrets).versions())


def test_a_second_key_has_the_scopes_and_the_expiry_of_the_first(payload: Payload, issuer: RestIssuer) -> None:
    old = payload.add("checkout", STANDING.reveal(), scopeType="read_only", expiresAt="2027-12-31T00:00:00.000Z")
    new = issuer.issue(KEY, NEW, mark_of(STANDING, old))
    made, first = payload.keys[int(new.listed.mark.reference)], payload.keys[old]
    same = ("name", "scopeType", "scopes", "expiresAt", "tenantId")
    assert [made[name] for name in same] == [first[name] for name in same]
    assert payload.accepts(NEW.reveal())
    assert payload.accepts(STANDING.reveal())
    assert not any(change.endswith("/rotate") for change in payload.changes())


def test_a_first_version_may_do_what_its_key_may_and_no_more(payload: Payload, issuer: RestIssuer) -> None:
    """Left to itself the platform gives full access."""
    new = issuer.issue(KEY, NEW, None)
    made = payload.keys[int(new.listed.mark.reference)]
    assert (made["scopeType"], made["scopes"]) == ("custom", [])


def test_after_an_emergency_the_new_key_may_do_what_the_vault_knows(payload: Payload, issuer: RestIssuer) -> None:
    """The old one was revoked first, and is deleted there."""
    old = mark_of(STANDING, payload.add("checkout", STANDING.reveal(), scopeType="read_only"))
    issuer.revoke(old)
    new = issuer.issue(replace(KEY, scopes=("bookings:read",)), NEW, old)
    assert payload.keys[int(new.listed.mark.reference)]["scopes"] == ["bookings:read"]
    assert new.listed.label == "checkout"


def test_an_expired_session_logs_in_again_once(payload: Payload, issuer: RestIssuer) -> None:
    number = payload.add("checkout", STANDING.reveal())
    list(issuer.versions())
    payload.expire_sessions()
    issuer.suspend(mark_of(STANDING, number))
    assert not payload.accepts(STANDING.reveal())
    assert logins(payload) == 2


def test_what_is_not_permitted_is_no_expired_session(payload: Payload, issuer: RestIssuer) -> None:
    number = payload.add("checkout", STANDING.reveal())
    list(issuer.versions())
    payload.forbids.add("PATCH")
    with pytest.raises(Refused, match=r"refuses the user of env:EMAIL \(403\): You are not allowed"):
        issuer.suspend(mark_of(STANDING, number))
    assert logins(payload) == 1


def test_a_wrong_password_is_tried_once(payload: Payload, issuer: RestIssuer, secrets: dict[str, str]) -> None:
    """Five of them lock the user."""
    secrets["PASSWORD"] = "wrong staple"
    for _ in range(9):
        with pytest.raises(Refused, match=r"env:PASSWORD|does not log env:EMAIL in") as refused:
            issuer.rehearse()
        assert "wrong staple" not in f"{refused.value} {refused.value.hint}"
    assert logins(payload) == 1
    secrets["PASSWORD"] = PASSWORD
    issuer.rehearse()


def test_a_key_that_was_rotated_elsewhere_is_another_version(payload: Payload, issuer: RestIssuer) -> None:
    number = payload.add("checkout", STANDING.reveal())
    payload.keys[number] |= {"key": NEW.reveal(), "keyPrefix": NEW.prefix()}
    assert issuer.look_up(mark_of(STANDING, number)) is None
    with pytest.raises(NotFound):
        issuer.revoke(mark_of(STANDING, number))
    assert payload.accepts(NEW.reveal())


def test_a_yes_that_changes_nothing_is_told(payload: Payload, issuer: RestIssuer) -> None:
    number = payload.add("checkout", STANDING.reveal())
    payload.ignores = True
    with pytest.raises(Refused, match="said yes to suspend, and lists it as active"):
        issuer.suspend(mark_of(STANDING, number))


def test_nothing_is_sent_that_names_an_origin(payload: Payload, issuer: RestIssuer) -> None:
    number = payload.add("checkout", STANDING.reveal())
    issuer.suspend(mark_of(STANDING, number))
    assert not any({"origin", "referer"} & set(heard.headers) for heard in payload.heard)


def test_no_log_has_a_value_or_a_session(
    payload: Payload, issuer: RestIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    payload.add("checkout", STANDING.reveal())
    new = issuer.issue(KEY, NEW, mark_of(STANDING))
    issuer.revoke(new.listed.mark)
    assert not [
        told for told in ("session-", PASSWORD, NEW.reveal()[:16], STANDING.reveal()[:16]) if told in caplog.text
    ]


def test_what_the_platform_says_of_our_value_is_told_without_it(payload: Payload, issuer: RestIssuer) -> None:
    payload.add("checkout", NEW.reveal())
    payload.keys[1]["keyPrefix"] = ""  # so that it cannot be seen beforehand
    with pytest.raises(Invalid, match=r"does not take it \(400\): no second …") as refused:
        issuer.issue(KEY, NEW, None)
    assert NEW.reveal()[:16] not in f"{refused.value} {refused.value.hint}"


def test_the_review_says_that_values_are_kept_there(issuer: RestIssuer) -> None:
    assert "platform keeps every key in plain text" in issuer.rehearse()


def test_values_of_ours_are_in_its_format(issuer: RestIssuer) -> None:
    assert issuer.new_value(repeatable_randomness()).reveal().startswith("tk_")


def test_rotating_in_place_is_described_too(secrets: dict[str, str], stage: Stage) -> None:
    """Where the route is mounted: the old value dies as the new one is made."""
    payload = Payload(rotates=True)
    number = payload.add("checkout", STANDING.reveal())
    entry: dict[str, object] = {
        "url": stage.serve(payload),
        "credential": "env:KEY",
        "header": "X-API-Key",
        "list": {
            "path": "/api/api-keys",
            "query": {"depth": "0", "select[keyPrefix]": "true"},
            "items": "/docs",
            "id": "/id",
            "prefix": "/keyPrefix",
        },
        "rotate": {"method": "POST", "path": "/api/api-keys/{id}/rotate", "returns": "/key"},
    }
    payload.add("ours", "tk_bdgzvpji29cedw5wzbrpifm2y04370fs")
    issuer = described(entry, {"KEY": "tk_bdgzvpji29cedw5wzbrpifm2y04370fs"})
    assert not issuer.abilities.overlaps
    new = issuer.issue(KEY, None, mark_of(STANDING, number))
    assert (payload.accepts(new.secret.reveal()), payload.accepts(STANDING.reveal())) == (True, False)
    assert new.listed.mark.reference == str(number)
    with pytest.raises(NotFound):
        issuer.issue(KEY, None, mark_of(STANDING, number))
    again = issuer.issue(KEY, None, Mark("", "", str(number)))  # as after a lost answer
    assert (payload.accepts(again.secret.reveal()), payload.accepts(new.secret.reveal())) == (True, False)
    with pytest.raises(Refused, match="cannot issue a key's first version"):
        issuer.issue(KEY, None, None)
