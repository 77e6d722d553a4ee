"""A message that carries a secret, sealed until it is sent: under a key that only the webhook's own secret gives."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keytui.domain.errors import Refused
from keytui.domain.secrets import Randomness, Secret

_NONCE_BYTES: Final = 12


def seal_body(body: bytes, secret: Secret, place: str, randomness: Randomness) -> tuple[bytes, bytes]:
    """The sealed body and its nonce. `place` binds it to one message of one webhook."""
    nonce = randomness(_NONCE_BYTES)
    return _cipher(secret).encrypt(nonce, body, place.encode()), nonce


def open_body(sealed: bytes, nonce: bytes, secret: Secret, place: str) -> bytes:
    """What was sealed. Refused when the webhook has another secret by now."""
    try:
        return _cipher(secret).decrypt(nonce, sealed, place.encode())
    except InvalidTag:
        raise Refused(
            "the message was sealed under another secret of this webhook", "give it the old one back, or rotate the key"
        ) from None


def place_of(message_id: str, webhook: str) -> str:
    return f"{message_id} {webhook}"


def _cipher(secret: Secret) -> AESGCM:
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"keytui webhook message")
    return AESGCM(derivation.derive(secret.reveal().encode()))
