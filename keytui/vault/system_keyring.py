"""The system's keyring (Keychain, Secret Service, Credential Locker), where an operator's token may stand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Final

from keytui.domain.errors import Refused
from keytui.domain.secrets import Secret

_SERVICE: Final = "keytui"


def kept_in_keyring(name: str) -> bytes:
    """What is kept there under this name; Refused when there is nothing, or no keyring."""
    with _keyring() as keyring:
        found: object = keyring.get_password(_SERVICE, name)
    if not isinstance(found, str):
        raise Refused(f"keyring:{name} holds nothing", "put the token there: keytui profiles token PROFILE")
    return found.encode("utf-8", "surrogatepass")


def keep_in_keyring(name: str, secret: Secret) -> None:
    """Keep a secret there, in the place of what was there before."""
    with _keyring() as keyring:
        keyring.set_password(_SERVICE, name, secret.reveal())


def forget_in_keyring(name: str) -> None:
    """Take it out again; nothing happens when it is not there."""
    with _keyring() as keyring:
        if keyring.get_password(_SERVICE, name) is not None:
            keyring.delete_password(_SERVICE, name)


@contextmanager
def _keyring() -> Iterator[ModuleType]:
    """The library with whatever keyring this machine has. Its own words stay inside: they may repeat the value."""
    try:
        import keyring  # noqa: PLC0415  # an extra, and slow to look around for a keyring
        from keyring.errors import KeyringError, NoKeyringError  # noqa: PLC0415
    except ImportError:
        raise Refused("the keyring needs an extra of keytui", "pip install 'keytui[keyring]'") from None
    try:
        yield keyring
    except NoKeyringError:
        raise Refused(
            "this machine has no keyring that works", "let the token stand elsewhere: env:, file: or command:"
        ) from None
    except KeyringError as error:
        raise Refused(f"the keyring does not open ({type(error).__name__})", "unlock it, and try again") from None
