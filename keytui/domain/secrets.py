"""Secret values: how they are held, minted, recognised, and how strong they are."""

from __future__ import annotations

import hashlib
import hmac
import math
import re
import string
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn

from keytui.domain.errors import Invalid

PREFIX_LENGTH: Final = 12
WEAK_BELOW_BITS: Final = 128
MINTED_AT_LEAST_BITS: Final = 160
MASK: Final = "••••••••"

Randomness = Callable[[int], bytes]
"""`randomness(n)` gives n unpredictable bytes; `secrets.token_bytes` outside of tests."""

BASE36: Final = string.ascii_lowercase + string.digits
ALPHABETS: Final = {
    "base36": BASE36,
    "base62": string.ascii_letters + string.digits,
    "hex": "0123456789abcdef",
    "base64url": string.ascii_letters + string.digits + "-_",
}


class Secret:
    """A secret value that never prints, pickles or compares itself by accident; `reveal()` is the one way out."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """The plaintext. Call it where the value leaves the program, and keep no local name for it."""
        return self.__value

    def digest(self) -> str:
        """SHA-256 of the value, as 64 hex digits: what a vault stores."""
        return hashlib.sha256(self.__value.encode()).hexdigest()

    def keyed_digest(self, pepper: bytes) -> str:
        """HMAC-SHA-256 under a pepper, as 64 hex digits: for values that a plain digest would give away."""
        return hmac.new(pepper, self.__value.encode(), hashlib.sha256).hexdigest()

    def prefix(self) -> str:
        """The first twelve characters, which may be shown (never for a weak value)."""
        return self.__value[:PREFIX_LENGTH]

    def __len__(self) -> int:
        return len(self.__value)

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__value.encode(), other.__value.encode())

    __hash__ = None  # type: ignore[assignment]  # a hash of a secret in a set or dict would outlive its step

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled or copied")


def fingerprint(digest: str) -> str:
    """The public name of a stored digest: `sha256:` and its first 16 hex digits."""
    return f"sha256:{digest[:16]}"


@dataclass(frozen=True, slots=True)
class Format:
    """How an issuer's secrets look: a prefix, then a body of `length` that `body` draws and `pattern` recognises."""

    name: str
    prefix: str
    pattern: str
    length: int
    bits: float
    body: Callable[[Randomness], str]
    checked: bool = False
    """Whether the last character is a check over the rest of the body."""

    def mint(self, randomness: Randomness) -> Secret:
        """A new secret of this format."""
        return Secret(self.prefix + self.body(randomness))

    def fits(self, secret: Secret) -> bool:
        """Whether the value has this format's prefix, length and alphabet; its check is not asked."""
        return re.fullmatch(re.escape(self.prefix) + self.pattern, secret.reveal()) is not None

    def intact(self, secret: Secret) -> bool:
        """Whether a checked value is whole: one wrong character always shows, two swapped neighbours nearly always."""
        if not self.checked:
            return True
        body = secret.reveal().removeprefix(self.prefix)
        return self.fits(secret) and body[-1] == _check_character(body[:-1])


def drawn(alphabet: str, length: int, randomness: Randomness) -> str:
    """`length` characters of the alphabet, each uniform: bytes that would favour some are thrown away."""
    limit = 256 - 256 % len(alphabet)
    characters: list[str] = []
    while len(characters) < length:
        characters += [alphabet[byte % len(alphabet)] for byte in randomness(length) if byte < limit]
    return "".join(characters[:length])


def _check_character(body: str) -> str:
    """ISO 7064, MOD 37,36: made for letters and digits, with one check character of the same alphabet."""
    product = 36
    for character in body:
        product = ((product + BASE36.index(character)) % 36 or 36) * 2 % 37
    return BASE36[(37 - product) % 36]


def _tk_body(randomness: Randomness) -> str:
    body = drawn(BASE36, 31, randomness)
    return body + _check_character(body)


def _custom(prefix: str, alphabet: str, length: int) -> Format:
    letters = ALPHABETS[alphabet]
    return Format(
        name=f"{prefix}:{alphabet}:{length}",
        prefix=prefix,
        pattern=f"[{re.escape(letters)}]{{{length}}}",
        length=length,
        bits=length * math.log2(len(letters)),
        body=lambda randomness: drawn(letters, length, randomness),
    )


FORMATS: Final = {
    format_.name: format_
    for format_ in (
        Format("tk", "tk_", "[a-z0-9]{32}", 32, 31 * math.log2(36), _tk_body, checked=True),
        Format("hk", "hk_", "[A-Za-z0-9_-]{43}", 43, 256, lambda r: urlsafe_b64encode(r(32)).decode().rstrip("=")),
        Format("base64", "", "[A-Za-z0-9+/]{43}=", 44, 256, lambda r: b64encode(r(32)).decode()),
    )
}
DEFAULT_FORMAT: Final = "tk"


def parse_format(text: str) -> Format:
    """A known format's name, or one's own as `PREFIX:ALPHABET:LENGTH` (`acme_:base62:40`); Invalid says what is off."""
    if text in FORMATS:
        return FORMATS[text]
    known = f"use {', '.join(FORMATS)}, or your own as PREFIX:ALPHABET:LENGTH ({', '.join(ALPHABETS)})"
    parts = re.fullmatch(r"([A-Za-z0-9_-]{0,11}):(\w+):(\d{1,4})", text)
    if parts is None or parts[2] not in ALPHABETS:
        raise Invalid(f"no such format: {text!r}", known)
    custom = _custom(parts[1], parts[2], int(parts[3]))
    if custom.bits < MINTED_AT_LEAST_BITS:
        least = math.ceil(MINTED_AT_LEAST_BITS / math.log2(len(ALPHABETS[parts[2]])))
        raise Invalid(
            f"{text!r} would hold {custom.bits:.0f} bits; a key needs {MINTED_AT_LEAST_BITS}",
            f"make it {least} characters or longer",
        )
    return custom


def estimated_bits(secret: Secret) -> float:
    """A generous guess at how unpredictable an imported value is: its distinct-run length times its alphabet's bits.

    It can only err by calling a guessable sentence strong, so known placeholders and repetition count as nothing.
    """
    value = secret.reveal()
    body = re.sub(r"(.+?)\1+", r"\1", value)
    if len(set(value)) < len(value) / 4 or re.search(r"(?i)change.?me|secret|password|example|test|dev", value):
        return min(len(body), 8) * 2.0
    for pattern, size in (
        (r"[0-9]+", 10),
        (r"[0-9a-f]+|[0-9A-F]+", 16),
        (r"[a-z]+|[A-Z]+", 26),
        (r"[a-z0-9_]+|[A-Z0-9_]+", 36),
    ):
        if re.fullmatch(pattern, body):
            return len(body) * math.log2(size)
    return len(body) * math.log2(62)


def is_weak(secret: Secret) -> bool:
    """Whether a plain digest of the value could be guessed (under 128 bits)."""
    return estimated_bits(secret) < WEAK_BELOW_BITS
