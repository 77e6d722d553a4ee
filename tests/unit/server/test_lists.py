"""Pages of keys, and the log as a file."""

from __future__ import annotations

import csv
import io
import json
import re
import secrets
from collections.abc import Iterator, Sequence
from datetime import timedelta

import httpx
import pytest
from sqlmodel import Session

from keytui.domain.audit import AuditCheck
from keytui.domain.keys import KeyDraft, KeyEdit
from keytui.domain.query import Sort, SortField, parse
from keytui.domain.rotation import Reason
from keytui.vault.local.ledger import Ledger
from keytui.vault.model import Checkpoint
from tests.unit.server.team import OURS, Team


def named(team: Team, count: int) -> str:
    """A word that so many new keys have in their names, and no other."""
    word = f"page-{secrets.token_hex(5)}"
    for number in range(count):
        team.vault.create(KeyDraft(f"{word}-{number}", "production", tenant=OURS), secrets.token_hex(8))
    return word


def followed(team: Team, path: str) -> Iterator[httpx.Response]:
    """The answers that a listing's links lead through."""
    while path:
        answer = team.ask("staff", "GET", path)
        yield answer
        link = re.fullmatch(r'<(\S+)>; rel="next"', answer.headers.get("Link", ""))
        path = link[1] if link else ""


def test_links_lead_through_all_pages(team: Team) -> None:
    word = named(team, 7)
    names = list[str]()
    for answer in followed(team, f"/admin/keys?filter={word}&sort=-name&limit=3"):
        assert answer.json()["total"] == 7
        names += [row["key"]["name"] for row in answer.json()["rows"]]
    assert names == [f"{word}-{number}" for number in reversed(range(7))]


def test_a_cursor_stays_in_its_listing(team: Team) -> None:
    word = named(team, 2)
    answer = team.ask("staff", "GET", f"/admin/keys?filter={word}&limit=1")
    cursor = re.search(r"cursor=([^>&]+)", answer.headers["Link"])
    assert cursor is not None
    for other in (f"filter={word}-0&limit=1", f"filter={word}&sort=-name&limit=1", f"filter={word}&limit=1&offset=1"):
        assert team.ask("staff", "GET", f"/admin/keys?{other}&cursor={cursor[1]}").status_code == 422
    assert team.ask("staff", "GET", f"/admin/keys?filter={word}&limit=1&cursor={cursor[1]}").json()["offset"] == 1


@pytest.mark.parametrize("field", list(SortField))
@pytest.mark.parametrize("direction", ["", "-"])
def test_pages_tell_each_key_once_in_every_order(team: Team, field: SortField, direction: str) -> None:
    word = named(team, 5)
    for days, row in enumerate(team.vault.page(parse(word), Sort(), 0, 3).rows):
        team.vault.edit(row.key.id, KeyEdit(expires_at=team.clock() + timedelta(days=1 + days // 2)))
    path = f"/admin/keys?filter={word}&sort={direction}{field}"
    whole = [row["key"]["name"] for row in team.ask("staff", "GET", path).json()["rows"]]
    names = list[str]()
    for answer in followed(team, f"{path}&limit=2"):
        names += [row["key"]["name"] for row in answer.json()["rows"]]
    assert names == whole
    assert len(set(names)) == 5


def test_no_key_is_skipped_when_those_before_it_leave_the_listing(team: Team) -> None:
    word = named(team, 6)
    seen = list[str]()
    for answer in followed(team, f"/admin/keys?filter={word}&limit=2"):
        for row in answer.json()["rows"]:
            seen.append(row["key"]["name"])
            team.vault.revoke(row["key"]["id"], None, Reason.LEAVER, "")
    assert seen == [f"{word}-{number}" for number in range(6)]


def test_every_format_of_the_log_tells_the_same(team: Team) -> None:
    key = team.key().key
    for note in ("=cmd|'/c calc'!A1", "@SUM(1)", "-2+3", "plain, with a comma"):
        team.ask("tenant_admin", "PATCH", f"/admin/keys/{key.id}", {"edit": {"owner": note}})
    told = {
        layout: team.ask("tenant_admin", "GET", f"/admin/audit-logs?key_id={key.id}&format={layout}")
        for layout in ("json", "jsonl", "csv")
    }
    page = [entry["sequence"] for entry in told["json"].json()["entries"]]
    lines = [json.loads(line)["sequence"] for line in told["jsonl"].text.splitlines()]
    rows = list(csv.DictReader(io.StringIO(told["csv"].text)))
    assert page == lines == [int(row["sequence"]) for row in rows]
    assert len(page) == 5
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    assert told["csv"].headers["content-type"].startswith("text/csv")


def test_a_day_counts_to_its_end(team: Team) -> None:
    key = team.key().key
    day = team.clock().date().isoformat()
    path = f"/admin/audit-logs?key_id={key.id}&start_date={day}&end_date={day}"
    assert team.ask("staff", "GET", path).json()["total"] == 1
    assert team.ask("staff", "GET", f"/admin/audit-logs?key_id={key.id}&end_date=2026-01-01").json()["total"] == 0
    at = team.clock().isoformat().replace("+", "%2B")
    assert team.ask("staff", "GET", f"/admin/audit-logs?key_id={key.id}&start_date={at}").json()["total"] == 1


def test_who_may_not_read_it_is_told_so_before_anything_is_sent(team: Team) -> None:
    for layout in ("json", "jsonl", "csv"):
        answer = team.ask("service", "GET", f"/admin/audit-logs?format={layout}")
        assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")


def test_what_waits_for_a_change_is_told_of_it(team: Team) -> None:
    position = team.ask("staff", "GET", "/admin/changes").json()["position"]
    made = team.key().key
    told = team.ask("staff", "GET", f"/admin/changes?after={position}&timeout=5").json()
    assert told["key_ids"] == [made.id]
    assert told["position"] > position
    nothing = team.ask("staff", "GET", f"/admin/changes?after={told['position']}&timeout=0.3").json()
    assert nothing == {"position": told["position"], "key_ids": [], "usage_as_of": None, "everything": False}


def test_the_description_is_open_to_all(team: Team) -> None:
    answer = team.ask(None, "GET", "/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["paths"]["/admin/keys"]["post"]["requestBody"]["content"]["application/json"]["schema"][
        "examples"
    ]


def test_the_log_is_verified_by_one_at_a_time(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    meanwhile = list[httpx.Response]()
    verify = Ledger.verify

    def verifying(ledger: Ledger, session: Session, kept: Sequence[Checkpoint]) -> AuditCheck:
        if not meanwhile:
            meanwhile.append(team.ask("staff", "GET", "/admin/audit-logs/verify"))
        return verify(ledger, session, kept)

    monkeypatch.setattr(Ledger, "verify", verifying)
    assert team.ask("super_admin", "GET", "/admin/audit-logs/verify").json()["broken_at"] is None
    assert meanwhile[0].status_code == 503
    assert meanwhile[0].headers["Retry-After"] == "5"
    assert team.ask("staff", "GET", "/admin/audit-logs/verify").status_code == 200
