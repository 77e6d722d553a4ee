"""Why a pasted secret fails, in words for the operator who holds it. Nothing here repeats any part of the value."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from typing import Final

from keytui.domain.secrets import FORMATS, MASK, PREFIX_LENGTH, Format, Secret
from keytui.domain.verification import Check, Outcome

Advice = tuple[str, str]
"""What was found, and what to do about it."""

_SPACE: Final = "[\\s\u200b\u200c\u200d\u2060\ufeff]"
_TRIMMINGS: Final[tuple[tuple[re.Pattern[str], Advice], ...]] = (
    (
        re.compile(f"^{_SPACE}+|{_SPACE}+$"),
        ("white space or a line break stands around it", "store it without; `printf %s` adds none, `echo` does"),
    ),
    (
        re.compile(r"""^["'`“”‘’]+|["'`“”‘’]+$"""),
        ("quotes were pasted along", "leave them away: not every reader of .env files removes them"),
    ),
    (
        re.compile(r"^(authorization|x-api-key|api-key)\s*:\s*", re.IGNORECASE),
        ("the name of an HTTP header was pasted along", "take only what stands after the colon"),
    ),
    (
        re.compile(r"^bearer\s+", re.IGNORECASE),
        ("the word Bearer was pasted along", "store the secret alone: the client adds Bearer itself"),
    ),
    (
        re.compile(r"^(export\s+)?[A-Z_][A-Z0-9_]*\s*=\s*(?=[^=\s])"),
        ("the variable's name was pasted along", "take only what stands after the equals sign"),
    ),
)
_COPY_AGAIN: Final = "copy it again from where it is kept; if it is kept nowhere, rotate the key"

_ANSWERS: Final[dict[Outcome, Advice]] = {
    Outcome.ACCEPTED: (
        "the vault accepts it",
        "if the service refuses it, the service has another value, or asks another vault: compare the prefixes",
    ),
    Outcome.REVOKED: ("it was revoked, which is final", "use the current version; `keytui show` names it"),
    Outcome.SUSPENDED: (
        "it is suspended: a rotation has replaced it",
        "move this caller to the new version, or `keytui restore` until it has moved",
    ),
    Outcome.EXPIRED: ("it has expired", "rotate the key, and give it a later expiry with `keytui edit`"),
    Outcome.DISABLED: ("its key is disabled", "ask who disabled it and why, then `keytui enable`"),
    Outcome.SCOPE: (
        "its key lacks a scope that was asked for",
        "compare the scopes in `keytui show`; widen them only if this caller should have more",
    ),
    Outcome.STALE: (
        "the verifier has lost its vault and refuses everything",
        "look at the connection of that service to its vault, not at this secret",
    ),
}


def cleaned(secret: Secret) -> Secret:
    """The value without what is often pasted along: white space, quotes, `NAME=`, a header's name, `Bearer`."""
    return Secret(_peeled(secret.reveal())[0])


def diagnose(
    secret: Secret,
    check: Check,
    prefixes: Container[str],
    formats: Iterable[Format] = tuple(FORMATS.values()),
) -> tuple[Advice, ...]:
    """Why the pasted `secret` fails and what to do, in the order in which to do it; never empty.

    `check` is the vault's answer to `cleaned(secret)`, and `prefixes` holds the 12-character prefixes of its versions
    (the one of `cleaned(secret)` is enough, if the vault has it).
    """
    text, found = _peeled(secret.reveal())
    if check.reason is Outcome.UNKNOWN:
        return *found, *_unknown(text, prefixes, tuple(formats))
    finding, remedy = _ANSWERS[check.reason]
    if found and check.valid:
        return *found, ("without that, the vault accepts it", "correct it where it is stored, then ask again")
    return *found, (f"{finding} (version {check.version} of {check.key_name})", remedy)


def _peeled(text: str) -> tuple[str, tuple[Advice, ...]]:
    found: dict[Advice, None] = {}
    before = None
    while before != text:
        before = text
        for pattern, advice in _TRIMMINGS:
            bare = pattern.sub("", text)
            if bare != text:
                found[advice] = None
            text = bare
    return text, tuple(found)


def _unknown(text: str, prefixes: Container[str], formats: tuple[Format, ...]) -> tuple[Advice, ...]:
    """The shape tells what happened to a value that no version has."""
    for look in (_nothing, _stand_in, _broken):
        if found := look(text, prefixes):
            return (found,)
    return (*_misshapen(text, formats), *_well_formed(text, prefixes, formats)) or (_foreign(formats),)


def _nothing(text: str, _: Container[str]) -> Advice | None:
    if text:
        return None
    return "nothing was pasted", "the clipboard or the variable is empty: " + _COPY_AGAIN


def _stand_in(text: str, prefixes: Container[str]) -> Advice | None:
    """Something that stands for a secret on a screen was taken for the secret."""
    if re.search(rf"{MASK[0]}|\*\*\*|…|\.\.\.", text):
        return "it is a masked copy: dots or stars stand where characters were hidden", _COPY_AGAIN
    if re.fullmatch(r"sha256:[0-9a-f]{16,64}", text):
        return "it is a fingerprint, which names a secret and cannot be used as one", _COPY_AGAIN
    if len(text) == PREFIX_LENGTH and text in prefixes:
        return "it is only the prefix that lists show", _COPY_AGAIN
    return None


def _broken(text: str, _: Container[str]) -> Advice | None:
    pieces = re.split(f"{_SPACE}+", text)
    half = text[: len(text) // 2]
    if text == half * 2 or (len(pieces) > 1 and len(set(pieces)) == 1):
        return "it was pasted twice", "empty the field and paste once"
    if len(pieces) > 1:
        return "a space or a line break stands inside it", "copy it as one line; terminals and mails wrap long lines"
    return None


def _misshapen(text: str, formats: tuple[Format, ...]) -> Iterator[Advice]:
    for known in formats:
        if not known.prefix or not text.startswith(known.prefix):
            continue
        whole = len(known.prefix) + known.length
        if len(text) < whole:
            yield f"it is cut off: {len(text)} of {whole} characters of a {known.name} key", _COPY_AGAIN
        elif len(text) > whole:
            yield f"it is too long: {len(text)} characters, and a {known.name} key has {whole}", _COPY_AGAIN
        elif not known.fits(Secret(text)):
            yield (
                f"it holds characters that no {known.name} key has",
                _COPY_AGAIN,
            )
        elif not known.intact(Secret(text)):
            yield "its check character disagrees with the others: it was mistyped", _COPY_AGAIN


def _well_formed(text: str, prefixes: Container[str], formats: tuple[Format, ...]) -> Iterator[Advice]:
    secret = Secret(text)
    fitting = [known for known in formats if known.fits(secret) and known.intact(secret)]
    if text[:PREFIX_LENGTH] in prefixes:
        yield (
            "it begins like a key of this vault and ends differently: cut off, mistyped, or two values mixed",
            _COPY_AGAIN,
        )
    elif fitting:
        yield (
            f"it is a whole {fitting[0].name} key, and not one of this vault",
            "it may belong to another environment's vault (`keytui --profile`), or was never imported",
        )


def _foreign(formats: tuple[Format, ...]) -> Advice:
    known = ", ".join(known.prefix for known in formats if known.prefix)
    return (
        f"this vault does not know it, and it begins with none of the known prefixes ({known})",
        "see that it is not another provider's key; an imported one must match to its last character",
    )
