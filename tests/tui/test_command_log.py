"""`@`: everything that was done, as commands that would do it, and no secret among them."""

from __future__ import annotations

import ast
import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from stat import S_IMODE

import pytest
from textual.widgets import Button
from typer.core import TyperGroup
from typer.main import get_command

import keytui.tui
from keytui.cli.app import app
from keytui.domain.alerts import Alert, AlertKind, Severity, Signal
from keytui.domain.audit import AuditFilter
from keytui.domain.incidents import Closing
from keytui.domain.keys import Key, KeyDraft, KeyEdit
from keytui.domain.rotation import First, Plan, Reason, Rotation, RotationState, Strategy
from keytui.tui import command_lines
from keytui.tui.app import Console
from keytui.tui.screens.command_log import CommandLogScreen
from keytui.tui.screens.key_form import CreateScreen
from keytui.tui.screens.keys import KeysScreen
from keytui.tui.screens.wizard.going_back import for_going_back
from keytui.tui.screens.wizard.hand_over import HandOverScreen
from keytui.vault.local.vault import LocalVault
from keytui.vault.saved_filters import Of
from tests.tui.rotation.walking import confirm, paste_back, read_secret, said, until, until_said
from tests.tui.walking import fill, keys, point_at
from tests.world import NOON

READS = frozenset(
    [
        "approvals",
        "audit",
        "caller_keys",
        "caller_traffic",
        "changes",
        "close",
        "count",
        "detail",
        "find",
        "incident",
        "incidents",
        "monitor",
        "no_such_values",
        "open_rotation",
        "page",
        "present",
        "proof",
        "rehearse",
        "rotation",
        "rotations",
        "rows",
        "standing",
        "verdict",
        "verify_audit",
    ]
)
"""What a screen asks of a vault without changing it. Everything else goes through `change`, or names its command."""
SCREENS = sorted(Path(keytui.tui.__file__).parent.rglob("*.py"))


def asked_without_a_command(tree: ast.Module) -> Iterator[ast.expr | ast.stmt]:
    """What is given to `ask` as its question, where no command is named with it."""
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for call in ast.walk(tree):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "ask"):
            continue
        if not call.args or any(named.arg == "command" for named in call.keywords):
            continue
        question = call.args[0]
        yield question
        if isinstance(question, ast.Name) and question.id in functions:
            yield functions[question.id]


def done_to_the_vault(node: ast.AST) -> set[str]:
    """The methods of a vault that are called in it."""
    return {
        call.func.attr
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id in {"vault", "opened"}
    }


