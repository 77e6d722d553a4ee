"""Writing to `config.toml` as an operator would by hand: the file is replaced at once, and says only what was meant."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from keytui.domain.errors import Invalid, Refused
from keytui.domain.secrets import Secret
from keytui.plain_file import read_plain
from keytui.private_file import replace_privately
from keytui.text_file import alone_in


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """Nobody else changes the file meanwhile: what two write at once is both in it."""
    with alone_in((_home_of(path),)):
        yield


def read_text(path: Path) -> str:
    """The file as it stands; "" where there is none. Invalid where it cannot be read."""
    try:
        return read_plain(path).decode()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}", "check what it is, and who owns it") from None


def write_configuration(path: Path, text: str, says: Mapping[str, object]) -> None:
    """Replace the file at once, while `changing` it.

    Refused unless the text says exactly this: a change by lines can miss its line.
    """
    try:
        said: Mapping[str, object] | None = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        said = None
    if said is None or _told(said) != _told(says):
        raise Refused(f"{path} is written in a way that cannot be changed line by line", "change it by hand")
    replace_privately(path.resolve(), Secret(text))


def _told(content: Mapping[str, object]) -> Mapping[str, object]:
    """An empty table says as much as none."""
    return {name: value for name, value in content.items() if value != {}}


def _home_of(path: Path) -> Path:
    """The directory of the file itself, which a link may stand for; made where it is missing."""
    directory = path.resolve().parent
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Invalid(
            f"{directory} cannot be made: {error.strerror}", "check who owns what is above it, or set KEYTUI_HOME"
        ) from None
    return directory
