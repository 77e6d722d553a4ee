"""What commands and exports write: aligned by cells, no formula, and safe where an encoding has no such letters."""

from __future__ import annotations

import csv
import io
import json
import logging
import sys
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from keytui.cli import asking, output
from keytui.cli.entry import main
from keytui.domain.audit import AuditEntry, Event
from keytui.server.request_log import Noted, RequestLog
from keytui.server.worker import OneLine
from keytui.vault.audit_export import csv_lines, json_lines
from tests.hostile.texts import BITS, WHOLE, dangers
from tests.world import NOON

CELLS = st.one_of(st.text(max_size=12), st.sampled_from(BITS), st.sampled_from(("", "日本語" * 9, "plain")))


class Terminal(io.StringIO):
    """A stream that somebody looks at."""

    def isatty(self) -> bool:
        return True


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=5),
    columns=st.sampled_from((None, 20, 40, 80)),
    cut=st.sampled_from(("", "B")),
)
def test_the_columns_of_a_table_begin_in_the_same_cell(
    rows: list[tuple[str, str, str]], columns: int | None, cut: str
) -> None:
    shown = io.StringIO() if columns is None else Terminal()
    with pytest.MonkeyPatch.context() as streams:
        streams.setattr(sys, "stdout", shown)
        streams.setattr(output, "_columns", lambda: columns)
        # a bar is in no cell of the rows: it marks where the last column begins
        output.say_table(("A", "B", "C"), [(a, b, f"|{c.replace('|', '')}") for a, b, c in rows], cut)
    lines = shown.getvalue().splitlines()
    assert len(lines) == len(rows) + 1
    assert not dangers("".join(lines))
    last = lines[0].index("C")
    assert {cell_len(line[: line.rindex("|")]) for line in lines[1:] if "|" in line} <= {last}
    if columns is not None:
        assert max(map(cell_len, lines)) <= columns


def test_a_long_line_is_folded_by_cells(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(output, "_columns", lambda: 20)
    output.say("  " + "日本語の鍵 " * 6)
    lines = terminal.getvalue().splitlines()
    assert len(lines) > 2
    assert all(cell_len(line) <= 20 for line in lines)
    assert [line[: len(line) - len(line.lstrip())] for line in lines] == ["  ", *["    "] * (len(lines) - 1)]


def test_a_table_is_not_padded_to_the_longest_name_that_somebody_thought_of(capsys: pytest.CaptureFixture[str]) -> None:
    output.say_table(("NAME", "OWNER"), [("n" * 100_000, "o" * 5_000), *[("plain", "ada")] * 100])
    shown = capsys.readouterr().out
    assert len(shown) < 200_000
    assert "o" * 5_000 in shown, "the last column is whole"


def entry(text: str) -> AuditEntry:
    """An entry of the log whose every text is this one."""
    event = Event(text, "id", text, details={"note": text, "why": text})
    return AuditEntry(1, NOON, text, event, "", "")


@pytest.mark.parametrize(
    ("blanks", "begins"), product(("", " ", "\t", "\r", "\n", '"', "x;", "x; ", 'x;"'), "=+-@\uff1d\uff0b\uff0d\uff20")
)
def test_no_cell_of_a_spreadsheet_is_a_formula(blanks: str, begins: str) -> None:
    text = "".join(csv_lines([entry(f"{blanks}{begins}1+1")]))
    for separator in ",;":
        for row in csv.reader(io.StringIO(text), delimiter=separator):
            assert not [cell for cell in row if cell.lstrip(' \t\r\n"')[:1] in {*"=+-@\uff1d\uff0b\uff0d\uff20"} - {""}]


def test_exports_carry_no_danger_and_json_lines_are_exact() -> None:
    assert not dangers("".join(csv_lines([entry(WHOLE)])))
    (line,) = json_lines([entry(WHOLE)])
    assert line.isascii()
    assert json.loads(line)["details"]["note"] == WHOLE


def test_a_log_line_is_one_line_whatever_it_is_about() -> None:
    record = logging.LogRecord("keytui", logging.ERROR, "", 1, "unexpected %s", (WHOLE,), None)
    line = OneLine("%(levelname)s %(message)s").format(record)
    assert not dangers(line)
    assert "\n" not in line
    written: list[str] = []
    log = RequestLog(written.append)
    log.note("GET /live", 200, 0.001, WHOLE, Noted(f"ada status=500 {WHOLE}", WHOLE, 2, "accepted"))
    log.close()
    (line,) = "".join(written).splitlines()
    assert not dangers(line)
    assert [word.partition("=")[0] for word in line.split()[5:]] == ["from", "by", "key", "version", "outcome"]


def test_what_is_to_be_typed_is_shown_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    for typed in ("\\x1b[2Jops", "\x1b[2Jops"):
        asked = Terminal()
        monkeypatch.setattr(sys, "stderr", asked)
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed + "\n"))
        asking.confirm("Disable all keys?", "\x1b[2Jops")
        assert not dangers(asked.getvalue())


def test_a_name_that_the_terminals_encoding_lacks_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYTUI_HOME", str(tmp_path / "日本"))
    written = io.BytesIO()
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(written, encoding="ascii", write_through=True))
    assert main(["systems"]) == 0
    assert b"\\u65e5\\u672c" in written.getvalue()
