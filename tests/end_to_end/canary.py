"""Looks for secrets where none may be: whole, in part and in the disguises that programs put them into by accident."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from keytui.domain.secrets import PREFIX_LENGTH

PIECE: Final = 10
"""Characters past the public prefix that give a leak away: chance makes ten of [a-z0-9] once in 10^15 places."""


def disguises(secret: str) -> dict[bytes, str]:
    """What to look for, and what it is called."""
    value = secret.encode()
    found = {
        value[::-1]: "reversed",
        value.hex().encode(): "hex",
        value.hex().upper().encode(): "hex",
        "".join(f"%{byte:02x}" for byte in value).encode(): "percent-encoded",
        "".join(f"%{byte:02X}" for byte in value).encode(): "percent-encoded",
        secret.encode("utf-16-le"): "UTF-16",
    }
    for shift in range(3):
        # the outer characters depend on what stands before and after the value
        encoded = base64.b64encode(b"\0" * shift + value)[4 if shift else 0 : -4]
        found[encoded] = "base64"
        found[encoded.replace(b"+", b"-").replace(b"/", b"_")] = "base64"
    for start in range(PREFIX_LENGTH, len(value) - PIECE + 1):
        found[value[start : start + PIECE]] = "plain"
    return found


def leaks_in(data: bytes, secrets: Iterable[str], where: str) -> Iterator[str]:
    """A line for each secret that can be read out of the bytes. The line does not repeat it."""
    for number, secret in enumerate(secrets, 1):
        for needle, name in disguises(secret).items():
            if needle in data:
                yield f"secret {number} ({secret[:PREFIX_LENGTH]}…) stands {name} in {where}"
                break


def leaks_under(directory: Path, secrets: Iterable[str]) -> list[str]:
    """The same for every file under a directory, and for the files' names."""
    wanted = list(secrets)
    found: list[str] = []
    for path in sorted(directory.rglob("*")):
        found += leaks_in(str(path).encode(), wanted, f"the name of {path}")
        if path.is_file() and not path.is_symlink():
            found += leaks_in(path.read_bytes(), wanted, str(path))
    return found
