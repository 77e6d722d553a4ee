"""The preset `reserve-admin`, on a double of the recorded platform."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from keytui.domain.errors import NotFound, Refused
from keytui.domain.keys import VersionState
from keytui.issuers.rest.issuer import RestIssuer
from tests.doubles.reserve import ADMIN_KEY, Reserve
from tests.doubles.served import Stage
from tests.unit.issuers.described import KEY, STANDING, described, mark_of


@pytest.fixture
def reserve() -> Reserve:
    return Reserve()


@pytest.fixture
def issuer(reserve: Reserve, stage: Stage) -> RestIssuer:
    entry = {"preset": "reserve-admin", "url": stage.serve(reserve), "credential": "env:KEY"}
    return described(entry, {"KEY": ADMIN_KEY})


def test_its_last_use_is_told(reserve: Reserve, issuer: RestIssuer, stage: Stage) -> None:
    mark = mark_of(STANDING, reserve.add("checkout", STANDING.reveal(), ["default"]))
    before = issuer.look_up(mark)
    reserve.now = "2026-11-21T08:30:00.000Z"
    assert httpx.get(f"{stage.url}/whoami", headers={"x-api-key": STANDING.reveal()}).status_code == 200
    after = issuer.look_up(mark)
    assert before is not None
    assert after is not None
    assert (before.last_used_at, after.last_used_at) == (None, datetime(2026, 11, 21, 8, 30, tzinfo=UTC))


def test_a_new_key_has_the_scopes_of_the_one_before(reserve: Reserve, issuer: RestIssuer) -> None:
    old = reserve.add("checkout", STANDING.reveal(), ["default", "reports"])
    new = issuer.issue(KEY, None, mark_of(STANDING, old))
    made = reserve.keys[new.listed.mark.reference]
    assert made["scopes"] == ["default", "reports"]
    assert str(made["name"]).startswith("checkout ")
    assert reserve.accepts(new.secret.reveal())
    assert reserve.accepts(STANDING.reveal())


def test_what_is_revoked_stays_refused_whoever_enables_it(reserve: Reserve, issuer: RestIssuer) -> None:
    """Disabling alone is no end: its administrators can enable a key again."""
    id_ = reserve.add("checkout", STANDING.reveal(), ["default"])
    issuer.revoke(mark_of(STANDING, id_))
    assert reserve.keys[id_]["isActive"] is False
    reserve.keys[id_]["isActive"] = True
    assert not reserve.accepts(STANDING.reveal())
    assert issuer.look_up(mark_of(STANDING, id_)) is None


def test_after_an_emergency_the_new_key_has_the_scopes_of_the_revoked_one(reserve: Reserve, issuer: RestIssuer) -> None:
    mark = mark_of(STANDING, reserve.add("checkout", STANDING.reveal(), ["default", "reports"]))
    issuer.revoke(mark)
    new = issuer.issue(KEY, None, mark)
    assert reserve.keys[new.listed.mark.reference]["scopes"] == ["default", "reports"]


def test_a_key_that_left_its_environment_is_still_accepted_until_it_is_revoked(
    reserve: Reserve, issuer: RestIssuer
) -> None:
    reserve.start(f"{STANDING.reveal()},another-static-key")
    reserve.start("another-static-key")
    assert reserve.accepts(STANDING.reveal())
    (id_,) = [id_ for id_, value in reserve.values.items() if value == STANDING.reveal()]
    issuer.revoke(mark_of(STANDING, id_))
    assert not reserve.accepts(STANDING.reveal())


def test_a_key_cannot_be_found_by_a_preview_alone(reserve: Reserve, issuer: RestIssuer) -> None:
    """Three characters of chance are no proof."""
    reserve.add("checkout", STANDING.reveal(), ["default"])
    assert issuer.look_up(mark_of(STANDING)) is None


@pytest.mark.parametrize("verb", ["suspend", "restore", "revoke"])
def test_an_id_that_it_does_not_know_is_not_found_although_it_answers_500(
    reserve: Reserve, issuer: RestIssuer, verb: str
) -> None:
    """Also when it was taken away between our look and our call."""
    id_ = reserve.add("checkout", STANDING.reveal(), ["default"])
    mark = mark_of(STANDING, id_)
    if verb == "restore":
        issuer.suspend(mark)
    reserve.loses.add(id_)
    if verb == "revoke":
        issuer.revoke(mark)  # it is gone, which is what was wanted
    else:
        with pytest.raises(NotFound):
            getattr(issuer, verb)(mark)
    assert not reserve.accepts(STANDING.reveal())


def test_a_key_without_the_admin_scope_is_told(reserve: Reserve, stage: Stage) -> None:
    reserve.add("checkout", STANDING.reveal(), ["default"])
    entry = {"preset": "reserve-admin", "url": stage.serve(reserve), "credential": "env:KEY"}
    with pytest.raises(Refused, match=r"refuses the credential env:KEY \(403\): Admin scope required"):
        described(entry, {"KEY": STANDING.reveal()}).rehearse()


def test_bootstrap_keys_are_listed_too(reserve: Reserve, issuer: RestIssuer) -> None:
    reserve.start("a-static-key")
    reserve.keys[list(reserve.keys)[-1]]["tokenPreview"] = None
    listed = {version.label: version for version in issuer.versions()}
    assert listed["Bootstrap API Key"].mark.prefix == ""
    assert listed["Bootstrap API Key"].state is VersionState.ACTIVE
