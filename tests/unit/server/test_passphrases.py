"""Trying a passphrase takes half a second of a core: nobody who asks for something else notices."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future
from threading import Event

import httpx
import pytest

from keytui.domain.secrets import Secret
from keytui.vault.local.sealing.keyring import unwrapped
from keytui.vault.local.tables import KeyringRow
from tests.unit.server.team import PASSPHRASE, Team
from tests.world import eventually

UNLOCK = "/admin/passphrase/unlock"


@pytest.fixture
def trying(monkeypatch: pytest.MonkeyPatch) -> Event:
    """Passphrases are tried once this is set."""
    go_on = Event()

    def tried(row: KeyringRow, passphrase: Secret) -> bytes | None:
        assert go_on.wait(10)
        return unwrapped(row, passphrase)

    monkeypatch.setattr("keytui.vault.local.sealing.sealing.unwrapped", tried)
    return go_on


def unlocks(team: Team, who: str, count: int) -> list[Future[httpx.Response]]:
    """So many right ones, all at once."""
    return [
        team.portal.start_task_soon(
            lambda: team.client.post(
                UNLOCK,
                json={"passphrase": PASSPHRASE},
                headers={"Authorization": f"Bearer {team.tokens[who]}"},
            )
        )
        for _ in range(count)
    ]


def test_many_tries_hold_up_nobody_else(team: Team, trying: Event) -> None:
    asked = unlocks(team, "tenant_admin", 60)
    eventually(lambda: sum(each.done() for each in asked) == 56)
    others = unlocks(team, "super_admin", 2)

    assert team.ask("super_admin", "GET", "/admin/keys").status_code == 200
    refused = team.ask("staff", "POST", "/admin/passphrase", {"new": PASSPHRASE})
    assert refused.status_code == 403
    assert not any(each.done() for each in others)

    trying.set()
    answers = [each.result(10) for each in asked]
    assert Counter(answer.status_code for answer in answers) == {503: 56, 204: 4}
    busy = next(answer for answer in answers if answer.status_code == 503)
    assert (busy.headers["Retry-After"], busy.headers["Content-Type"]) == ("2", "application/problem+json")
    assert [each.result(10).status_code for each in others] == [204, 204]
