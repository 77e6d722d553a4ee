"""Where in a content a secret may stand: at any edge of what is read at once, and in any writing."""

from __future__ import annotations

import io
import json
from base64 import b64encode
from collections.abc import Sequence

import pytest

from keytui.domain.recognition import Kept, Mark, Recogniser
from keytui.domain.secrets import FORMATS, Secret
from keytui.probes.scan.search import BLOCK, OVERLAP, Search
from tests.world import repeatable_randomness

_RANDOM = repeatable_randomness()
OURS = FORMATS["tk"].mint(_RANDOM)
OTHERS = [FORMATS["base64"].mint(_RANDOM) for _ in range(20)]
WEAK = Secret("hunter-two!")
URL = Secret("postgres://app:p4ss;w%rd@db.example.com:5432/app?sslmode=require&x=1")
PEPPER = b"p" * 32


def of_secrets(*secrets: Secret) -> Recogniser:
    return Recogniser(marks=[Mark(f"k{at}", 1, one.digest(), one.prefix()) for at, one in enumerate(secrets)])


def nameless(*values: Secret) -> Recogniser:
    kept = [Kept(f"k{at}", 1, one.keyed_digest(PEPPER)) for at, one in enumerate(values)]
    return Recogniser(pepper=PEPPER, kept=kept)


def found(recogniser: Recogniser, content: bytes) -> dict[str, tuple[int, int]]:
    """The first line and the number of lines, by key."""
    lines = Search(recogniser).through(io.BytesIO(content).read)
    return {key_id: (one.first, one.count) for (key_id, _), one in lines.items()}


@pytest.mark.parametrize("recogniser", [of_secrets(OURS), of_secrets(OURS, *OTHERS), nameless(OURS)])
@pytest.mark.parametrize("at", [0, BLOCK - 60, BLOCK - 20, BLOCK - 1, BLOCK, BLOCK + OVERLAP - 20, 2 * BLOCK - 3])
def test_it_is_found_once_wherever_the_reading_pauses(recogniser: Recogniser, at: int) -> None:
    secret = OURS.reveal().encode()
    line = bytearray((b"." * 62 + b" ;") * (BLOCK * 2 // 64 + OVERLAP // 64))
    line[at : at + len(secret) + 2] = b'"' + secret + b'"'
    one_line = bytes(line)
    many_lines = one_line.replace(b" ;", b"\n ")
    assert found(recogniser, one_line) == {"k0": (1, 1)}
    assert found(recogniser, many_lines) == {"k0": (many_lines[: many_lines.index(secret)].count(b"\n") + 1, 1)}


def writings(secret: Secret) -> Sequence[bytes]:
    """One secret as it comes in files."""
    value = secret.reveal()
    return [
        f"KEY={value}\r\n".encode("utf-16"),
        f"HOME=/root\0KEY={value}\0TERM=x".encode(),
        json.dumps({"body": f"A=1\nKEY={value}\n", "again": json.dumps(f"\n{value}")}).encode(),
        json.dumps({"text": f"line\n{value}\tmore"}).encode(),
        f"data:\n  key: '{value}', # here\n".encode(),
        f"curl -H 'Authorization: Bearer {value}' https://x".encode(),
        f"<key>{value}</key>".encode(),
        f"key = `{value}`;".encode(),
    ]


def in_base64(*texts: str) -> bytes:
    """One a line, behind a line that has nothing."""
    return b"data:\n" + b"".join(b"  key: %s\n" % b64encode(text.encode()) for text in texts)


@pytest.mark.parametrize("secret", [OURS, OTHERS[15], WEAK, URL])
def test_it_is_found_in_any_writing(secret: Secret) -> None:
    known = nameless(secret) if secret in (WEAK, URL) else of_secrets(secret, *OTHERS[:10])
    missed = [writing for writing in writings(secret) if "k0" not in found(known, writing)]
    assert missed == []
    value = secret.reveal()
    if secret is not WEAK:  # too short to be told from a word
        assert found(known, in_base64(value, f"KEY={value}", f"A=1\nKEY={value}\n")) == {"k0": (2, 3)}
    assert found(known, secret.reveal().encode()[:-1]) == {}


def test_a_value_that_several_keep_is_found_for_each_and_what_nobody_can_know_is_counted() -> None:
    assert found(nameless(URL, URL), URL.reveal().encode()) == {"k0": (1, 1), "k1": (1, 1)}
    afar = Recogniser(marks=nameless(URL, WEAK).marks)
    assert [mark.key_id for mark in afar.unknowable] == ["k0", "k1"]
    assert not afar.nameless
    assert nameless(URL).unknowable == ()
    begun = Recogniser(marks=[Mark("payload", 2, None, OURS.prefix())])
    assert found(begun, b"x\n" + OURS.reveal().encode()) == {"payload": (2, 1)}
    assert found(begun, f"{OURS.prefix()}… {OURS.prefix()}abc".encode()) == {}
    assert Search(begun).through(io.BytesIO(OURS.reveal().encode()).read)["payload", 2].likely
    kept = Kept("stripe", 1, OURS.keyed_digest(PEPPER), OURS.prefix())
    by_beginning = Recogniser(pepper=PEPPER, kept=[kept])
    assert not by_beginning.nameless
    assert found(by_beginning, OURS.reveal().encode()) == {"stripe": (1, 1)}