def test_no_screen_changes_the_vault_without_a_command_in_the_log() -> None:
    """`change` cannot be called without one; this holds what is only asked."""
    asked = [
        (path.name, done_to_the_vault(question) - READS)
        for path in SCREENS
        for question in asked_without_a_command(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert len(asked) > 20
    assert [each for each in asked if each[1]] == []


KEY = Key("k1", "checkout-api", "production", NOON)
ROTATION = Rotation(7, "k1", "checkout-api", "production", Plan(), RotationState.OVERLAPPING, 1, 2, NOON, "ada@b")
SIGNAL = Signal(AlertKind.NEW_CALLER, "web-9", Severity.NOTICE, "one more")
LINES = [
    command_lines.for_keys("disable", [KEY], "--note", "left; the $HOME"),
    command_lines.for_keys("enable", [KEY]),
    command_lines.for_keys("revoke", [KEY], "--reason", "leaver"),
    command_lines.for_keys("reveal", [KEY]),
    command_lines.for_fleet([KEY], "5", 2),
    command_lines.for_create(KeyDraft("n", "e", owner="o", scopes=("s",), targets=("t",), sensitive=True), "90d"),
    command_lines.for_edit(KEY, KeyEdit(name="new", owner="o", targets=()), ""),
    command_lines.for_import("a file.env", ("A", "B"), "production", "ops"),
    command_lines.for_acknowledge(Alert(3, SIGNAL, NOON, NOON), "seen to"),
    *(command_lines.for_rotation(verb, ROTATION) for verb in ("take-over", "restore")),
    *(command_lines.for_rotation(verb, ROTATION, note="why") for verb in ("abandon", "rollback")),
    command_lines.for_rotation("note", ROTATION, "ask ada first"),
    command_lines.for_rotation("waive", ROTATION, "web-1", why="gone"),
    command_lines.for_verdict("retire", ROTATION, ""),
    command_lines.for_verdict("complete", ROTATION, "we know"),
    command_lines.for_plan(
        KEY, Plan(Strategy.EMERGENCY, First.REVOKE, Reason.OTHER, "words", timedelta(hours=2), "label")
    ),
    command_lines.for_resuming(ROTATION, "--skip", "ci"),
    command_lines.for_incident(KEY, First.REPLACE, by_hand=True),
    command_lines.for_closing(4, Closing("a", "b", "c", "d")),
    command_lines.for_audit(AuditFilter("rotation", "k1", 2, "ada", NOON, NOON), Path("an audit.csv")),
    command_lines.for_filter("mine", '-env:production "a b"', Of.KEYS),
    command_lines.for_filter("mine", "key.created since:1h", Of.AUDIT),
    *(
        for_going_back(replace(ROTATION, state=each), "why")
        for each in (RotationState.ISSUED, RotationState.OVERLAPPING)
    ),
]


@pytest.mark.parametrize("line", LINES)
def test_each_line_is_a_command_that_the_command_line_takes(line: str) -> None:
    """Parsed as a shell and typer would, and not run."""
    program, *words = shlex.split(line.partition(" > ")[0])
    assert program == "keytui"
    group = get_command(app)
    context = group.make_context("keytui", list(words))
    while isinstance(group, TyperGroup) and words:
        _, found, words = group.resolve_command(context, words)
        assert found is not None
        context = found.make_context(found.name, words, parent=context)
        group, words = found, [*context._protected_args, *context.args]
    assert not words


def test_a_name_that_a_shell_or_terminal_takes_for_more_stands_by_its_id() -> None:
    for name in ("--force", "a\x1b]52;c;x\a"):
        assert command_lines.for_keys("disable", [Key("k9", name, "production", NOON)]) == "keytui disable k9"


async def test_what_was_done_is_listed_copied_and_written_without_a_secret(
    console: Console, fleet: LocalVault, tmp_path: Path
) -> None:
    async with console.run_test(size=(120, 40), notifications=True) as pilot:
        await keys(pilot)
        await pilot.press("at")
        await until_said(pilot, "nothing was done here yet")
        await pilot.press("escape")
        await point_at(pilot, "legacy-crm")
        await pilot.press("D")
        await confirm(pilot, note="asleep")
        await until_said(pilot, "disabled: legacy-crm")
        await pilot.press("N")
        await until(pilot, lambda: isinstance(console.screen, CreateScreen), "the form")
        fill(pilot, name="legacy-crm", environment="production")
        await pilot.click("#do")
        await until(pilot, lambda: console.command_log.entries[-1].outcome.startswith("refused"), "a refusal")
        fill(pilot, name="night-job")
        console.screen.query_one("#do", Button).press()
        await until(pilot, lambda: isinstance(console.screen, HandOverScreen), "the hand-over")
        secret = await read_secret(pilot)
        await paste_back(pilot, secret)
        await until(pilot, lambda: isinstance(console.screen, KeysScreen), "the table")
        await pilot.press("at")
        await until(pilot, lambda: isinstance(console.screen, CommandLogScreen), "the log")
        await until_said(pilot, "keytui --profile test disable legacy-crm --note asleep", "✗ refused", "✓ done")
        assert "13:00:00" in said(pilot)
        assert "12:00:00Z" in said(pilot)
        await pilot.press("y")
        assert console.clipboard == "keytui --profile test create night-job --env production"
        await pilot.press("x")
        path = tmp_path / "session.sh"
        await confirm(pilot, note=str(path))
        await until(pilot, path.exists, "the file")
        await until_said(pilot, "only you can read it")
    script = path.read_text(encoding="utf-8")
    assert S_IMODE(path.stat().st_mode) == 0o600
    assert [line.partition(" ")[0] for line in script.splitlines()] == ["#", "keytui", "#", "keytui", "#", "keytui"]
    assert secret not in script
