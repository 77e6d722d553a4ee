"""Lines that break: a change is carried out once, its secret is told, or the operator is told that nobody knows."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from keytui.domain.alerts import Attempt, Severity, pause_after
from keytui.domain.errors import KeytuiError, OutcomeUnknown, Unreachable
from keytui.domain.keys import KeyDraft
from keytui.domain.query import Sort, parse
from keytui.domain.rotation import Plan
from keytui.domain.secrets import Secret
from keytui.domain.usage import UNKNOWN_CALLER
from keytui.vault.remote.exchange import Patience
from keytui.vault.remote.vault import RemoteVault
from tests.cutting import CuttingLine
from tests.unit.vault.remote.conftest import QUICK, Team
from tests.world import eventually

STEP = 131
"""Bytes between two places where the line is cut: every part of an answer is met, head, middle and end."""
FORGETFUL = Patience(connect=2, silence=5, answer=5, unknown=0.2, pause=0.01)


@pytest.fixture
def line(team: Team) -> Iterator[CuttingLine]:
    with CuttingLine(urlsplit(team.url).port or 0) as line:
        yield line


def works(team: Team, secret: Secret) -> bool:
    return team.vault.check(secret, [], UNKNOWN_CALLER).valid


def length_of_an_answer(line: CuttingLine, vault: RemoteVault) -> int:
    line.cut(times=0)
    vault.create(KeyDraft("measured", "production"), "measured")
    return line.told


def test_a_key_is_made_once_wherever_the_answer_is_cut(team: Team, line: CuttingLine) -> None:
    vault = team.remote(line.url)
    places = range(0, length_of_an_answer(line, vault), STEP)
    assert len(places) > 5
    for place in places:
        line.cut(answered=place)
        issued = vault.create(KeyDraft(f"key-{place}", "production"), f"request-{place}")
        (row,) = team.vault.page(parse(f"key-{place}"), Sort(), 0, 10).rows
        assert (row.key.id, row.version.number) == (issued.key.id, 1)
        assert works(team, issued.secret)


def test_a_version_is_issued_once_wherever_the_answer_is_cut(team: Team, line: CuttingLine) -> None:
    vault = team.remote(line.url)
    for place in range(0, length_of_an_answer(line, vault) + 400, STEP * 2):
        key = team.vault.create(KeyDraft(f"key-{place}", "production"), f"request-{place}").key
        rotation = vault.plan(key.id, Plan(), f"plan-{place}")
        line.cut(answered=place)
        issued = vault.issue(rotation.id)
        assert [version.number for version in team.vault.detail(key.id).versions] == [2, 1]
        assert works(team, issued.secret)
        assert vault.prove(rotation.id, issued.secret).delivered_at is not None


def test_a_request_that_is_cut_on_its_way_is_carried_out_once(team: Team, line: CuttingLine) -> None:
    vault = team.remote(line.url)
    for place in range(0, 900, STEP):
        line.cut(asked=place)
        issued = vault.create(KeyDraft(f"key-{place}", "production"), f"request-{place}")
        assert team.vault.page(parse(f"key-{place}"), Sort(), 0, 10).total == 1
        assert works(team, issued.secret)


def test_one_attempt_to_tell_an_alert_counts_once(team: Team, line: CuttingLine) -> None:
    team.vault.create(KeyDraft("expiring", "production", expires_at=team.clock() + timedelta(days=1)), "r")
    team.vault.tend()
    vault = team.remote(line.url)
    claimed = vault.claim_notification("chat", tuple(Severity))
    assert claimed is not None

    line.cut(answered=1)
    vault.note_attempt(claimed, Attempt("it answered 500"))

    team.clock.advance(pause_after(1))
    assert vault.claim_notification("chat", tuple(Severity)) is not None, "it counted twice, and waits for longer"


def test_a_line_that_stays_down_for_a_while_is_waited_for(team: Team, line: CuttingLine) -> None:
    line.cut(answered=0, times=4)
    issued = team.remote(line.url).create(KeyDraft("patient", "production"), "r")
    assert works(team, issued.secret)
    assert team.vault.page(parse("patient"), Sort(), 0, 10).total == 1


def test_who_asks_again_after_an_unknown_outcome_gets_the_first_answer(team: Team, line: CuttingLine) -> None:
    vault, draft = team.remote(line.url, FORGETFUL), KeyDraft("lost", "production")
    line.cut(answered=1, times=1_000)
    with pytest.raises(OutcomeUnknown) as told:
        vault.create(draft, "r")
    assert "may have been made or not" in told.value.message
    assert "keytui list" in told.value.hint
    eventually(lambda: team.vault.page(parse("lost"), Sort(), 0, 10).total)
    (made,) = team.vault.page(parse("lost"), Sort(), 0, 10).rows

    line.cut(times=0)
    again = vault.create(draft, "r")

    assert again.key.id == made.key.id
    assert works(team, again.secret)
    assert team.vault.page(parse("lost"), Sort(), 0, 10).total == 1


def test_a_question_meets_a_cut_line_and_is_asked_once_more(team: Team, line: CuttingLine) -> None:
    vault = team.remote(line.url)
    line.cut(answered=100)
    assert vault.standing().actor.startswith("ada@")
    line.cut(answered=0, times=2)
    with pytest.raises(Unreachable):
        vault.standing()
    assert vault.standing().actor.startswith("ada@")


def test_many_threads_share_a_vault_while_its_line_breaks(team: Team, line: CuttingLine) -> None:
    vault = team.remote(line.url, QUICK)

    def make(number: int) -> Secret:
        if number % 4 == 0:
            line.cut(answered=300)
        return vault.create(KeyDraft(f"many-{number}", "production"), f"many-{number}").secret

    with ThreadPoolExecutor(4) as threads:
        secrets = list(threads.map(make, range(16)))

    assert all(works(team, secret) for secret in secrets)
    assert team.vault.page(parse("many"), Sort(), 0, 100).total == 16


def test_no_error_of_the_line_holds_the_token(team: Team, line: CuttingLine) -> None:
    line.cut(answered=1, times=1_000)
    with pytest.raises(KeytuiError) as told:
        team.remote(line.url, FORGETFUL).create(KeyDraft("x", "production"), "r")
    assert team.token.read_text().strip() not in repr(told.getrepr(showlocals=True, style="long"))
