"""Pages of keys, and the log as a file."""

from __future__ import annotations

import csv
import io
import json
import re
import secrets

from keytui.domain.keys import KeyDraft
from tests.unit.server.team import OURS, Team


def named(team: Team, count: int) -> str:
    """A word that so many new keys have in their names, and no other."""
    word = f"page-{secrets.token_hex(5)}"
    for number in range(count):
        team.vault.create(KeyDraft(f"{word}-{number}", "production", tenant=OURS), secrets.token_hex(8))
    return word


def test_links_lead_through_all_pages(team: Team) -> None:
    word = named(team, 7)
    path, names = f"/admin/keys?filter={word}&sort=-name&limit=3", list[str]()
    while path:
        answer = team.ask("staff of a tenant", "GET", path)
        assert answer.json()["total"] == 7
        names += [row["key"]["name"] for row in answer.json()["rows"]]
        link = re.fullmatch(r'<(\S+)>; rel="next"', answer.headers.get("Link", ""))
        path = link[1] if link else ""
    assert names == [f"{word}-{number}" for number in reversed(range(7))]


def test_a_cursor_stays_in_its_listing(team: Team) -> None:
    word = named(team, 2)
    answer = team.ask("staff", "GET", f"/admin/keys?filter={word}&limit=1")
    cursor = re.search(r"cursor=([^>&]+)", answer.headers["Link"])
    assert cursor is not None
    for other in (f"filter={word}-0&limit=1", f"filter={word}&sort=-name&limit=1", f"filter={word}&limit=1&offset=1"):
        assert team.ask("staff", "GET", f"/admin/keys?{other}&cursor={cursor[1]}").status_code == 422
    assert team.ask("staff", "GET", f"/admin/keys?filter={word}&limit=1&cursor={cursor[1]}").json()["offset"] == 1


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
    assert nothing == {"position": told["position"], "key_ids": [], "usage_as_of": None}


def test_the_description_is_open_to_all(team: Team) -> None:
    answer = team.ask(None, "GET", "/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["paths"]["/admin/keys"]["post"]["requestBody"]["content"]["application/json"]["schema"][
        "examples"
    ]
