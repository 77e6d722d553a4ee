"""The evidence sources, as a command lists them."""

from __future__ import annotations

from datetime import timedelta

from keytui import open_verifier
from keytui.clock import utc_now
from keytui.domain.gaps import Gap, GapKind
from keytui.domain.reports import Report, SourceKind
from tests.unit.cli.conftest import Commands


def test_without_a_source_it_says_how_to_get_one(keytui: Commands) -> None:
    run = keytui("sources")
    assert run.out == ""
    assert "keytui ingest FILE" in run.err
    assert keytui("sources", "--json").items == []


def test_recorders_and_others_are_listed_with_their_gaps_and_what_they_are_worth(keytui: Commands) -> None:
    with open_verifier("api-1"), keytui.vault() as vault:
        now = utc_now()
        gap = Gap("log edge", GapKind.LOG_ROTATED, now - timedelta(hours=3), now - timedelta(hours=2), 4)
        vault.witness(
            Report("log edge", SourceKind.ACCESS_LOG, now - timedelta(days=3), now, gaps=(gap,), forgeable=True)
        )
        run = keytui("sources")
        items = keytui("sources", "--json").items
    lines = run.out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["log", "edge"], ["recorder", "api-1"]]
    assert "1, last 2h ago: log rotated away" in lines[1]
    assert lines[1].split()[-2:] == ["yes", "yes"]
    assert lines[2].split()[-3:] == ["none", "yes", "no"]
    assert [(item["name"], item["kind"], item["forgeable"]) for item in items] == [
        ("log edge", "access log", True),
        ("recorder api-1", "recorder", False),
    ]
    assert [(one["kind"], one["count"]) for one in items[0]["gaps"]] == [("log rotated away", 4)]  # type: ignore[attr-defined]  # JSON


EDGE = """
[probes.edge]
kind = "metrics"
url = "http://127.0.0.1:9/metrics"
metric = "requests_total"
key_label = "key"
keys = ["checkout"]
"""


def missed(keytui: Commands, key: str) -> list[object]:
    """The sources that the verdict on a key misses, as they would be waived."""
    reasons = keytui("verdict", key, "--json", code=4).answer["reasons"]
    assert isinstance(reasons, list)
    return [reason["subject"] for reason in reasons if str(reason["subject"]).endswith(" missing")]


def test_a_source_that_is_configured_for_a_key_and_has_never_spoken_of_it_is_missed(keytui: Commands) -> None:
    for key in ("checkout", "search"):
        keytui.created(key)
        keytui("rotate", key)
    config = keytui.home / "config.toml"
    config.write_text(EDGE)
    config.chmod(0o600)

    assert missed(keytui, "checkout") == ["source: metrics edge missing"]
    assert missed(keytui, "search") == []

    now = utc_now()
    with keytui.vault() as vault:
        covers = (vault.find("checkout").id,)
        vault.witness(Report("metrics edge", SourceKind.COUNTERS, now - timedelta(days=3), now, covers=covers))
    assert missed(keytui, "checkout") == []
