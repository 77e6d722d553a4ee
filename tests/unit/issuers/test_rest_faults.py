"""Faults at every call of a change: what is said of it afterwards is true, and it can be gone on from there."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from keytui.domain.errors import Invalid, KeytuiError, OutcomeUnknown, Refused, Unreachable
from keytui.domain.secrets import Secret
from keytui.issuers.issuer import Mark
from keytui.issuers.rest.issuer import RestIssuer
from tests.doubles.faults import Fault, Faulty
from tests.doubles.payload import Payload
from tests.doubles.reserve import ADMIN_KEY, Reserve
from tests.doubles.served import Stage
from tests.unit.issuers.described import EMAIL, KEY, LOGIN, PASSWORD, STANDING, described, mark_of

NEW = Secret("tk_" + "n3w0" * 8)
TOOK_EFFECT = [Fault.SILENT, Fault.CUT, Fault.FLOOD, Fault.JUNK]
"""The change was made, and its answer does not say so."""
METHODS = {"suspend": "PATCH", "restore": "PATCH", "revoke": "DELETE"}
SECRETS = {"EMAIL": EMAIL, "PASSWORD": PASSWORD, "ADMIN": ADMIN_KEY}


@pytest.fixture
def payload() -> Payload:
    return Payload()


@pytest.fixture
def line(payload: Payload) -> Faulty:
    return Faulty(payload)


@pytest.fixture
def issuer(line: Faulty, stage: Stage) -> RestIssuer:
    """With a session, so that the next POST is no login."""
    issuer = described({**LOGIN, "url": stage.serve(line), "timeout": "1s"}, SECRETS)
    issuer.rehearse()
    return issuer


def outcome(attempt: Callable[[], object]) -> KeytuiError:
    with pytest.raises(KeytuiError) as failed:
        attempt()
    told = f"{failed.value} {failed.value.hint}"
    assert not [secret for secret in (NEW.reveal(), PASSWORD, ADMIN_KEY) if secret in told]
    return failed.value


@pytest.mark.parametrize("fault", TOOK_EFFECT)
def test_a_lost_answer_of_creating_is_found_by_the_value_that_was_ours(
    payload: Payload, line: Faulty, issuer: RestIssuer, fault: Fault
) -> None:
    old = mark_of(STANDING, payload.add("checkout", STANDING.reveal()))
    line.strike("POST", fault)
    assert type(outcome(lambda: issuer.issue(KEY, NEW, old))) is OutcomeUnknown
    found = issuer.look_up(mark_of(NEW))
    assert found is not None
    assert issuer.issue(KEY, NEW, old).listed == found
    assert len(payload.keys) == 2, "it was not made twice"


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.AWAY])
def test_creating_that_did_not_happen_can_be_done_again(
    payload: Payload, line: Faulty, issuer: RestIssuer, fault: Fault
) -> None:
    line.strike("POST", fault)
    said = outcome(lambda: issuer.issue(KEY, NEW, None))
    assert isinstance(said, Refused if fault is Fault.AWAY else OutcomeUnknown)
    assert issuer.look_up(mark_of(NEW)) is None
    issuer.issue(KEY, NEW, None)
    assert payload.accepts(NEW.reveal())


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.CUT, Fault.FLOOD])
@pytest.mark.parametrize("verb", list(METHODS))
def test_a_lost_answer_of_a_change_is_seen_by_asking_again(
    payload: Payload, line: Faulty, issuer: RestIssuer, verb: str, fault: Fault
) -> None:
    number = payload.add("checkout", STANDING.reveal(), isActive=verb != "restore")
    line.strike(METHODS[verb], fault)
    attempt = getattr(issuer, verb)
    assert type(outcome(lambda: attempt(mark_of(STANDING, number)))) is OutcomeUnknown
    assert payload.accepts(STANDING.reveal()) is (verb == "restore")
    if verb == "revoke":
        assert issuer.look_up(mark_of(STANDING, number)) is None
    else:
        changes = payload.changes()
        attempt(mark_of(STANDING, number))
        assert payload.changes() == changes, "it is done already"


@pytest.mark.parametrize("verb", ["suspend", "revoke"])
def test_a_yes_in_other_words_is_read_back(payload: Payload, line: Faulty, issuer: RestIssuer, verb: str) -> None:
    number = payload.add("checkout", STANDING.reveal())
    line.strike(METHODS[verb], Fault.JUNK)
    getattr(issuer, verb)(mark_of(STANDING, number))
    assert not payload.accepts(STANDING.reveal())


@pytest.mark.parametrize("fault", list(Fault))
def test_a_list_that_does_not_come_changes_nothing(
    payload: Payload, line: Faulty, issuer: RestIssuer, fault: Fault
) -> None:
    number = payload.add("checkout", STANDING.reveal())
    changes = payload.changes()
    line.strike("GET", fault)
    said = outcome(lambda: issuer.revoke(mark_of(STANDING, number)))
    assert isinstance(said, Unreachable | Invalid | Refused)
    assert not isinstance(said, OutcomeUnknown)
    assert payload.changes() == changes


@pytest.mark.parametrize("passing", [0, 1])
def test_one_change_has_one_time_limit(
    payload: Payload, line: Faulty, stage: Stage, monkeypatch: pytest.MonkeyPatch, passing: int
) -> None:
    """However many exchanges it takes: whoever is not heard of for longer counts as dead, and another begins."""
    issuer = described({**LOGIN, "url": stage.serve(line), "timeout": "1m"}, SECRETS)
    issuer.rehearse()
    number = payload.add("checkout", STANDING.reveal())
    monkeypatch.setattr("keytui.issuers.rest.issuer.LONGEST_CHANGE", timedelta(seconds=0.5))
    line.strike_after("GET", Fault.SILENT, passing)
    began = time.monotonic()
    said = outcome(lambda: issuer.revoke(mark_of(STANDING, number)))
    assert type(said) is (OutcomeUnknown if passing else Unreachable)
    assert time.monotonic() - began < 10
    assert payload.accepts(STANDING.reveal()) is (passing == 0)


@pytest.mark.parametrize("fault", TOOK_EFFECT)
def test_what_a_platform_made_and_did_not_tell_is_revoked(stage: Stage, fault: Fault) -> None:
    """Its secret is lost for good: nobody may be left who is let in with it."""
    reserve = Reserve()
    line = Faulty(reserve)
    entry = {"preset": "reserve-admin", "url": stage.serve(line), "credential": "env:ADMIN", "timeout": "1s"}
    old = mark_of(STANDING, reserve.add("checkout", STANDING.reveal(), ["default"]))
    issuer = described(entry, SECRETS)
    line.strike("POST", fault)
    said = outcome(lambda: issuer.issue(KEY, None, old))
    assert type(said) is Unreachable
    assert "what it had made is revoked again" in said.message
    assert [key["name"] for key in reserve.keys.values() if key["isActive"]] == ["Development Console", "checkout"]
    assert reserve.accepts(issuer.issue(KEY, None, old).secret.reveal())


def test_what_a_platform_made_and_cannot_be_asked_about_is_named(stage: Stage) -> None:
    reserve = Reserve()
    line = Faulty(reserve)
    entry = {"preset": "reserve-admin", "url": stage.serve(line), "credential": "env:ADMIN", "timeout": "1s"}
    issuer = described(entry, SECRETS)
    line.strike("POST", Fault.CUT)
    line.strike_after("GET", Fault.BUSY, passing=1)
    said = outcome(lambda: issuer.issue(KEY, None, None))
    assert type(said) is OutcomeUnknown
    (made,) = [str(key["name"]) for key in reserve.keys.values() if str(key["name"]).startswith("checkout ")]
    assert made in said.hint


def rotating_away(stage: Stage, fault: Fault) -> tuple[Reserve, RestIssuer, Mark]:
    """A key of a platform that strikes the call before the one that disables it."""
    reserve = Reserve()
    line = Faulty(reserve)
    entry = {"preset": "reserve-admin", "url": stage.serve(line), "credential": "env:ADMIN", "timeout": "1s"}
    id_ = reserve.add("checkout", STANDING.reveal(), ["default"])
    line.strike("POST", fault)
    return reserve, described(entry, SECRETS), mark_of(STANDING, id_)


def test_a_key_whose_value_was_not_rotated_away_is_disabled_and_not_said_to_be_revoked(stage: Stage) -> None:
    """Whoever enables it there would bring the value back. Asked again, both are done."""
    reserve, issuer, mark = rotating_away(stage, Fault.BUSY)
    said = outcome(lambda: issuer.revoke(mark))
    assert type(said) is OutcomeUnknown
    assert "can be made to accept it again" in said.message
    assert reserve.keys[mark.reference]["isActive"] is False
    issuer.revoke(mark)
    reserve.keys[mark.reference]["isActive"] = True
    assert not reserve.accepts(STANDING.reveal())


def test_a_value_that_was_rotated_away_unheard_is_revoked(stage: Stage) -> None:
    """The list says so: it stands under another value."""
    reserve, issuer, mark = rotating_away(stage, Fault.CUT)
    issuer.revoke(mark)
    assert reserve.keys[mark.reference]["isActive"] is False
    reserve.keys[mark.reference]["isActive"] = True
    assert not reserve.accepts(STANDING.reveal())


def test_a_login_that_gets_no_answer_is_no_change(payload: Payload, line: Faulty, stage: Stage) -> None:
    issuer = described({**LOGIN, "url": stage.serve(line), "timeout": "1s"}, SECRETS)
    payload.add("checkout", STANDING.reveal())
    line.strike("POST", Fault.CUT)
    assert type(outcome(lambda: issuer.revoke(mark_of(STANDING)))) is Unreachable
    issuer.revoke(mark_of(STANDING))
    assert not payload.accepts(STANDING.reveal())
