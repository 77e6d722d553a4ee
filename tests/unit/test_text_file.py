"""A text file is replaced at once, and whoever could read it before can read it after."""

from __future__ import annotations

import errno
import os
import stat
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from keytui.domain.errors import NotFound, Refused, Unreachable
from keytui.text_file import TextFile, alone_in

CANARY = "tk_canary0000000000000000000000000"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "settings.env"
    found.touch(0o600)
    found.write_bytes(b"\xef\xbb\xbfA=1\r\nB=\xe9\n")
    return found


def test_every_byte_comes_in_and_goes_out(path: Path) -> None:
    before = path.read_bytes()
    file = TextFile.read(path)
    assert file.text == "\ufeffA=1\r\nB=\udce9\n"
    file.replace(file.text + "C=ß")
    assert path.read_bytes() == before + "C=ß".encode()
    assert list(path.parent.iterdir()) == [path]
    assert "\udce9" not in repr(file), "its text may hold secrets"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o660, 0o400, 0o440])
def test_the_mode_stays(path: Path, mode: int) -> None:
    path.chmod(mode)
    TextFile.read(path).replace("A=2\n")
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.read_text() == "A=2\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_owner_and_group_stay(path: Path) -> None:
    os.chown(path, 12345, 54321)
    TextFile.read(path).replace("A=2\n")
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 54321)


def access_list(group: int) -> bytes:
    """As Linux stores it: the owner may write, user 1234 and the group may read as `group` says, and nobody else."""
    nobody = 0xFFFFFFFF
    entries = [(1, 6, nobody), (2, group, 1234), (4, group, nobody), (16, group, nobody), (32, 0, nobody)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def give(path: Path, attribute: str, value: bytes) -> None:
    try:
        os.setxattr(path, attribute, value)
    except OSError as error:
        pytest.skip(f"this file system has none: {error.strerror}")


@pytest.mark.parametrize(
    ("attribute", "value"), [("user.note", b"of the checkout"), ("system.posix_acl_access", access_list(4))]
)
def test_extended_attributes_and_access_lists_stay(path: Path, attribute: str, value: bytes) -> None:
    give(path, attribute, value)
    TextFile.read(path).replace("A=2\n")
    assert os.getxattr(path, attribute) == value


def test_an_access_list_that_the_directory_gives_to_new_files_lets_nobody_in(path: Path) -> None:
    path.chmod(0o640)
    give(path.parent, "system.posix_acl_default", access_list(6))
    TextFile.read(path).replace("A=2\n")
    assert "system.posix_acl_access" not in os.listxattr(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_file_of_another_user_is_left_to_them(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    _is_refused(path, "belongs to another user")


def test_a_file_of_a_group_that_we_are_not_in_is_left_to_them(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:
        os.chown(path, 1, -1)
    owner = path.stat()
    monkeypatch.setattr(os, "geteuid", lambda: owner.st_uid)
    monkeypatch.setattr(os, "getegid", lambda: owner.st_gid + 1)
    monkeypatch.setattr(os, "getgroups", list)
    _is_refused(path, "a group that you are not in")


def _is_refused(path: Path, why: str) -> None:
    file, before = TextFile.read(path), path.read_bytes()
    with pytest.raises(Refused, match=why):
        file.rehearse()
    with pytest.raises(Refused, match=why):
        file.replace("A=2\n")
    assert [one.read_bytes() for one in path.parent.iterdir()] == [before]


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o601, 0o644])
def test_what_anybody_can_read_is_refused_unless_it_may_be(path: Path, mode: int) -> None:
    path.chmod(mode)
    with pytest.raises(Refused, match="anybody on this machine") as refused:
        TextFile.read(path)
    assert refused.value.hint.startswith(f"`chmod o-rwx {path}`")
    TextFile.read(path, for_all=True).replace("sealed")
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_link_is_refused_and_the_file_behind_it_named(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "current.env"
    link.symlink_to(path)
    with pytest.raises(Refused, match="is a link") as refused:
        TextFile.read(link)
    assert refused.value.hint == f"name the file itself: {path}"


@pytest.mark.parametrize("stands", ["a directory", "a pipe", "null bytes", "too much", "two names"])
def test_what_is_no_such_file_is_refused(path: Path, stands: str) -> None:
    if stands in {"a directory", "a pipe"}:
        path.unlink()
        path.mkdir() if stands == "a directory" else os.mkfifo(path, 0o600)
    elif stands == "two names":
        path.with_name("other.env").hardlink_to(path)
    else:
        path.write_bytes(b"A\0=\x001\0" if stands == "null bytes" else b"#" * (1024 * 1024 + 1))
    with pytest.raises(Refused):
        TextFile.read(path)


def test_one_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no"):
        TextFile.read(tmp_path / "none.env")


@pytest.mark.parametrize("change", [lambda path: path.write_text("A=3\n"), lambda path: path.unlink()])
def test_what_somebody_else_changed_meanwhile_is_left_to_them(path: Path, change: Callable[[Path], object]) -> None:
    file = TextFile.read(path)
    change(path)
    with pytest.raises(Refused):
        file.replace("A=2\n")
    assert [one.read_text() for one in path.parent.iterdir()] in (["A=3\n"], [])


@pytest.mark.parametrize("step", ["fsync", "fchmod", "lstat"])
def test_a_disk_that_is_full_leaves_what_was_there(path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    file, before = TextFile.read(path), path.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, step, full)
        with pytest.raises(Refused, match="No space left") as refused:
            file.replace(CANARY)
    assert CANARY not in repr(refused.value)
    assert [one.read_bytes() for one in path.parent.iterdir()] == [before]


def test_text_that_is_none_is_refused_without_showing_it(path: Path) -> None:
    with pytest.raises(Refused, match="is no text") as refused:
        TextFile.read(path).replace(f"{CANARY}\ud800")
    assert refused.value.__cause__ is None
    assert CANARY not in repr(refused.value)


def test_the_draft_of_a_process_that_was_killed_is_not_left(path: Path) -> None:
    path.with_name("settings.env.keytui-draft").write_text(CANARY)
    TextFile.read(path).replace("A=2\n")
    assert list(path.parent.iterdir()) == [path]


def test_one_at_a_time_in_a_directory(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    inside: list[int] = []
    most: list[int] = []

    def enter(order: tuple[Path, ...]) -> None:
        for _ in range(20):
            with alone_in(order):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=enter, args=(order,)) for order in ((first, second), (second, first, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (len(most), max(most)) == (40, 1)


def test_nobody_waits_for_themselves(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.symlink_to(first)
    with alone_in([first, second]):
        pass


def test_whoever_waits_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keytui.text_file._WAIT_FOR_LOCK", 0.05)
    with alone_in([tmp_path]), pytest.raises(Unreachable, match="another process holds"), alone_in([tmp_path]):
        raise AssertionError("it is held")
    with pytest.raises(Unreachable, match="cannot be opened"), alone_in([tmp_path / "none"]):
        raise AssertionError("it is not there")
