"""`keytui ingest`: logs as servers leave them, counted into the vault, and what the command says of them."""

from __future__ import annotations

import gzip
import json
import os
import signal
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from keytui.clock import utc_now
from keytui.domain.reports import Report
from keytui.vault.local.vault import LocalVault
from tests.unit.cli.conftest import Commands

PREFIX = 12


def line(key: str = "", ago: int = 60, status: int = 200, path: str = "/v1/x") -> str:
    """A JSON line of nginx, some seconds old."""
    at = (utc_now() - timedelta(seconds=ago)).isoformat(timespec="seconds")
    return json.dumps({"t": at, "ip": "10.0.0.1", "u": path, "s": status, "key_prefix": key, "ua": "curl"})


def write(path: Path, *lines: str) -> str:
    with path.open("a") as file:
        file.writelines(f"{one}\n" for one in lines)
    return str(path)


def audited(keytui: Commands) -> list[dict[str, object]]:
    return [json.loads(entry) for entry in keytui("audit", "--type", "source.ingested", "--json").out.splitlines()]


def test_a_log_becomes_usage_and_a_source(keytui: Commands, tmp_path: Path) -> None:
    secret = keytui.created()
    log = write(tmp_path / "edge.log", line(secret[:PREFIX]), line(secret[:PREFIX], 30, 403), line(), line("bad-key-"))
    answer = keytui("ingest", log, "--json").answer
    assert (answer["source"], answer["lines"]) == ("log edge", 4)
    assert (answer["accepted"], answer["refused"], answer["without_key"], answer["unknown_key"]) == (1, 1, 1, 1)
    (use,) = keytui("callers", "checkout", "--json").items
    assert (use["accepted"], use["refused"]) == (1, 1)
    with keytui.vault() as vault:
        (source,) = [source for source in vault.sources() if source.name == "log edge"]
    assert source.forgeable
    (entry,) = audited(keytui)
    assert "log edge" in json.dumps(entry)
    assert keytui("ingest", log, "--json").answer["lines"] == 0
    assert len(audited(keytui)) == 1


def test_the_table_names_each_file_its_format_and_what_was_not_counted(keytui: Commands, tmp_path: Path) -> None:
    secret = keytui.created()
    combined = f'10.0.0.1 - - [20/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 404 1 "-" "curl" "{secret[:PREFIX]}"'
    one, two = (
        write(tmp_path / "edge.log", line(secret[:PREFIX])),
        write(tmp_path / "edge.log.1", combined, "junk \x1b[31m"),
    )
    done = keytui("ingest", one, two)
    rows = [row.split() for row in done.out.splitlines()[1:]]
    assert [row[1:3] for row in rows[:2]] == [["combined", "2"], ["json", "1"]]
    assert rows[2][:2] == ["all", "3"]
    assert "1 line answered in a way that proves nothing" in done.err
    assert "1 line not understood" in done.err
    assert "line 2: xxxx" in done.err
    assert "\x1b" not in done.err
    assert "--verified" in done.err
    assert "--verified" not in keytui("ingest", write(tmp_path / "v.log", line(secret[:PREFIX])), "--verified").err


def test_json_says_what_the_remarks_say(keytui: Commands, tmp_path: Path) -> None:
    secret = keytui.created()
    log = write(tmp_path / "edge.log", line(secret[:PREFIX]), line("short"), line())
    answer = keytui("ingest", log, "--json").answer
    assert (answer["by_prefix_only"], answer["short_key"]) == (True, 1)
    answer = keytui("ingest", write(tmp_path / "v.log", line(secret[:PREFIX])), "--verified", "--json").answer
    assert answer["by_prefix_only"] is False


@pytest.mark.parametrize("packed", [False, True])
def test_a_leak_is_flagged_and_said_without_the_secret(keytui: Commands, tmp_path: Path, packed: bool) -> None:
    secret = keytui.created()
    log = tmp_path / "edge.log"
    text = "\n".join([line(), line(path=f"/x?api_key={secret}"), f"{{broken {secret}", ""]).encode()
    log.write_bytes(gzip.compress(text) if packed else text)
    done = keytui("ingest", str(log))
    assert f"{log} line 2 holds the whole secret of checkout v1" in " ".join(done.err.split())
    assert secret not in done.out + done.err
    assert secret not in keytui("audit", "--json").out
    assert "leaked" in str(keytui("show", "checkout", "--json").answer["flags"])
    answer = keytui("ingest", write(tmp_path / "more.log", line(secret)), "--json").answer
    assert isinstance(answer["leaked"], list)
    assert [(leak["key"], leak["version"]) for leak in answer["leaked"]] == [("checkout", 1)]


def test_a_pipe_is_read_and_continued(keytui: Commands) -> None:
    secret = keytui.created()
    lines = [line(secret[:PREFIX], 100 - second) for second in range(50)]
    for upto, new in ((40, 40), (50, 10), (50, 0)):
        answer = keytui("ingest", "-", "--source", "edge", "--json", stdin="".join(f"{one}\n" for one in lines[:upto]))
        assert (answer.answer["source"], answer.answer["accepted"]) == ("log edge", new)
    assert keytui("ingest", "--json", stdin=line(secret[:PREFIX]) + "\n").answer["source"] == "log stdin"


