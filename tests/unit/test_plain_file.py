"""What has a file's name and is none is named at once, whoever reads it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from keytui.domain.errors import KeytuiError
from keytui.domain.references import Place, Reference
from keytui.plain_file import open_plain, read_plain
from keytui.vault.configuration import table
from keytui.vault.configuration_writing import read_text
from keytui.vault.env_file import read_env_file
from keytui.vault.local.feed import LocalFeed
from keytui.vault.local.vault import LocalVault
from keytui.vault.profile import Profile
from keytui.vault.references import resolve


@pytest.fixture(params=["a pipe", "a directory", "a socket", "a device"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make(kind: str, place: Path) -> Iterator[Callable[[Path], Path]]:
    """Puts one there."""
    held = socket.socket(socket.AF_UNIX)

    def put(path: Path) -> Path:
        path.unlink(missing_ok=True)
        match kind:
            case "a pipe":
                os.mkfifo(path, 0o600)
            case "a directory":
                path.mkdir(0o700)
            case "a socket":
                held.bind(str(path.relative_to(place)))
            case _:
                path.symlink_to("/dev/zero")
        return path

    yield put
    held.close()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the working directory is: a socket's name has at most some 100 characters."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_is_not_opened_and_not_waited_for(place: Path, make: Callable[[Path], Path], kind: str) -> None:
    with pytest.raises(OSError, match=f"it is {kind}, and no file"):
        open_plain(make(place / "what"))


@pytest.mark.parametrize(
    "read",
    [
        lambda path: table(path, "profiles"),
        read_text,
        read_env_file,
        lambda path: resolve(Reference(Place.FILE, str(path)), {}),
    ],
    ids=["configuration", "changing it", ".env", "reference"],
)
def test_settings_that_are_no_file_are_named(
    place: Path, make: Callable[[Path], Path], kind: str, read: Callable[[Path], object]
) -> None:
    path = make(place / "settings")
    with pytest.raises(KeytuiError, match=f"settings cannot be read: it is {kind}") as refused:
        read(path)
    assert refused.value.hint


@pytest.mark.parametrize("name", ["pepper", "signing.key"])
def test_a_key_file_that_is_none_is_named(profile: Profile, make: Callable[[Path], Path], kind: str, name: str) -> None:
    LocalVault.open(profile).close()
    make(profile.directory / name)
    with pytest.raises(KeytuiError, match=f"{name} cannot be used: it is {kind}"):
        LocalVault.open(profile)


def test_a_kept_head_that_is_no_file_says_nothing(profile: Profile, make: Callable[[Path], Path]) -> None:
    LocalVault.open(profile).close()
    make(profile.directory / "audit.head")
    LocalFeed.open(profile).close()


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    assert read_plain(tmp_path / "link") == b"content"
    with pytest.raises(FileNotFoundError):
        read_plain(tmp_path / "none")
