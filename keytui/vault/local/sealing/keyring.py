"""The vault's one data key: how it seals values, how a passphrase wraps it, and how long a process may hold it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from keytui.domain.secrets import Randomness, Secret
from keytui.vault.held import Held
from keytui.vault.local.tables import KeyringRow

NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_SALT_BYTES: Final = 16
_KEYRING: Final = b"keytui keyring"
_LONGEST_WAIT: Final = timedelta(minutes=5)
_DERIVING: Final = Lock()
"""Two derivations of several lanes at once share OpenSSL's threads, and can wait for each other for ever."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one try of a passphrase costs. The default is RFC 9106's for machines without memory to spare."""

    memory_kib: int = 64 * 1024
    iterations: int = 3
    lanes: int = 4


HeldKey = Held[bytes]
"""The data key in this process."""


def wrapped(key: bytes, passphrase: Secret, cost: Cost, randomness: Randomness, now: datetime) -> KeyringRow:
    """A keyring that holds `key` under `passphrase`, with a salt of its own."""
    row = KeyringRow(
        salt=randomness(_SALT_BYTES),
        memory_kib=cost.memory_kib,
        iterations=cost.iterations,
        lanes=cost.lanes,
        nonce=randomness(NONCE_BYTES),
        wrapped=b"",
        set_at=now,
    )
    row.wrapped = AESGCM(_derived(row, passphrase)).encrypt(row.nonce, key, _KEYRING)
    return row


def unwrapped(row: KeyringRow, passphrase: Secret) -> bytes | None:
    """The data key; None for a wrong passphrase."""
    return _opened(lambda: AESGCM(_derived(row, passphrase)).decrypt(row.nonce, row.wrapped, _KEYRING))


def new_data_key(randomness: Randomness) -> bytes:
    return randomness(_KEY_BYTES)


def sealed_value(key: bytes, value: Secret, nonce: bytes, key_id: str, version: int) -> bytes:
    """The value, readable only in its place: under this key id and version."""
    return AESGCM(key).encrypt(nonce, value.reveal().encode(), _place(key_id, version))


def opened_value(key: bytes, sealed: bytes, nonce: bytes, key_id: str, version: int) -> Secret | None:
    """The value; None when it was changed, or taken from another place."""
    opened = _opened(lambda: AESGCM(key).decrypt(nonce, sealed, _place(key_id, version)))
    return None if opened is None else Secret(opened.decode())


def wait_left(row: KeyringRow, now: datetime) -> timedelta:
    """How long to wait before the next try: a second after the first failure, and each time twice as long."""
    if row.failed_at is None or row.failures == 0:
        return timedelta()
    wait = min(timedelta(seconds=2 ** min(row.failures - 1, 16)), _LONGEST_WAIT)
    return max(wait - max(now - row.failed_at, timedelta()), timedelta())


def _derived(row: KeyringRow, passphrase: Secret) -> bytes:
    derivation = Argon2id(
        salt=row.salt, length=_KEY_BYTES, iterations=row.iterations, lanes=row.lanes, memory_cost=row.memory_kib
    )
    with _DERIVING:
        return derivation.derive(passphrase.reveal().encode(errors="surrogatepass"))


def _opened(decrypt: Callable[[], bytes]) -> bytes | None:
    try:
        return decrypt()
    except InvalidTag:
        return None


def _place(key_id: str, version: int) -> bytes:
    return f"{key_id}/{version}".encode()
