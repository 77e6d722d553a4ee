"""`keytui import` of a file with one key a line."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from keytui.domain.errors import Invalid
from keytui.domain.secrets import FORMATS
from keytui.vault.env_file import read_env_file
from keytui.vault.local.vault import LocalVault
from keytui.vault.many_keys import AddedKeys, NewKey, Origin
from tests.unit.cli.conftest import Commands
from tests.world import repeatable_randomness

_random = repeatable_randomness(11)
TK = [FORMATS["tk"].mint(_random).reveal() for _ in range(8)]


def _file(directory: Path, text: str, name: str = "keys.csv") -> str:
    path = directory / name
    path.write_bytes(text.encode())
    return str(path)


def test_a_table_gives_its_keys_and_the_same_again_adds_nothing(keytui: Commands, tmp_path: Path) -> None:
    file = _file(
        tmp_path,
        "\ufeffName;Env;Owner;Scopes;Apps;Expires;Sensitive;Secret\r\n"
        f'"orders; api";staging;payments;orders:read orders:write;web,bff;90d;yes;{TK[0]}\r\n'
        f"mail;;;;;;;{TK[1]}\r\n"
        "\r\n"
        f"weak;;;;;;;hunter2\r\n"
        f"mail-again;;;;;;;{TK[1]}\r\n",
    )

    rehearsed = keytui("import", file, "--env", "production", "--owner", "platform", "--check")
    done = keytui("import", file, "--env", "production", "--owner", "platform", "--json").answer
    again = keytui("import", file, "--env", "production", "--owner", "platform")

    assert rehearsed.out == "nothing is written yet: 3 added, 1 known already, 1 weak: they could be guessed\n"
    assert done == {
        "lines": 4,
        "done": 4,
        "added": 3,
        "present": 1,
        "shared": 0,
        "weak": 1,
        "left_out": 0,
        "faults": [],
        "stopped": False,
    }
    assert again.out == "0 added, 4 known already\n"
    keys = {str(key["name"]): key for key in keytui("list", "--json").items}
    assert keys.keys() == {"orders; api", "mail", "weak"}
    assert (keys["orders; api"]["environment"], keys["orders; api"]["scopes"]) == (
        "staging",
        ["orders:read", "orders:write"],
    )
    assert (keys["mail"]["environment"], keys["mail"]["owner"]) == ("production", "platform")
    assert keytui("verify", stdin=TK[0]).code == 0


def test_json_lines_may_give_digests(keytui: Commands, tmp_path: Path) -> None:
    digest = hashlib.sha256(TK[2].encode()).hexdigest()
    lines = [
        {"name": "by-digest", "digest": f"sha256:{digest}", "prefix": TK[2][:12], "scopes": ["a", "b"], "owner": None},
        {"name": "by-value", "secret": TK[3], "sensitive": True},
    ]
    file = _file(tmp_path, "\n".join(map(json.dumps, lines)), "keys.jsonl")

    keytui("import", file, "--env", "test", "--prefix", "old-")

    assert [key["name"] for key in keytui("list", "--json").items] == ["old-by-digest", "old-by-value"]
    assert keytui("verify", stdin=TK[2]).code == 0


def test_lines_that_cannot_be_read_are_all_told_and_nothing_is_written(keytui: Commands, tmp_path: Path) -> None:
    file = _file(
        tmp_path,
        "name,environment,expires,sensitive,secret,digest\n"
        f",production,,,{TK[0]},\n"
        f"a,,,,{TK[0]},\n"
        f"b,production,soon,,{TK[0]},\n"
        f"c,production,,perhaps,{TK[0]},\n"
        "d,production,,,,\n"
        f"e,production,,,{TK[0]},{'a' * 64}\n"
        f"f,production,{TK[0]}\n"
        f"g,production,,,{TK[1]},\n",
    )

    done = keytui("import", file, code=2)

    told = [line.split(": ", 1)[1] for line in done.err.splitlines() if line.startswith("keys.csv line ")]
    assert [line.split(" (")[0] for line in told] == [
        "it names no key",
        "it names no environment",
        "'soon' is neither a duration nor a date",
        "the column sensitive says neither yes nor no",
        "it gives no value",
        "it gives its value twice",
        "it has 3 cells, and line 1 names 6 columns",
    ]
    assert "7 lines of keys.csv cannot be read, and nothing was done" in done.err
    assert keytui("list", "--json").items == []
    assert TK[0] not in done.err


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "keys.csv is empty"),
        (b"[{}]", "one JSON array"),
        (b"name,secret\na,\xff\n", "line 2 is not UTF-8"),
        (b"name,secret\na,b\0\n", "line 2 holds null bytes"),
        (b'name,secret\na,b\nc,"d\ne,f\n', "line 3 is no CSV"),
        (b"name,secret\n" + b"a" * 70_000, "line 2 is longer than 64 KiB"),
        (b"name,name\n", "names a column twice"),
        (b'{"name": "a"\n', "keys.csv line 1: it is no JSON object"),
        (b"name,env,sekret\na,test,tk_1\n", "no column 'sekret' (did you mean secret?"),
        (f"{TK[0]},env\nx,production\n".encode(), "line 2: it names no key"),
        (f"name,{TK[0]}\nx,production\n".encode(), "no column '…'"),
    ],
)
def test_what_is_no_such_file_is_refused_by_its_line(
    keytui: Commands, tmp_path: Path, content: bytes, why: str
) -> None:
    (tmp_path / "keys.csv").write_bytes(content)

    done = keytui("import", str(tmp_path / "keys.csv"), code=2)

    assert why in done.err
    assert TK[0] not in done.err


def test_a_taken_name_is_left_out_by_its_line_and_the_others_are_kept(keytui: Commands, tmp_path: Path) -> None:
    keytui.created("taken")
    file = _file(tmp_path, f"name,secret\nfree,{TK[4]}\ntaken,{TK[5]}\nlast,{TK[6]}\n")

    done = keytui("import", file, "--env", "production", code=7)

    assert done.out == "2 added, 0 known already\n"
    assert "keys.csv line 3: production has a key called taken already, with another value" in done.err
    assert "1 line of keys.csv left out, all others are done" in done.err


def test_the_console_sends_a_file_of_many_keys_to_the_command(tmp_path: Path) -> None:
    file = Path(_file(tmp_path, "name,secret\n"))

    with pytest.raises(Invalid) as refused:
        read_env_file(file)

    assert refused.value.hint == f"in a terminal: keytui import {file}"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_keeps_whole_parts_and_the_same_again_goes_on(
    keytui: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setattr("keytui.cli.key_course.MOST_AT_ONCE", 2)
    file = _file(tmp_path, "name,secret\n" + "".join(f"key-{at},{value}\n" for at, value in enumerate(TK)))
    add = LocalVault.add_keys
    signals: Iterator[signal.Signals] = iter([number])

    def add_keys(vault: LocalVault, new: Sequence[NewKey], origin: Origin, *, rehearse: bool = False) -> AddedKeys:
        """The signal comes while a part is written."""
        for sent in signals:
            os.kill(os.getpid(), sent)
        return add(vault, new, origin, rehearse=rehearse)

    monkeypatch.setattr(LocalVault, "add_keys", add_keys)

    stopped = keytui("import", file, "--env", "production", code=128 + number)
    done = keytui("import", file, "--env", "production")

    assert "stopped: 2 of 8 lines are done; the same command again goes on from there" in stopped.err
    assert (stopped.out, done.out) == ("2 added, 0 known already\n", "6 added, 2 known already\n")
    assert len(keytui("list", "--json").items) == 8
