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
from functools import lru_cache
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
        return hashlib.sha256(self.__value.encode("utf-8", "surrogatepass")).hexdigest()  # asked at every request

    def keyed_digest(self, pepper: bytes) -> str:
        """HMAC-SHA-256 under a pepper, as 64 hex digits: for values that a plain digest would give away."""
        return hmac.new(pepper, self.__bytes(), hashlib.sha256).hexdigest()

    def prefix(self) -> str:
        """The first twelve characters, which may be shown (never for a weak value)."""
        return self.__value[:PREFIX_LENGTH]

    def __bytes(self) -> bytes:
        """UTF-8. What came in undecodable goes back as it was: an encoding error would carry the value along."""
        return self.__value.encode("utf-8", "surrogatepass")

    def __len__(self) -> int:
        return len(self.__value)

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__bytes(), other.__bytes())

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
        return _fitting(self.prefix, self.pattern).fullmatch(secret.reveal()) is not None

    def intact(self, secret: Secret) -> bool:
        """Whether a checked value is whole: one wrong character always shows, two swapped neighbours nearly always."""
        if not self.checked:
            return True
        body = secret.reveal().removeprefix(self.prefix)
        return self.fits(secret) and body[-1] == _check_character(body[:-1])


@lru_cache(maxsize=64)
def _fitting(prefix: str, pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(prefix) + pattern)


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


def format_of(secret: Secret, otherwise: str) -> str:
    """What a value looks like, so that its successor looks the same; `otherwise` where that is no format of ours."""
    return next((format_.name for format_ in FORMATS.values() if format_.fits(secret)), otherwise)


OPERATOR_TOKEN: Final = _custom("kto_", "base36", 40)
"""What an operator or a service shows to a team's server. No key is issued in this format."""


_ISSUED: Final = re.compile(
    "|".join(f"{re.escape(format_.prefix)}{format_.pattern}" for format_ in (*FORMATS.values(), OPERATOR_TOKEN))
)


def looks_issued(secret: Secret) -> bool:
    """Whether a text looks like a secret of ours: a key's in any known format, or an operator's token."""
    return _ISSUED.fullmatch(secret.reveal()) is not None


THIRD_PARTY: Final = re.compile(
    r"(?:(?:sk|rk|pk)[-_]|gh[opsu]_|github_pat_|glpat-|xox[abp]-|AKIA|ASIA|AIza|SG\.|ya29\.|eyJ|npm_|pypi-)"
)
"""How the tokens of well-known providers begin: they are issued elsewhere, so a digest of them is of little use."""
_OF_A_THIRD_PARTY: Final = re.compile(
    rf"(?<![A-Za-z0-9]){THIRD_PARTY.pattern}[A-Za-z0-9_.-]*?(?=[A-Za-z]{{0,15}}[0-9])[A-Za-z0-9]{{16}}"
)
"""A whole one: 16 letters and digits in a row are more than a prefix, and no word."""


def holds_secret(text: str) -> bool:
    """Whether what looks like a secret, ours or a well-known provider's, stands anywhere in a text."""
    return _ISSUED.search(text) is not None or _OF_A_THIRD_PARTY.search(text) is not None


_WALKS: Final = f"{string.ascii_lowercase} qwertyuiopasdfghjklzxcvbnm"
_HEXADECIMAL: Final = re.compile(r"[0-9a-f]*|[0-9A-F]*")
_UUID: Final = re.compile(r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_RUNS: Final = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]{3,}")
_LETTER: Final = re.compile(r"[A-Fa-f]")
_KINDS: Final = (
    (re.compile(r"[0-9]"), 10),
    (re.compile(r"[a-z]"), 26),
    (re.compile(r"[A-Z]"), 26),
    (re.compile(r"[^0-9A-Za-z]"), 2),
)
_UNSPEAKABLE: Final = re.compile(r"[jqxz]|[^aeiouy]{5}|[aeiouy]{4}")
_BITS_OF_A_UUID: Final = 122.0
_BITS_OF_A_WORDS_LETTER: Final = 2.0


def estimated_bits(secret: Secret) -> float:
    """A guess at how unpredictable an imported value is, in bits: its length times those of the alphabet it draws on.

    A repeated value counts once, and few distinct characters count as the alphabet. Where a third of it reads like
    words, these count as words: about one random value of twenty that is close to 128 bits is called weak by that,
    which costs it its shown prefix; a sentence called strong would be stored under a digest that can be guessed.
    """
    whole = secret.reveal()
    if _UUID.fullmatch(whole):
        return _BITS_OF_A_UUID
    value = whole[: (whole * 2).find(whole, 1)]
    runs = _RUNS.findall(value)
    telling = sum(len(run) for run in runs if len(run) > 3 and _reads_like_a_word(run))
    if _HEXADECIMAL.fullmatch(value) or telling < len(value) / 3:
        return len(value) * math.log2(_alphabet_size(value))
    words = [run for run in runs if _reads_like_a_word(run)]
    rest = value
    for word in words:
        rest = rest.replace(word, "", 1)
    return (len(value) - len(rest)) * _BITS_OF_A_WORDS_LETTER + len(rest) * math.log2(_alphabet_size(rest))


def _alphabet_size(value: str) -> int:
    """How many characters the value seems drawn from, by the kinds that occur; the distinct ones if these are few."""
    if _HEXADECIMAL.fullmatch(value):
        size = 16 if _LETTER.search(value) else 10
    else:
        size = sum(count for kind, count in _KINDS if kind.search(value))
    distinct = len(set(value))
    return max(distinct if distinct < min(len(value), size) / 2 else size, 1)


def _reads_like_a_word(run: str) -> bool:
    """Vowels and consonants take turns as in speech, or the letters stand in a row on a keyboard."""
    letters = run.lower()
    if letters in _WALKS:
        return True
    vowels = sum(letter in "aeiouy" for letter in letters)
    return vowels >= len(letters) / 4 and not _UNSPEAKABLE.search(letters)


def is_weak(secret: Secret) -> bool:
    """Whether a plain digest of the value could be guessed (under 128 bits)."""
    return estimated_bits(secret) < WEAK_BELOW_BITS
