"""The file that a consumer reads its secret from: replaced at once, proven, and put back."""

from __future__ import annotations

import itertools
import os
import stat
import threading
from pathlib import Path

import pytest

from keytui.domain.errors import Invalid, KeytuiError, Refused
from keytui.domain.keys import Key
from keytui.domain.secrets import Secret
from keytui.targets.file import FileTarget
from tests.unit.targets.death import Death
from tests.world import NOON

KEY = Key("k1", "checkout", "production", NOON)
OLD, NEW, NEWER = Secret("tk_" + "0" * 32), Secret("tk_" + "1" * 32), Secret("tk_" + "2" * 32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with the old secret, as its consumer has it."""
    found = tmp_path / "checkout.key"
    found.touch(0o600)
    found.write_text(OLD.reveal() + "\n")
    return found


@pytest.fixture
def target(path: Path) -> FileTarget:
    return FileTarget("env", str(path.with_name("{name}.key")))


def test_it_holds_exactly_the_new_secret_and_nobody_else_reads_it(target: FileTarget, path: Path) -> None:
    target.rehearse(KEY)
    assert target.read_back(KEY) == OLD

    target.deliver(KEY, 2, NEW)

    assert path.read_text() == NEW.reveal()
    assert target.read_back(KEY) == NEW
    assert {stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()} == {0o600}
    assert len(list(path.parent.iterdir())) == 2, "nothing is left but what stood there before"


def test_rehearsing_writes_nothing(target: FileTarget, path: Path) -> None:
    target.rehearse(KEY)
    assert list(path.parent.iterdir()) == [path]


def test_the_same_again_changes_nothing(target: FileTarget, path: Path) -> None:
    target.deliver(KEY, 2, NEW)
    before = path.stat().st_ino
    target.deliver(KEY, 2, NEW)
    assert path.stat().st_ino == before
    target.roll_back(KEY, 2)
    assert target.read_back(KEY) == OLD


def test_an_older_version_does_not_replace_a_newer(target: FileTarget) -> None:
    target.deliver(KEY, 3, NEWER)
    with pytest.raises(Refused, match="holds version 3 already"):
        target.deliver(KEY, 2, NEW)
    assert target.read_back(KEY) == NEWER


def test_rolling_back_puts_back_what_stood_there(target: FileTarget, path: Path) -> None:
    target.deliver(KEY, 2, NEW)
    target.roll_back(KEY, 2)
    target.roll_back(KEY, 2)
    assert target.read_back(KEY) == OLD

    path.unlink()
    target.deliver(KEY, 3, NEWER)
    target.roll_back(KEY, 3)
    assert target.read_back(KEY) is None


def test_it_does_not_roll_back_what_others_wrote(target: FileTarget, path: Path) -> None:
    target.deliver(KEY, 2, NEW)
    path.write_text("something else")
    with pytest.raises(Refused, match="something else by now"):
        target.roll_back(KEY, 2)
    with pytest.raises(Refused, match="is not kept"):
        target.roll_back(KEY, 7)
    assert path.read_text() == "something else"


def test_what_was_begun_and_cut_off_is_begun_again(target: FileTarget, path: Path) -> None:
    """The note of what stood there is written before the file is."""
    target.deliver(KEY, 2, NEW)
    path.write_text(OLD.reveal())
    target.deliver(KEY, 2, NEW)
    assert target.read_back(KEY) == NEW


def test_killed_anywhere_it_ends_delivered_or_back_and_leaves_no_draft_of_the_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in itertools.count(1):
        path = tmp_path / str(at) / "checkout.key"
        path.parent.mkdir()
        target = FileTarget("env", str(path))
        target.deliver(KEY, 2, OLD)
        death = Death(at)
        with death.coming(monkeypatch):
            target.deliver(KEY, 3, NEW)
        stands = target.read_back(KEY)
        assert stands in (OLD, NEW)
        if stands == NEW:
            target.roll_back(KEY, 3)
        target.deliver(KEY, 4, NEWER)
        assert {one.name for one in path.parent.iterdir()} == {"checkout.key", "checkout.key.before"}
        assert not any(NEW.reveal() in one.read_text() for one in path.parent.iterdir())
        if not death.came:
            break
    assert at > 5, "it was never killed"


def test_a_file_whose_readers_would_be_locked_out_is_refused(target: FileTarget, path: Path) -> None:
    path.chmod(0o640)
    for ask in (target.rehearse, target.read_back):
        with pytest.raises(Refused, match="others can read"):
            ask(KEY)
    with pytest.raises(Refused, match="others can read"):
        target.deliver(KEY, 2, NEW)
    assert path.read_text() == OLD.reveal() + "\n"


@pytest.mark.parametrize("stands", ["a link", "a directory", "a pipe", "no text", "too much"])
def test_what_is_no_secret_is_never_replaced(target: FileTarget, path: Path, stands: str) -> None:
    path.unlink()
    if stands == "a link":
        path.symlink_to(path.with_name("elsewhere"))
    elif stands == "a directory":
        path.mkdir(0o700)
    elif stands == "a pipe":
        os.mkfifo(path, 0o600)
    else:
        path.touch(0o600)
        path.write_bytes(b"\xff\xfe" if stands == "no text" else b"x" * 100_000)
    with pytest.raises(Refused):
        target.rehearse(KEY)
    with pytest.raises(Refused):
        target.deliver(KEY, 2, NEW)


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    target = FileTarget("env", str(tmp_path / "missing" / "key"))
    with pytest.raises(Refused, match="missing"):
        target.rehearse(KEY)
    with pytest.raises(KeytuiError, match="missing"):
        target.deliver(KEY, 2, NEW)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", ".hidden", "-x", "ä", ""])
def test_a_name_that_leads_elsewhere_is_refused(target: FileTarget, name: str) -> None:
    with pytest.raises(Refused, match="cannot stand in"):
        target.place(Key("k2", name, "production", NOON))


def test_a_reader_sees_a_whole_secret_at_any_moment(target: FileTarget, path: Path) -> None:
    whole = {OLD.reveal() + "\n", NEW.reveal(), NEWER.reveal()}
    done = threading.Event()
    seen: set[str] = set()

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_text())

    reader = threading.Thread(target=read)
    reader.start()
    for version in range(2, 42):
        target.deliver(KEY, version, NEW if version % 2 else NEWER)
    done.set()
    reader.join(10)
    assert seen <= whole


def test_no_error_tells_the_secret(target: FileTarget, path: Path) -> None:
    path.parent.chmod(0o700)
    path.chmod(0o644)
    with pytest.raises((Refused, Invalid)) as caught:
        target.deliver(KEY, 2, NEW)
    assert NEW.reveal() not in str(caught.value) + caught.value.hint + repr(target)


def test_a_file_of_another_key_is_left_to_it(target: FileTarget, path: Path) -> None:
    """Two targets, by two names, may lead to one path."""
    target.deliver(KEY, 2, NEW)
    other, theirs = FileTarget("env-2", str(path)), Key("k2", "billing", "production", NOON)
    with pytest.raises(Refused, match="holds the secret of another key, k1") as refused:
        other.rehearse(theirs)
    assert "a place of its own" in refused.value.hint
    with pytest.raises(Refused, match="holds the secret of another key, k1"):
        other.deliver(theirs, 7, NEWER)
    assert target.read_back(KEY) == NEW

    path.unlink()
    other.deliver(theirs, 7, NEWER)
    assert other.read_back(theirs) == NEWER
