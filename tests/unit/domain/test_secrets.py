"""Secrets: minted by their format, checked as promised, rated by how they read, and never shown by accident."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import string
import uuid
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.pretty import pretty_repr
from rich.traceback import Traceback

from keytui.domain.errors import Invalid
from keytui.domain.secrets import (
    BASE36,
    FORMATS,
    Randomness,
    Secret,
    drawn,
    estimated_bits,
    fingerprint,
    is_weak,
    parse_format,
)
from tests.world import repeatable_randomness

TK = FORMATS["tk"]
seeds = st.integers(0, 10_000)
formats = st.sampled_from([*FORMATS, "acme_:base62:40", ":hex:40", "k-:base64url:30", "k:base36:31"])


@given(formats, seeds)
def test_what_is_minted_fits_and_is_intact(name: str, seed: int) -> None:
    known = parse_format(name)
    secret = known.mint(repeatable_randomness(seed))
    assert known.fits(secret)
    assert known.intact(secret)
    assert len(secret) == len(known.prefix) + known.length
    assert known.bits >= 160
    assert not known.fits(Secret(secret.reveal() + "\n"))


@given(seeds, st.integers(0, 31), st.sampled_from(BASE36))
def test_any_one_wrong_character_shows(seed: int, place: int, wrong: str) -> None:
    body = TK.mint(repeatable_randomness(seed)).reveal().removeprefix("tk_")
    changed = body[:place] + wrong + body[place + 1 :]
    assert TK.intact(Secret("tk_" + changed)) == (changed == body)


@given(seeds, st.integers(0, 31))
def test_a_dropped_or_doubled_character_shows(seed: int, place: int) -> None:
    value = TK.mint(repeatable_randomness(seed)).reveal()
    at = place + 3
    assert not TK.intact(Secret(value[:at] + value[at + 1 :]))
    assert not TK.intact(Secret(value[:at] + value[at] + value[at:]))


def test_two_swapped_neighbours_show_nearly_always() -> None:
    swaps = missed = 0
    for seed in range(300):
        body = TK.mint(repeatable_randomness(seed)).reveal().removeprefix("tk_")
        for place in range(31):
            swapped = body[:place] + body[place + 1] + body[place] + body[place + 2 :]
            swaps += swapped != body
            missed += swapped != body and TK.intact(Secret("tk_" + swapped))
    assert missed / swaps < 0.01


def test_characters_are_drawn_evenly() -> None:
    """A plain remainder would draw the first four letters of 36 an eighth more often: 252 to 255 are thrown away."""
    every_byte = bytes(range(256))
    assert drawn(BASE36, 252, lambda n: every_byte[:n]) == BASE36 * 7
    bytes_given = iter([bytes([252, 253, 254, 255, 1]), bytes([2] * 5)])
    assert drawn(BASE36, 5, lambda _: next(bytes_given)) == "bcccc"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("uuid", "no such format"),
        ("acme_:base99:40", "no such format"),
        ("far_too_long_:hex:40", "no such format"),
        ("a:hex:39", "156 bits; a key needs 160"),
        ("", "no such format"),
        ("acme_:base62:0", "0 bits"),
    ],
)
def test_a_format_that_will_not_do_is_refused_with_the_way_out(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says) as invalid:
        parse_format(text)
    assert invalid.value.hint


def test_the_hint_for_a_short_format_is_enough() -> None:
    with pytest.raises(Invalid) as invalid:
        parse_format("a:hex:39")
    assert invalid.value.hint == "make it 40 characters or longer"
    assert parse_format("a:hex:40").bits == 160


def test_digests_and_fingerprint() -> None:
    digest = Secret("tk_abc").digest()
    assert digest == sha256(b"tk_abc").hexdigest()
    assert fingerprint(digest) == f"sha256:{digest[:16]}"
    assert Secret("tk_abc").keyed_digest(b"one") != Secret("tk_abc").keyed_digest(b"two") != digest


def test_equality_is_of_the_value_and_of_secrets_only() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    with pytest.raises(TypeError):
        hash(Secret("a"))


ALNUM = string.ascii_letters + string.digits


def _base62(randomness: Randomness) -> str:
    return drawn(ALNUM, 43, randomness)


STRONG: dict[str, Callable[[Randomness], str]] = {
    "openssl rand -hex 16": lambda r: r(16).hex(),
    "openssl rand -hex 32": lambda r: r(32).hex(),
    "token_urlsafe": lambda r: urlsafe_b64encode(r(32)).decode().rstrip("="),
    "openssl rand -base64 32": lambda r: b64encode(r(32)).decode(),
    "base62": _base62,
    "with 'test' in it": lambda r: _base62(r)[:20] + "test" + _base62(r)[:19],
    "with 'dev' before it": lambda r: "dev" + _base62(r)[:40],
    "sk_test_": lambda r: "sk_test_" + _base62(r)[:35],
}


@pytest.mark.parametrize("kind", STRONG)
def test_a_random_value_is_not_weak_whatever_it_happens_to_contain(kind: str) -> None:
    randomness = repeatable_randomness(3)
    weak = [value for value in (STRONG[kind](randomness) for _ in range(400)) if is_weak(Secret(value))]
    assert weak == []


def test_close_to_128_bits_few_random_values_are_called_weak() -> None:
    randomness = repeatable_randomness(5)
    weak = [is_weak(Secret(drawn(ALNUM, 22, randomness))) for _ in range(2000)]
    assert sum(weak) / len(weak) < 0.065


@pytest.mark.parametrize(
    "value",
    [
        "",
        "hunter2",
        "correct-horse-battery-staple",
        "correcthorsebatterystapleagain",
        "Summer2024!Summer2025!",
        "my-super-secret-production-key-2024",
        "acme-staging-key-2024-01-15-v2",
        "ThisIsMyProductionApiKey2024",
        "dev-secret-do-not-use-in-production-please",
        "CHANGE_ME_BEFORE_DEPLOYING_TO_PROD",
        "django-insecure-key-for-local-testing-only",
        "qwertyuiopasdfghjklzxcvbnm123456",
        "12345678901234567890123456789012",
        "0123456789abcdef0123456789abcdef",
        "aaaaaaaabbbbbbbbccccccccddddddddeeee",
        "tk_aB3$" * 12,
        "x" * 500,
        repeatable_randomness()(15).hex(),
        str(uuid.UUID(bytes=repeatable_randomness()(16), version=4)),
    ],
)
def test_a_short_repeated_or_human_value_is_weak(value: str) -> None:
    assert is_weak(Secret(value)), estimated_bits(Secret(value))


@given(st.text())
def test_any_value_is_rated_and_digested(value: str) -> None:
    assert 0 <= estimated_bits(Secret(value)) <= 8 * len(value) + 1
    assert len(Secret(value).digest()) == 64


def test_an_undecodable_value_is_digested_without_an_error_that_would_carry_it() -> None:
    broken = b"tk_\xff\xfe".decode("utf-8", "surrogateescape")
    assert Secret(broken).digest() != Secret("tk_").digest()
    assert Secret(broken) == Secret(broken)


CANARY = "tk_canary0canary0canary0canary0can"


@dataclass(frozen=True)
class Holder:
    """A dataclass of somebody's with a secret in it."""

    secret: Secret
    name: str = "checkout"


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        "{}".format,
        "{:>40}".format,
        "{!r}".format,
        lambda secret: f"{secret} {secret!s} {secret!a} {secret=}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031  # the old way is one of the ways
        lambda secret: repr(Holder(secret)) + str([secret]) + str({"a": secret}) + pretty_repr(Holder(secret)),
        lambda secret: repr(ValueError(secret)) + str(ValueError("bad", secret)),
        lambda secret: str(getattr(secret, "__dict__", "")),
        lambda secret: json.dumps({"secret": secret}, default=str),
    ],
)
def test_a_secret_never_shows_itself(show: Callable[[Secret], str]) -> None:
    shown = show(Secret(CANARY))
    assert "canary" not in shown


def test_a_secret_never_shows_itself_in_a_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("app").warning("issued %s %r", Secret(CANARY), Holder(Secret(CANARY)))
    assert "issued Secret(" in caplog.text
    assert "canary" not in caplog.text


def test_a_secret_never_shows_itself_in_a_traceback_with_locals() -> None:
    def fails(secret: Secret, holder: Holder) -> None:
        digest = secret.digest()
        raise RuntimeError(f"no room for {secret} {holder} {digest[:4]}")

    output = StringIO()
    try:
        fails(Secret(CANARY), Holder(Secret(CANARY)))
    except RuntimeError:
        Console(file=output, width=200).print(Traceback(show_locals=True, locals_max_string=500))
    assert "secret = Secret(" in output.getvalue()
    assert "canary" not in output.getvalue()


@pytest.mark.parametrize(
    "duplicate", [pickle.dumps, copy.copy, copy.deepcopy, lambda secret: copy.deepcopy(Holder(secret)), json.dumps]
)
def test_a_secret_is_not_pickled_copied_or_serialised(duplicate: Callable[[object], object]) -> None:
    with pytest.raises(TypeError) as refused:
        duplicate(Secret(CANARY))
    assert "canary" not in str(refused.value)
