"""Which of a key's versions a secret is: by its fingerprint, or by as much of its beginning as its issuer tells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from keytui.domain.keys import Version
from keytui.domain.secrets import Secret, estimated_bits, fingerprint, is_weak

_LEAST_BITS: Final = 14.0
"""What a beginning has to leave to chance: of 16,000 other values one begins alike."""
_FIXED: Final = re.compile(r".*[_:-]", re.DOTALL)
"""What a value begins with that its format gives it, as `rk_` does: that tells no two apart."""


def version_of(versions: Sequence[Version], secret: Secret) -> Version | None:
    """The one of a key's versions that the secret is; None where it is none of them, or nobody can tell.

    A version that came in without its value is known by as much of its beginning as its issuer tells. That is asked for
    only where one version alone begins so, and never of a value that could be guessed: of those many begin alike.
    """
    printed = fingerprint(secret.digest())
    for version in versions:
        if version.fingerprint == printed:
            return version
    begun = [version for version in versions if version.prefix and _begins(secret, version.prefix)]
    if len(begun) != 1 or begun[0].fingerprint is not None or is_weak(secret):
        return None
    return begun[0] if estimated_bits(Secret(_FIXED.sub("", begun[0].prefix or ""))) >= _LEAST_BITS else None


def surely_another(version: Version, newer: Version, secret: Secret) -> bool:
    """Whether the secret, read where `newer` was taken away again, is not the version that is to stand there.

    One that shows no fingerprint can only be told from what begins otherwise, and from the newer version.
    """
    printed = fingerprint(secret.digest())
    if version.fingerprint is not None:
        return printed != version.fingerprint
    return printed == newer.fingerprint or not secret.reveal().startswith(version.prefix or "")


def is_newer(newer: Version, older: Version, secret: Secret) -> bool | None:
    """Whether the secret, read where one of two versions is to stand, is the newer.

    None where nobody can tell: a value that could be guessed shows no fingerprint.
    """
    printed = fingerprint(secret.digest())
    if newer.fingerprint is not None:
        return printed == newer.fingerprint
    surely_not = printed == older.fingerprint or (newer.weak and not is_weak(secret))
    return False if surely_not else None


def how_known(version: Version) -> str:
    """A remark on whatever is said of a secret that was taken for this version; "" where that is beyond doubt."""
    told = len(version.prefix or "")
    return "" if version.fingerprint is not None else f"known by its first {told} characters alone"


def _begins(secret: Secret, beginning: str) -> bool:
    return len(secret) > len(beginning) and secret.reveal().startswith(beginning)
