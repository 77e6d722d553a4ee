"""Writing a secret to a new file: owner-only, never over anything, never through a link."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from keytui.domain.errors import Invalid, Refused
from keytui.domain.secrets import Secret
from keytui.private_file import write_new_file

SECRET = Secret("tk_canary0000000000000000000000000")


def test_the_new_file_holds_exactly_the_secret(tmp_path: Path) -> None:
    written = write_new_file(tmp_path / "new", SECRET)
    assert written.read_text() == SECRET.reveal()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o177, 0o377])
def test_only_its_owner_may_read_it_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        written = write_new_file(tmp_path / "new", SECRET)
    finally:
        os.umask(before)
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_a_file_that_is_there_is_refused_and_left_alone(tmp_path: Path) -> None:
    present = tmp_path / "present"
    present.write_text("mine")
    with pytest.raises(Refused, match="there already"):
        write_new_file(present, SECRET)
    assert present.read_text() == "mine"


def test_links_are_refused_also_dangling_ones(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="there already"):
        write_new_file(tmp_path / "dangling", SECRET)
    assert not (tmp_path / "elsewhere").exists()


def test_a_missing_directory_is_named_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="No such file or directory") as caught:
        write_new_file(tmp_path / "missing" / "new", SECRET)
    assert "directory" in caught.value.hint
    assert SECRET.reveal() not in str(caught.value)


def test_a_null_byte_is_a_clear_error_too(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="null byte"):
        write_new_file(tmp_path / "a\0b", SECRET)
