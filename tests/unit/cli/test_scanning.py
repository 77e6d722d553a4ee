"""`keytui scan` as an operator meets it: what it finds and where, what it says of it, and what it never prints."""

from __future__ import annotations

import gzip
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from keytui.domain.audit import AuditFilter
from keytui.domain.errors import Unreachable
from keytui.domain.keys import Flag
from keytui.domain.reports import Leak
from keytui.probes.scan.history import Object, Repository, within
from keytui.vault.local.vault import LocalVault
from keytui.vault.model import KeyDetail
from tests.unit.cli.conftest import Commands
from tests.unit.cli.test_sealing import FIRST, TOKEN, URL, private


def git(repository: Path, *words: str) -> None:
    """One git command, as somebody whose configuration does not matter."""
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    subprocess.run(["git", "-C", str(repository), *words], check=True, env={**os.environ, **who})


def committed(repository: Path, name: str, content: str) -> None:
    if not (repository / ".git").exists():
        repository.mkdir(exist_ok=True)
        git(repository, "init", "-q")
    (repository / name).parent.mkdir(parents=True, exist_ok=True)
    (repository / name).write_text(content)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "more")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory with nothing in it."""
    found = tmp_path / "tree"
    found.mkdir()
    return found


def test_a_secret_is_found_by_file_and_line_and_never_printed(keytui: Commands, tree: Path) -> None:
    secret = keytui.created()
    (tree / "deploy").mkdir()
    (tree / "deploy" / "old.env").write_text(f"A=1\n\nAPI_KEY='{secret}'\nB={secret}\n")
    with gzip.open(tree / "access.log.2.gz", "wt") as log:
        log.write(f'{{"uri":"/x?key=%74{secret[1:]}"}}\n')
    other = "1" if secret.endswith("0") else "0"
    (tree / "prefix.log").write_text(f"{secret[:12]}\n{secret[:-1]}{other}\n")

    done = keytui("scan", str(tree), code=3)

    assert "checkout v1 (production, active)" in done.out
    assert f"{tree}/access.log.2.gz:1\n" in done.out
    assert f"{tree}/deploy/old.env:3 and 1 more lines\n" in done.out
    assert "stop the thief: keytui incident checkout --first revoke" in done.out
    assert "prefix.log" not in done.out
    assert secret[:12] in done.out
    assert secret[12:] not in done.out + done.err
    assert "3 files" in done.err
    with keytui.vault() as vault:
        assert vault.audit(AuditFilter("key.leaked"), 0, 1).total == 0


def test_a_report_flags_the_key_once_a_place_and_a_revoked_one_is_no_news(keytui: Commands, tree: Path) -> None:
    (tree / "a.txt").write_text(keytui.created() + "\n")
    (tree / "b.txt").write_text(keytui.created("gone"))
    keytui("revoke", "gone", "--reason", "leaver", "--yes")

    for _ in range(2):
        found = keytui("scan", str(tree), "--report", "--json", code=3).answer["findings"]

    assert isinstance(found, list)
    assert [(one["key"], one["revoked"], one["advice"].split(":")[0]) for one in found] == [
        ("checkout", False, "stop the thief"),
        ("gone", True, "nothing"),
    ]
    assert found[0]["places"] == [
        {"file": f"{tree}/a.txt", "line": 1, "lines": 1, "commit": None, "object": None, "likely": False},
    ]
    with keytui.vault() as vault:
        assert Flag.LEAKED in vault.detail(vault.find("checkout").id).summary.flags
        (noted,) = vault.audit(AuditFilter("key.leaked"), 0, 9).entries
        assert noted.event.details["place"] == f"{tree}/a.txt:1"
        assert vault.sources() == ()
    assert keytui("scan", str(tree / "b.txt"), code=0).out.startswith("gone v1 (production, revoked")


def test_who_may_not_report_is_told_before_the_scan_and_findings_come_before_the_report(
    keytui: Commands, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "a.txt").write_text(keytui.created())

    early = keytui("--read-only", "scan", str(tree), "--report", code=6)
    assert "read-only" in early.err
    assert "files" not in early.err

    note = LocalVault.note_leaks

    def away(vault: LocalVault, leaks: Sequence[Leak]) -> None:
        if leaks:
            raise Unreachable("the vault is away", "try again")
        note(vault, leaks)

    monkeypatch.setattr(LocalVault, "note_leaks", away)
    assert "a.txt:1" in keytui("scan", str(tree), "--report", code=5).out


def test_weak_and_kept_values_of_any_form_are_found_where_the_vault_is(
    keytui: Commands, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYTUI_PASSPHRASE_FILE", str(private(tmp_path / "passphrase", FIRST)))
    keytui("passphrase", "set")
    keytui("seal", "stripe", stdin=TOKEN)
    keytui("seal", "orders-db", "--kind", "connection-string", stdin=URL)
    (tmp_path / ".env").write_text("LEGACY_KEY=hunter-two!\nODD_KEY=p+S/9x.Q~7v$Rk2:Wm8@Zt4#Lc6%Yb1\n")
    keytui("import", str(tmp_path / ".env"), "--env", "production", "--variable", "LEGACY_KEY", "--variable", "ODD_KEY")
    (tree / "notes.txt").write_text(
        f'psql "{URL}"\ncurl -H "Authorization: Bearer {TOKEN}"\n'
        'export LEGACY_KEY="hunter-two!"\nhunter-two!more\nkey: p+S/9x.Q~7v$Rk2:Wm8@Zt4#Lc6%Yb1\n'
    )

    found = keytui("scan", str(tree), "--json", code=3).answer

    findings = found["findings"]
    assert isinstance(findings, list)
    places = {one["key"]: [place["line"] for place in one["places"]] for one in findings}
    assert places == {"orders-db": [1], "stripe": [2], "legacy-key": [3], "odd-key": [5]}
    assert found["unknowable"] == 0
    weak = next(one for one in findings if one["key"] == "legacy-key")
    assert (weak["prefix"], weak["fingerprint"]) == (None, None)


def test_history_tells_the_commit_that_brought_it(keytui: Commands, tree: Path) -> None:
    secret, other = keytui.created(), keytui.created("in-a-message")
    committed(tree, "config/prod.env", f"X=1\nAPI_KEY={secret}\n")
    brought = (tree / ".git" / "refs" / "heads").iterdir().__next__().read_text().strip()
    committed(tree, "config/prod.env", "X=1\n")
    git(tree, "commit", "-q", "--allow-empty", "-m", f"use {other} from now on")
    git(tree, "tag", "-a", "v1", "-m", f"with {other}")
    (tree / "below").mkdir()

    assert keytui("scan", str(tree)).out == ""
    found = keytui("scan", str(tree / "below"), "--git-history", "--json", code=3).answer["findings"]

    assert isinstance(found, list)
    first, second = found
    assert [(one["commit"], one["file"], one["line"]) for one in first["places"]] == [(brought, "config/prod.env", 2)]
    assert sorted(one["file"] for one in second["places"]) == ["(message of the commit)", "(message of the tag)"]
    said = keytui("scan", str(tree), "--git-history", code=3)
    assert f"commit {brought[:12]} config/prod.env:2\n" in said.out
    assert secret[12:] not in said.out + said.err


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("broken", "is a repository that git cannot read"),
        ("gone", "looks like a repository, and git finds none there"),
        pytest.param(
            "foreign",
            "is somebody else's repository, and git does not read it: see its safe.directory",
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file away"),
        ),
    ],
)
def test_a_repository_that_git_does_not_read_is_named_beside_one_that_it_does(
    keytui: Commands, tree: Path, how: str, why: str
) -> None:
    keytui.created()
    committed(tree / "ours", "a", "nothing")
    committed(tree / "theirs", "a", "nothing")
    assert keytui("scan", str(tree), "--git-history").out == ""
    if how == "broken":
        (tree / "theirs" / ".git" / "config").write_text("[")
    elif how == "gone":
        (tree / "theirs" / ".git").rename(tree / "elsewhere")
        (tree / "theirs" / ".git").write_text(f"gitdir: {tree}/nowhere\n")
    else:
        for path in (tree / "theirs", *(tree / "theirs").rglob("*")):
            os.chown(path, 12345, 12345)

    told = keytui("scan", str(tree), "--git-history", code=7)

    assert f"not looked at: {tree}/theirs {why}" in told.err
    assert f"{tree}/ours" not in told.err


def test_what_was_found_in_a_history_is_told_where_the_scan_ends_early(
    keytui: Commands, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed(tree, "prod.env", keytui.created())
    (tree / "prod.env").unlink()

    def cut_short(repository: Repository) -> Iterator[Object]:
        yield from within(repository)
        raise KeyboardInterrupt

    monkeypatch.setattr("keytui.probes.scan.run.within", cut_short)
    told = keytui("scan", str(tree), "--git-history", code=130)
    assert "prod.env:1\n" in told.out
    assert "ended early: secrets were found in 1 places until then" in told.err


def test_what_was_found_is_told_where_the_vault_goes_away(
    keytui: Commands, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "a.txt").write_text(keytui.created())

    def away(_vault: LocalVault, _key_id: str) -> KeyDetail:
        raise Unreachable("the vault is away", "try again")

    monkeypatch.setattr(LocalVault, "detail", away)
    assert keytui("scan", str(tree), code=5).out == f"{tree}/a.txt:1\n"


def test_nothing_that_a_strangers_repository_names_is_run(keytui: Commands, tree: Path) -> None:
    secret, ran = keytui.created(), tree.parent / "ran"
    committed(tree, "a\x1b[31m.env", f"{secret}\n")
    program = private(tree.parent / "program", f"#!/bin/sh\ntouch {ran}\ncat\n")
    program.chmod(0o700)
    (tree / ".gitattributes").write_text("* diff=evil filter=evil\n")
    git(tree, "add", "-A")
    git(tree, "commit", "-q", "-m", "attributes")
    for name in ("core.fsmonitor", "core.pager", "diff.external", "diff.evil.textconv", "diff.evil.command"):
        git(tree, "config", name, str(program))
    for name in ("filter.evil.clean", "filter.evil.smudge", "gpg.program", "core.sshCommand", "core.hooksPath"):
        git(tree, "config", name, str(program))
    git(tree, "config", "log.showSignature", "true")

    done = keytui("scan", str(tree), "--git-history", code=3)

    assert not ran.exists()
    assert "a\\x1b[31m.env:1" in done.out
    assert "\x1b" not in done.out


def test_what_cannot_be_looked_at_is_told_and_stops_nothing(keytui: Commands, tree: Path) -> None:
    secret = keytui.created()
    (tree / "round").symlink_to(tree)
    (tree / "gone").symlink_to(tree / "nowhere")
    os.mkfifo(tree / "fifo")
    (tree / "image.zip").write_bytes(b"PK\x03\x04 and more")
    (tree / "cut.gz").write_bytes(gzip.compress(f"{secret}\n".encode() + os.urandom(200_000))[:150_000])
    committed(tree, "fine", "nothing\n")
    (tree / ".git" / "left").write_text(secret)

    done = keytui("scan", str(tree), str(tree / "missing"), code=3)
    assert f"{tree}/cut.gz:1\n" in done.out
    assert "cut.gz cannot be read to its end" in done.err
    assert "image.zip is an archive" in done.err
    assert "missing no such file" in done.err
    assert ".git" not in done.out
    assert str(tree / ".git" / "left") in keytui("scan", str(tree), "--git-history", code=3).out
    assert keytui("scan", str(tree), "--exclude", "cut.gz", code=7).out == ""


def test_a_name_that_holds_a_secret_is_left_out(keytui: Commands, tree: Path) -> None:
    secret = keytui.created()
    (tree / secret).mkdir()
    (tree / secret / secret).write_text(secret)
    done = keytui("scan", str(tree), code=3)
    assert f"{tree}/(a name that holds a secret)/(a name that holds a secret):1\n" in done.out
    assert secret[12:] not in done.out + done.err


def test_standard_input_is_looked_at_too(keytui: Commands) -> None:
    secret = keytui.created()
    assert "(standard input):2" in keytui("scan", "-", stdin=f"a\n{secret}\n", code=3).out
    assert "no secret of this vault" in keytui("scan", "-", stdin="a\n").err


@pytest.mark.parametrize("open_", [False, True])
def test_what_it_advises_works_at_once_away_from_a_terminal_with_a_rotation_open_too(
    keytui: Commands, tree: Path, *, open_: bool
) -> None:
    secret = keytui.created()
    if open_:
        secret = keytui("rotate", "checkout").out.strip()
    (tree / "old.env").write_text(f"API_KEY={secret}\n")
    said = keytui("scan", str(tree), code=3).out
    hint = said.partition("stop the thief: keytui ")[2].split()

    keytui(*hint[: hint.index("revoke") + 1])

    keytui("verify", stdin=secret, code=1)
