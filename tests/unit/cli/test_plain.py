"""`--plain`: what a screen reader is told, by every command."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import keytui.cli
from tests.unit.cli.conftest import Commands

MODULES = sorted(Path(keytui.cli.__file__).parent.glob("*.py"))
ASKS_ITSELF = {
    "alerting",
    "asking",
    "audit",
    "evidence",
    "handover",
    "incidents",
    "output",
    "progress_line",
    "scanning",
}
"""What writes to a stream itself: JSON, CSV, Markdown, secrets and questions, which have no columns; and `output`."""
WRITING = {"print", "sys.stdout.write", "sys.stdout.writelines", "sys.stderr.write"}
NEW = ("--env", "production", "--owner", "payments", "--scope", "bookings:read")


def test_each_row_is_a_line_for_each_fact_without_symbols(keytui: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    keytui("create", "checkout", *NEW)
    keytui("create", "ci", *NEW)
    listed = keytui("--plain", "list")
    blocks = [block.splitlines() for block in listed.out.split("\n\n")]
    assert [block[0] for block in blocks] == ["name: checkout", "name: ci"]
    assert "environment: production" in blocks[0]
    assert "  " not in listed.out
    shown = keytui("--plain", "show", "checkout").out
    assert all(line == " ".join(line.split()) for line in shown.splitlines())
    assert shown.isascii(), shown
    monkeypatch.setenv("KEYTUI_PLAIN", "1")
    assert keytui("list").out.startswith("name: checkout\n")
    monkeypatch.delenv("KEYTUI_PLAIN")
    assert keytui("list").out.startswith("NAME  ")


def test_no_heading_is_a_symbol_or_nothing(keytui: Commands) -> None:
    keytui("create", "checkout", *NEW, "--expires", "2d")
    audit, alerts = keytui("--plain", "audit", "--limit", "1").out, keytui("--plain", "alerts").out
    assert audit.startswith("number: ")
    assert all(line.partition(": ")[0].isalpha() for line in alerts.splitlines() if line), alerts


def test_json_is_the_same_with_and_without(keytui: Commands) -> None:
    keytui("create", "checkout", *NEW)
    assert keytui("--plain", "show", "checkout", "--json").answer == keytui("show", "checkout", "--json").answer


def test_every_command_writes_by_what_obeys() -> None:
    """So none draws on a stream by itself."""

    def writes(path: Path) -> bool:
        calls = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
        named = (ast.unparse(call.func) for call in calls)
        return any(name in WRITING or name.startswith("rich.") for name in named)

    assert {path.stem for path in MODULES if writes(path)} == ASKS_ITSELF