def test_a_named_pipe_is_read_and_a_second_one_refused(keytui: Commands) -> None:
    secret = keytui.created()
    reading, writing = os.pipe()
    os.write(writing, f"{line(secret[:PREFIX])}\n".encode())
    os.close(writing)
    try:
        words = ("ingest", f"/dev/fd/{reading}", "--source", "edge")
        assert "more than one pipe" in keytui(*words, "-", code=2).err
        assert keytui(*words, "--json").answer["accepted"] == 1
    finally:
        os.close(reading)


@pytest.mark.parametrize(
    "case",
    [
        (["ingest", "none.log"], 1, "none of the files could be read"),
        (["ingest", "."], 1, "directory"),
        (["ingest", "x" * 5000], 1, "too long"),
        (["ingest", "damaged.gz"], 1, "nothing of it can be read"),
        (["ingest", "damaged.gz", "good.log", "--source", "x"], 0, "nothing of it can be read"),
        (["ingest", "junk.log"], 1, "no line could be understood"),
        (["ingest", "junk.log", "good.log", "--source", "x"], 0, "junk.log: 2 lines not understood"),
        (["ingest", "none.log", "good.log", "--source", "x"], 0, "none.log no such file"),
        (["ingest", "empty.log"], 0, ""),
        (["ingest", "good.log", "other.log"], 2, "--source"),
        (["ingest", "good.log", "--map", "who=a"], 2, "no such field: 'who'"),
        (["ingest", "good.log", "--format", "csv"], 2, "csv"),
        (["ingest", "good.log", "--format", "combined"], 1, "no line could be understood"),
        (["ingest", "good.log", "--format", "combined", "--map", "key=a.b"], 2, "a.b"),
        (["ingest", "good.log", "--source", "x" * 100], 2, "no name for an evidence source"),
    ],
)
def test_bad_input_is_told_and_what_can_be_read_is(
    keytui: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: tuple[list[str], int, str]
) -> None:
    words, code, said = case
    keytui.created()
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "good.log", line())
    write(tmp_path / "other.log", line())
    write(tmp_path / "junk.log", "junk", "\x00\x16\x03")
    (tmp_path / "empty.log").touch()
    (tmp_path / "damaged.gz").write_bytes(b"\x1f\x8bjunk")
    done = keytui(*words, code=code)
    assert said.lower() in " ".join((done.out + done.err).lower().split())


def test_the_second_of_two_runs_at_once_is_refused_and_counts_nothing(
    keytui: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = keytui.created()
    log = write(tmp_path / "edge.log", line(secret[:PREFIX]))
    witness, first = LocalVault.witness, threading.Event()

    def late(vault: LocalVault, report: Report) -> None:
        if not first.is_set():
            first.set()
            assert keytui("ingest", log, "--json").answer["accepted"] == 1
        witness(vault, report)

    monkeypatch.setattr(LocalVault, "witness", late)
    assert "another run" in keytui("ingest", log, code=1).err
    (use,) = keytui("callers", "checkout", "--json").items
    assert use["accepted"] == 1


def test_a_read_only_vault_takes_nothing_in(keytui: Commands, tmp_path: Path) -> None:
    keytui.created()
    assert "leave --read-only away" in keytui("--read-only", "ingest", write(tmp_path / "e.log", line()), code=6).err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('2026-11-20T12:00:00Z INFO: 10.0.0.1:50000 - "GET /x HTTP/1.1" 200 OK', True),
        ('2026-11-20T12:00:00Z INFO: 10.0.0.1:50000 - "GET /x HTTP/1.1" 200 OK key=-', False),
        ('{"t":"2026-11-20T12:00:00Z","s":200}', True),
        ('{"t":"2026-11-20T12:00:00Z","s":200,"key_prefix":""}', False),
        ('{"ts":1795266000,"status":200,"request":{"headers":{}}}', True),
        ('{"ts":1795266000,"status":200,"request":{"headers":{"X-Api-Key":["x"]}}}', False),
        (
            '{"ts":1795266000,"status":200,"request":{}}\n{"ts":1795266000,"status":200,"request":{"headers":{"X-Api-Key":"x"}}}',
            False,
        ),
    ],
)
def test_a_log_without_a_field_for_a_key_is_told_so(keytui: Commands, tmp_path: Path, text: str, said: bool) -> None:
    keytui.created()
    done = keytui("ingest", write(tmp_path / "edge.log", text, text))
    assert ("no line has a field for a key" in done.err and "--map key=" in done.err) is said


def test_a_run_that_follows_goes_on_where_another_has_counted_meanwhile(
    keytui: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = keytui.created()
    log = write(tmp_path / "edge.log", line(secret[:PREFIX]))
    witness, tries = LocalVault.witness, iter(range(100))

    def late(vault: LocalVault, report: Report) -> None:
        if next(tries) == 0:
            assert keytui("ingest", log, "--json").answer["accepted"] == 1
            write(tmp_path / "edge.log", line(secret[:PREFIX], 30), line(path=f"/x?api_key={secret}", ago=20))
        witness(vault, report)
        if any(use.version for use in report.uses) and Path(log).read_text().count("\n") == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(LocalVault, "witness", late)
    answer = keytui("ingest", "--follow", log, "--json").answer
    assert (answer["lines"], answer["accepted"], answer["leaks"]) == (2, 2, 1)
    assert sum(int(str(use["accepted"])) for use in keytui("callers", "checkout", "--json").items) == 3
