"""A variable of .env files: it changes, and nothing else in them does."""

from __future__ import annotations

import itertools
import stat
import threading
from functools import partial
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import pytest
from dotenv import dotenv_values
from dotenv.parser import parse_stream
from hypothesis import example, given, settings
from hypothesis import strategies as st

from keytui.domain.errors import KeytuiError, OutcomeUnknown, Refused
from keytui.domain.keys import Key
from keytui.domain.secrets import Secret
from keytui.targets.dotenv import DotenvTarget
from tests.unit.targets.death import Death
from tests.world import NOON

KEY = Key("k1", "checkout", "production", NOON)
OLD, NEW, NEWER = (Secret(f"tk_canary{number}" + "0" * 25) for number in range(3))
TEXT = f"""\ufeff# the checkout's\r
DEBUG = 1\r
export API_KEY="{OLD.reveal()}"   # from keytui\r
API_KEY_OF_OTHERS='it''s theirs'\r
GREETING="two
lines"\r
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return written(tmp_path / ".env", TEXT)


@pytest.fixture
def target(path: Path) -> DotenvTarget:
    return DotenvTarget("env", (str(path),), "API_KEY")


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(0o600)
    path.write_bytes(text.encode())
    return path


def text_of(path: Path) -> str:
    return path.read_bytes().decode()


def refused(target: DotenvTarget, why: str, key: Key = KEY) -> str:
    """What it says when it refuses, in the rehearsal as in the delivery."""
    with pytest.raises(Refused, match=f"target {target.name}: (.*: )?{why}") as beforehand:
        target.rehearse(key)
    with pytest.raises(Refused, match=f"target {target.name}: (.*: )?{why}") as caught:
        target.deliver(key, 3, NEWER)
    assert beforehand.value.message == caught.value.message
    return f"{caught.value.message} {caught.value.hint}"


def test_the_value_alone_changes_and_comes_back(target: DotenvTarget, path: Path) -> None:
    path.chmod(0o640)
    target.rehearse(KEY)
    assert target.read_back(KEY) == OLD

    target.deliver(KEY, 2, NEW)

    assert text_of(path) == TEXT.replace(OLD.reveal(), NEW.reveal())
    assert stat.S_IMODE(path.stat().st_mode) == 0o640, "a service's group reads it"
    assert target.read_back(KEY) == NEW
    target.roll_back(KEY, 2)
    assert text_of(path) == TEXT


def test_what_stood_there_is_kept_where_nobody_else_reads_it(target: DotenvTarget, path: Path) -> None:
    path.chmod(0o660)
    target.deliver(KEY, 2, NEW)
    (kept,) = set(path.parent.iterdir()) - {path}
    assert (kept.name, stat.S_IMODE(kept.stat().st_mode)) == (".env.API_KEY.before", 0o600)
    assert OLD.reveal() in text_of(kept)
    assert "theirs" not in text_of(kept), "what else is in the file is none of ours"


def test_a_variable_that_is_missing_is_appended_and_taken_out_again(tmp_path: Path) -> None:
    path = written(tmp_path / ".env", "DEBUG=1")
    target = DotenvTarget("env", (str(path),), "API_KEY")
    assert target.read_back(KEY) is None
    target.deliver(KEY, 2, NEW)
    assert text_of(path) == f"DEBUG=1\nAPI_KEY={NEW.reveal()}\n"
    target.roll_back(KEY, 2)
    assert dotenv_values(path) == {"DEBUG": "1"}
    assert target.read_back(KEY) is None


def test_the_way_back_leaves_alone_what_others_wrote_since(target: DotenvTarget, path: Path) -> None:
    target.deliver(KEY, 2, NEW)
    path.write_bytes(path.read_bytes() + b"LATER=1\n")
    target.roll_back(KEY, 2)
    assert text_of(path) == TEXT + "LATER=1\n"

    target.deliver(KEY, 2, NEW)
    path.write_bytes(path.read_bytes().replace(NEW.reveal().encode(), b"tk_of-somebody"))
    with pytest.raises(Refused, match="holds another API_KEY by now"):
        target.roll_back(KEY, 2)


def test_consumers_that_carry_both_have_both(tmp_path: Path) -> None:
    path = written(tmp_path / ".env", f"API_KEY={OLD.reveal()}\nAPI_KEY_PREVIOUS=tk_before\n")
    target = DotenvTarget("env", (str(path),), "API_KEY", "API_KEY_PREVIOUS")
    target.rehearse(KEY)
    target.deliver(KEY, 2, NEW)
    target.deliver(KEY, 2, NEW)
    assert dotenv_values(path) == {"API_KEY": NEW.reveal(), "API_KEY_PREVIOUS": OLD.reveal()}

    target.deliver(KEY, 3, NEWER)
    assert dotenv_values(path) == {"API_KEY": NEWER.reveal(), "API_KEY_PREVIOUS": NEW.reveal()}
    target.roll_back(KEY, 3)
    assert dotenv_values(path) == {"API_KEY": NEW.reveal(), "API_KEY_PREVIOUS": OLD.reveal()}


def test_a_second_variable_that_was_not_there_goes_again(target: DotenvTarget, path: Path) -> None:
    both = DotenvTarget("env", target.files, "API_KEY", "API_KEY_PREVIOUS")
    both.deliver(KEY, 2, NEW)
    assert dotenv_values(path)["API_KEY_PREVIOUS"] == OLD.reveal()
    both.roll_back(KEY, 2)
    assert text_of(path) == TEXT


def test_all_files_hold_it_or_none_is_begun(target: DotenvTarget, path: Path) -> None:
    other = written(path.parent / "worker" / ".env", "API_KEY=tk_another\n")
    both = DotenvTarget("env", (str(path), str(other)), "API_KEY")
    with pytest.raises(Refused, match="do not hold the same API_KEY"):
        both.read_back(KEY)
    both.deliver(KEY, 2, NEW)
    assert both.read_back(KEY) == NEW
    assert dotenv_values(other) == {"API_KEY": NEW.reveal()}
    both.roll_back(KEY, 2)
    assert (text_of(path), text_of(other)) == (TEXT, "API_KEY=tk_another\n"), "each holds again what it held"

    other.chmod(0o644)
    refused(both, f"anybody on this machine can read or write {other}")
    assert text_of(path) == TEXT


def test_a_file_that_two_paths_lead_to_is_one_file(target: DotenvTarget, path: Path) -> None:
    other = path.parent / "current"
    other.symlink_to(path.parent)
    both = DotenvTarget("env", (str(path), str(other / ".env")), "API_KEY")
    both.rehearse(KEY)
    both.deliver(KEY, 2, NEW)
    assert both.read_back(KEY) == NEW
    both.roll_back(KEY, 2)
    assert text_of(path) == TEXT


def test_where_one_has_it_and_another_not_that_is_said_and_mended(
    target: DotenvTarget, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = written(path.parent / "worker" / ".env", f"API_KEY={OLD.reveal()}\n")
    both = DotenvTarget("env", (str(path), str(other)), "API_KEY")
    swap = Path.replace

    def fails(draft: Path, to: Path) -> Path:
        if to in failing:
            raise PermissionError(1, "Operation not permitted")
        return swap(draft, to)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", fails)
        failing = {path, other}
        with pytest.raises(Refused, match=f"target env: {path} cannot be written"):
            both.deliver(KEY, 2, NEW)
        assert both.read_back(KEY) == OLD, "none has it, and so it is no question who has"
        failing = {other}
        with pytest.raises(OutcomeUnknown, match=f"{path} was written, and {other} cannot be written: Operation not"):
            both.deliver(KEY, 2, NEW)
    both.roll_back(KEY, 2)
    assert (target.read_back(KEY), both.read_back(KEY)) == (OLD, OLD)


def test_killed_anywhere_it_ends_delivered_or_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = "API_KEY={}\n", "API_KEY={}\nAPI_KEY_PREVIOUS={}\n"
    old, new = before.format(OLD.reveal()), after.format(NEW.reveal(), OLD.reveal())
    for at in itertools.count(1):
        for then in ("deliver", "roll back"):
            files = [written(tmp_path / f"{at} {then}" / each / ".env", old) for each in ("web", "worker")]
            target = DotenvTarget("env", tuple(map(str, files)), "API_KEY", "API_KEY_PREVIOUS")
            death = Death(at)
            with death.coming(monkeypatch):
                target.deliver(KEY, 2, NEW)
            assert {text_of(file) for file in files} <= {old, new}
            if then == "deliver":
                target.deliver(KEY, 2, NEW)
            elif any(text_of(file) == new for file in files):
                target.roll_back(KEY, 2)
            assert {text_of(file) for file in files} == {new if then == "deliver" else old}
        if not death.came:
            break
    assert at > 10, "it was never killed"


def test_a_draft_with_the_secret_is_not_left_for_good(
    target: DotenvTarget, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(1, 12):
        with Death(at).coming(monkeypatch):
            target.deliver(KEY, 2, NEW)
    target.deliver(KEY, 3, NEWER)
    assert {one.name for one in path.parent.iterdir()} == {".env", ".env.API_KEY.before"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("API_KEY=tk_1\nAPI_KEY=tk_2\n", "API_KEY is set more than once, in lines 1, 2"),
        ("A=1\nAPI_KEY='open\n", "line 2 sets API_KEY in a way that cannot be read"),
        ("API_KEY=${SHARED_KEY}\n", "API_KEY in .* refers to another variable"),
        ("API_KEY=$SHARED_KEY\n", "API_KEY in .* refers to another variable"),
        ("API_KEY='a\"\\'b'\n", "the value for API_KEY_PREVIOUS holds quotes, backslashes or dollars"),
        ("API_KEY=a\nAPI_KEY_PREVIOUS=b\nAPI_KEY_PREVIOUS=c", "API_KEY_PREVIOUS is set more than once"),
    ],
)
def test_what_readers_would_take_differently_is_found_beforehand(tmp_path: Path, text: str, why: str) -> None:
    path = written(tmp_path / ".env", text)
    target = DotenvTarget("env", (str(path),), "API_KEY", "API_KEY_PREVIOUS")
    assert "tk_" not in refused(target, why)
    assert text_of(path) == text
    assert list(tmp_path.iterdir()) == [path]


def test_what_could_not_be_put_back_is_not_replaced(tmp_path: Path) -> None:
    path = written(tmp_path / ".env", "API_KEY='a\"\\'b'\n")
    refused(DotenvTarget("env", (str(path),), "API_KEY"), "the value for API_KEY holds quotes")


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """A path that is misspelt would hold a secret that nobody reads, and count as proven."""
    target = DotenvTarget("env", (str(tmp_path / ".env"),), "API_KEY")
    refused(target, "there is no ")
    with pytest.raises(Refused, match="target env: there is no "):
        target.read_back(KEY)
    assert not list(tmp_path.iterdir())


def test_the_variable_of_another_key_is_left_to_it(target: DotenvTarget, path: Path) -> None:
    target.deliver(KEY, 2, NEW)
    theirs = Key("k2", "billing", "production", NOON)
    refused(target, ".* holds the secret of another key, k1", theirs)
    other = DotenvTarget("billing", (str(path),), "BILLING_API_KEY")
    other.deliver(theirs, 1, NEWER)
    assert (target.read_back(KEY), other.read_back(theirs)) == (NEW, NEWER)


def test_two_writers_of_one_file_lose_nothing(tmp_path: Path) -> None:
    path = written(tmp_path / ".env", "A=\nB=\nC=1\n")

    def deliver(variable: str) -> None:
        target = DotenvTarget(variable, (str(path),), variable)
        for version in range(1, 16):
            target.deliver(KEY, version, Secret(f"tk_{variable}_{version}"))

    writers = [threading.Thread(target=deliver, args=(variable,)) for variable in "AB"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(20)
    assert dotenv_values(path) == {"A": "tk_A_15", "B": "tk_B_15", "C": "1"}


LINES = st.sampled_from(
    ["API_KEY=tk_1", "export API_KEY='tk_1' # c", "API_KEY = \"tk 1\"", "API_KEY", "API_KEY=", "# API_KEY=0", "A=1", "",
     "  B='it''s'", "C=\"two\nlines\"", "D=${API_KEY}", "E='open", "no variable", "F=\\", "XAPI_KEY=2", "G=é#x # y"]
)  # fmt: skip
CONTENTS = st.tuples(
    st.sampled_from(["", "\ufeff"]), st.lists(LINES, max_size=6), st.sampled_from(["\n", "\r\n"]), st.booleans()
).map(lambda drawn: drawn[0] + drawn[2].join([*drawn[1], ""][: len(drawn[1]) + drawn[3]]))


def read(text: str) -> list[tuple[str, str | None]]:
    """What python-dotenv makes of it, but for the variable."""
    lines = parse_stream(StringIO(text, newline=""))
    return [(line.key, line.value) for line in lines if line.key not in (None, "API_KEY")]


@settings(max_examples=80, deadline=None)
@given(CONTENTS | st.binary(max_size=40).map(lambda content: content.decode("utf-8", "surrogateescape")))
@example("\ufeffexport API_KEY='x'\r\nA=1")
def test_whatever_else_is_in_a_file_reads_as_before(text: str) -> None:
    content = text.encode("utf-8", "surrogateescape")
    with TemporaryDirectory() as directory, mock.patch("os.fsync"):
        path = Path(directory) / ".env"
        path.touch(0o600)
        path.write_bytes(content)
        target = DotenvTarget("env", (str(path),), "API_KEY")
        try:
            target.deliver(KEY, 2, NEW)
        except KeytuiError:
            assert path.read_bytes() == content
            return
        changed = path.read_bytes().decode("utf-8", "surrogateescape")
        assert read(changed) == read(text)
        assert target.read_back(KEY) == NEW
        assert "\r\n" not in text or "\r\n" in changed
        target.roll_back(KEY, 2)
        assert read(path.read_bytes().decode("utf-8", "surrogateescape")) == read(text)


def test_no_key_is_delivered_to_what_is_kept_of_another(tmp_path: Path) -> None:
    written(tmp_path / "checkout", f"API_KEY={OLD.reveal()}\n")
    target = DotenvTarget("env", (str(tmp_path / "{name}"),), "API_KEY")
    target.deliver(KEY, 2, NEW)
    other = Key("k2", "checkout.API_KEY.before", "production", NOON)
    for attempt in (partial(target.rehearse, other), partial(target.deliver, other, 1, NEWER)):
        with pytest.raises(Refused, match="has the name of what is kept beside another file"):
            attempt()
    assert target.read_former(KEY) == OLD


def test_a_key_is_told_what_stood_there_in_any_file_that_had_it(tmp_path: Path) -> None:
    bare, full = written(tmp_path / "bare.env", ""), written(tmp_path / "full.env", f"API_KEY={OLD.reveal()}\n")
    target = DotenvTarget("env", (str(bare), str(full)), "API_KEY")
    assert target.read_former(KEY) is None
    target.deliver(KEY, 2, NEW)
    assert target.read_former(KEY) == OLD
