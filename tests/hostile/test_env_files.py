"""A .env file as it may lie there: one variable changes, or nothing does, and the error names the file and the line."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from dotenv.parser import parse_stream
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from keytui.domain.errors import Invalid, KeytuiError, NotFound, Refused
from keytui.domain.keys import Key
from keytui.domain.secrets import Secret
from keytui.targets.dotenv import DotenvTarget
from keytui.text_file import TextFile
from keytui.vault.env_file import read_env_file, sort_out
from tests.world import NOON

KEY: Final = Key("abcdefgh12345678", "checkout", "production", NOON)
NEW: Final = Secret("tk_new")
PIECES: Final = [
    *(b"API_KEY=old", b"API_KEY='old one'", b'export API_KEY = "o\nld" # c', b"API_KEY=", b"API_KEY", b"API_KEY=a,,b,"),
    *(
        b"B=1",
        b"B='it",
        b'B="',
        b"#",
        b" ",
        b"\t",
        b"=",
        b"'",
        b'"',
        b"`",
        b"\\",
        b"${API_KEY}",
        b"XAPI_KEY=1",
        b"\x0b",
    ),
    *(
        b"\n",
        b"\n",
        b"\r\n",
        b"\r",
        b"\xe9",
        b"\xff",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"\xf0\x9f\x94\x91",
    ),
]


def joined(parts: tuple[bytes, list[bytes]]) -> bytes:
    return parts[0] + b"".join(parts[1])


def target_at(path: Path) -> DotenvTarget:
    return DotenvTarget("web", (str(path),), "API_KEY")


def written(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    """A file of its own in the folder."""
    path = folder / ".env"
    path.unlink(missing_ok=True)
    path.touch(mode)
    path.chmod(mode)
    path.write_bytes(content)
    return path


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.tuples(st.sampled_from((b"", b"\xef\xbb\xbf")), st.lists(st.sampled_from(PIECES), max_size=12)).map(joined))
@example(b"\xef\xbb\xbf# caf\xe9\r\nexport API_KEY = 'old' # why\r\nB='x\ny'\rC=3")
@example(b"A=1\nB=2")
def test_every_byte_outside_the_value_stays(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, content)
    refused = _refused(path)
    changed = path.read_bytes()
    if refused is not None:
        assert changed == content
        assert str(path) in refused.message
        assert refused.hint
        return
    values = values_of(content)
    assert len(values) <= 1
    if not values:
        assert changed.startswith(content)
        assert changed[len(content) :].strip(b"\r\n") == b"API_KEY=tk_new"
    else:
        assert set(replaced(content, changed)) & {values[0], b"in quotes"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for kept in tmp_path.iterdir():
        assert kept.name in {".env", ".env.API_KEY.before"}


def _refused(path: Path) -> Refused | None:
    """Deliver to it; why that was refused."""
    try:
        target_at(path).deliver(KEY, 2, NEW)
    except Refused as error:
        return error
    return None


def values_of(content: bytes) -> list[bytes]:
    """What the variable is set to, as python-dotenv reads it."""
    text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    lines = parse_stream(io.StringIO(text, newline=""))
    return [
        line.value.encode("utf-8", "surrogateescape")
        for line in lines
        if line.key == "API_KEY" and line.value is not None
    ]


def replaced(content: bytes, changed: bytes) -> Iterator[bytes]:
    """What the new value may have taken the place of, so that all around it is as it was."""
    for new in (b"tk_new", b"'tk_new'", b'"tk_new"'):
        for found in re.finditer(re.escape(new), changed):
            before, after = changed[: found.start()], changed[found.end() :]
            if len(before) + len(after) <= len(content) and content.startswith(before) and content.endswith(after):
                gone = content[len(before) : len(content) - len(after)]
                yield b"in quotes" if len(gone) > 1 and gone[:1] == gone[-1:] == new[:1] else gone


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"API_KEY=a\nB=1\r\nexport API_KEY=b\n", "more than once, in lines 1, 3"),
        (b"B=1\nAPI_KEY='open\n", "line 2 sets API_KEY in a way that cannot be read"),
        (b"B=1\nAPI_KEY='x' junk\n", "line 2 sets API_KEY in a way that cannot be read"),
        (b"API_KEY=`x y`\n", "line 1 sets API_KEY in backticks"),
        (b"A=1\nAPI_KEY=`x\nB=2\n`\n", "line 2 sets API_KEY in backticks"),
        (b"API_KEY=${OTHER}\n", "refers to another variable"),
        ("API_KEY=old\n".encode("utf-16"), "line 1 holds a null byte"),
        (b"A=1\nAPI_KEY=a\0b\n", "line 2 holds a null byte"),
        (b"API_KEY=old\n" + b"# \n" * 700_000, "more than 1024 KiB"),
    ],
    ids=["duplicate", "open", "junk", "backticks", "backticks over lines", "reference", "UTF-16", "NUL", "large"],
)
def test_what_is_unclear_is_refused_by_file_and_line(tmp_path: Path, content: bytes, why: str) -> None:
    path = written(tmp_path, content)
    for act in (target_at(path).rehearse, lambda key: target_at(path).deliver(key, 2, NEW)):
        with pytest.raises(Refused) as refused:
            act(KEY)
        assert f"{path}" in refused.value.message
        assert why in refused.value.message
        assert refused.value.hint
    assert path.read_bytes() == content
    assert [one.name for one in tmp_path.iterdir()] == [".env"]


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _link(path: Path) -> None:
    path.with_name("real").touch(0o600)
    path.symlink_to("real")


IN_ITS_PLACE: Final[dict[str, Callable[[Path], object]]] = {
    "nothing": lambda path: None,
    "a directory": lambda path: path.mkdir(),
    "a FIFO": lambda path: os.mkfifo(path, 0o600),
    "a link": _link,
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a link to itself": _loop,
    "a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("what", IN_ITS_PLACE)
def test_what_is_no_file_is_neither_read_nor_waited_for(tmp_path: Path, what: str) -> None:
    path = tmp_path / ".env"
    IN_ITS_PLACE[what](path)
    for act in (target_at(path).rehearse, target_at(path).read_back, lambda key: target_at(path).deliver(key, 2, NEW)):
        with pytest.raises(Refused) as refused:
            act(KEY)
        assert str(path) in refused.value.message
        assert refused.value.hint
    if what != "a link":
        with pytest.raises((Invalid, NotFound)) as refused_too:
            read_env_file(path)
        assert str(path) in refused_too.value.message


def test_a_directory_that_is_a_link_to_itself_is_no_fault(tmp_path: Path) -> None:
    _loop(tmp_path / "service")
    with pytest.raises(KeytuiError):
        target_at(tmp_path / "service" / ".env").deliver(KEY, 2, NEW)


def _vanishes(path: Path) -> None:
    path.unlink()


def _is_closed(path: Path) -> None:
    path.chmod(0o640)


def _is_written(path: Path) -> None:
    status = path.stat()
    path.write_bytes(b"API_KEY=new\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # as rsync --times does


@pytest.mark.parametrize("meanwhile", [_vanishes, _is_closed, _is_written])
def test_what_happens_to_it_meanwhile_is_not_undone(tmp_path: Path, meanwhile: Callable[[Path], None]) -> None:
    path = written(tmp_path, b"API_KEY=old\n")
    file = TextFile.read(path)
    meanwhile(path)
    now = (path.read_bytes(), path.stat().st_mode) if path.exists() else None
    with pytest.raises(Refused, match=r"\.env (was changed by somebody else|cannot be written)"):
        file.replace("API_KEY=ours\n")
    assert now == ((path.read_bytes(), path.stat().st_mode) if path.exists() else None)
    assert [one.name for one in tmp_path.iterdir()] == ([".env"] if now else [])


def test_a_file_system_that_reads_in_parts_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class InParts(io.FileIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 1, 5)) or b""

    path = written(tmp_path, b"API_KEY=old\n" + b"B=2\n" * 20)
    real = os.fdopen
    monkeypatch.setattr(
        "keytui.text_file.os.fdopen",
        lambda number, mode, **more: InParts(number, "rb", closefd=False) if mode == "rb" else real(number, mode),
    )
    assert TextFile.read(path).text.count("B=2\n") == 20


@pytest.mark.parametrize(
    ("content", "values", "remark"),
    [
        (b"\xef\xbb\xbfAPI_KEY=a\r\nB=1\rC=2", ["a"], ""),
        (b"API_KEY=a\nAPI_KEY=b\n", ["b"], "API_KEY is set twice: line 2 counts, line 1 does not"),
        (b"API_KEY=a,, b,a,\n", ["a", "b"], "API_KEY has 2 empty items, left out"),
        (b"export  API_KEY = 'a' # c\n", ["a"], ""),
        (b'API_KEY="a\nb"\n', ["a\nb"], ""),
        (b"B='open\nAPI_KEY=a\n", ["a"], "line 1 cannot be read and is left out"),
    ],
)
def test_what_an_import_takes_of_it(tmp_path: Path, content: bytes, values: list[str], remark: str) -> None:
    found = sort_out(read_env_file(written(tmp_path, content)), ["API_KEY"], "")
    assert [one.secret.reveal() for one in found.found] == values
    assert not remark or remark in found.remarks


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"A=1\nAPI_KEY=\xe9\n", "line 2 has other bytes"),
        ("API_KEY=old\n".encode("utf-16"), "line 1 holds a null byte"),
        (b"#" * 2_000_000, "larger than 1024 KiB"),
        (b"A=1\nAPI_KEY='open\n", "line 2 cannot be read"),
    ],
    ids=["Latin-1", "UTF-16", "large", "open"],
)
def test_what_an_import_cannot_take_is_named_by_line(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(KeytuiError) as refused:
        sort_out(read_env_file(written(tmp_path, content)), ["API_KEY"], "")
    assert why in f"{refused.value.message} {refused.value.hint}"
