"""A file that its recipients alone can open, with an SSH or age key of their own."""

from __future__ import annotations

import itertools
import os
import stat
from functools import partial
from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from keytui.domain.errors import Refused
from keytui.domain.keys import Key
from keytui.domain.secrets import Secret
from keytui.targets.sealed_file import SealedFileTarget
from tests.unit.targets.death import Death
from tests.world import NOON

KEY = Key("k1", "checkout", "production", NOON)
OLD, NEW, NEWER = (Secret(f"tk_canary{number}" + "0" * 25) for number in range(3))
ADA, BOB = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "checkout.age"


def to(path: Path, *recipients: object) -> SealedFileTarget:
    return SealedFileTarget("hand-over", str(path.with_name("{name}.age")), tuple(map(str, recipients)))


def opened(path: Path, identity: object) -> Secret:
    return Secret(pyrage.decrypt(path.read_bytes(), [identity]).decode())


@pytest.fixture
def target(path: Path) -> SealedFileTarget:
    return to(path, ADA.to_public())


def test_each_recipient_opens_it_and_nobody_else_does(path: Path) -> None:
    target = to(path, ADA.to_public(), BOB.to_public())
    target.rehearse(KEY)
    target.deliver(KEY, 2, NEW)
    assert (opened(path, ADA), opened(path, BOB)) == (NEW, NEW)
    with pytest.raises(pyrage.DecryptError):
        opened(path, pyrage.x25519.Identity.generate())
    assert path.read_bytes().startswith(b"-----BEGIN AGE ENCRYPTED FILE-----\n"), "it can be put into a mail"
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert NEW.reveal() not in file.read_text()


@pytest.mark.parametrize("private", [Ed25519PrivateKey.generate(), generate_private_key(65537, 2048)])
def test_a_line_of_an_ssh_key_will_do(path: Path, private: Ed25519PrivateKey | RSAPrivateKey) -> None:
    public = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    to(path, f"{public} ada@bastion").deliver(KEY, 2, NEW)
    written = private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    assert opened(path, pyrage.ssh.Identity.from_buffer(written)) == NEW


def test_keytui_itself_does_not_open_it(target: SealedFileTarget) -> None:
    target.deliver(KEY, 2, NEW)
    assert not target.abilities.reads_back
    with pytest.raises(Refused, match="only its recipients can open"):
        target.read_back(KEY)


def test_the_way_back_is_the_former_text_to_the_byte(target: SealedFileTarget, path: Path) -> None:
    target.deliver(KEY, 2, OLD)
    path.chmod(0o644)
    before = path.read_bytes()
    target.deliver(KEY, 3, NEW)
    target.roll_back(KEY, 3)
    assert path.read_bytes() == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o644, "who fetches it could read it, and still can"


def test_the_first_goes_again_whole(target: SealedFileTarget, path: Path) -> None:
    target.deliver(KEY, 2, NEW)
    target.roll_back(KEY, 2)
    assert not path.exists()
    target.roll_back(KEY, 2)


def test_for_another_recipient_the_same_is_sealed_anew(target: SealedFileTarget, path: Path) -> None:
    target.deliver(KEY, 2, NEW)
    to(path, BOB.to_public()).deliver(KEY, 2, NEW)
    assert opened(path, BOB) == NEW


def test_what_others_put_there_is_left_to_them(target: SealedFileTarget, path: Path) -> None:
    target.deliver(KEY, 2, NEW)
    path.write_bytes(pyrage.encrypt(b"theirs", [BOB.to_public()], armored=True))
    with pytest.raises(Refused, match="holds something else by now"):
        target.roll_back(KEY, 2)
    assert opened(path, BOB).reveal() == "theirs"


@pytest.mark.parametrize("stands", ["plain text", "a link", "a directory", "a pipe"])
def test_what_was_never_sealed_is_never_replaced(target: SealedFileTarget, path: Path, stands: str) -> None:
    """A path may be misspelt."""
    if stands == "plain text":
        path.write_text("notes")
    elif stands == "a link":
        path.symlink_to(path.with_name("elsewhere"))
    else:
        path.mkdir() if stands == "a directory" else os.mkfifo(path)
    with pytest.raises(Refused, match="target hand-over: "):
        target.rehearse(KEY)
    with pytest.raises(Refused, match="target hand-over: "):
        target.deliver(KEY, 2, NEW)
    assert list(path.parent.iterdir()) == [path]


def test_a_file_of_another_key_is_left_to_it(target: SealedFileTarget, path: Path) -> None:
    target.deliver(KEY, 2, NEW)
    fixed = SealedFileTarget("other", str(path), (str(BOB.to_public()),))
    with pytest.raises(Refused, match="holds the secret of another key, k1"):
        fixed.deliver(Key("k2", "billing", "production", NOON), 1, NEWER)
    assert opened(path, ADA) == NEW


def test_killed_anywhere_it_ends_delivered_or_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for at in itertools.count(1):
        for then in ("deliver", "roll back"):
            path = tmp_path / f"{at} {then}" / "checkout.age"
            path.parent.mkdir()
            target = to(path, ADA.to_public())
            target.deliver(KEY, 2, OLD)
            death = Death(at)
            with death.coming(monkeypatch):
                target.deliver(KEY, 3, NEW)
            stands = opened(path, ADA)
            assert stands in (OLD, NEW)
            if then == "deliver":
                target.deliver(KEY, 3, NEW)
            elif stands == NEW:
                target.roll_back(KEY, 3)
            assert opened(path, ADA) == (NEW if then == "deliver" else OLD)
        if not death.came:
            break
    assert at > 5, "it was never killed"


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    target = to(tmp_path / "missing" / "checkout.age", ADA.to_public())
    with pytest.raises(Refused, match="missing cannot be read and written"):
        target.rehearse(KEY)


def test_no_key_is_delivered_to_what_is_kept_of_another(tmp_path: Path) -> None:
    target = SealedFileTarget("hand-over", str(tmp_path / "{name}"), (str(ADA.to_public()),))
    target.deliver(KEY, 2, NEW)
    other = Key("k2", "checkout.before", "production", NOON)
    for attempt in (partial(target.rehearse, other), partial(target.deliver, other, 1, NEWER)):
        with pytest.raises(Refused, match="has the name of what is kept beside another file"):
            attempt()
    target.roll_back(KEY, 2)
    assert not (tmp_path / "checkout").exists()
