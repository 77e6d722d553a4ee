"""A certificate that nobody signed but itself, as a test's server shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from keytui.clock import utc_now

LOOPBACK: Final = x509.IPAddress(ip_address("127.0.0.1"))


@dataclass(frozen=True, slots=True)
class SelfSigned:
    """`shown` is the server's file, with the private key in it; `trusted` is what its clients are given."""

    shown: Path
    trusted: Path


def self_signed(directory: Path, name: x509.GeneralName) -> SelfSigned:
    """A server's certificate of this hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, str(name.value))])
    now = utc_now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .sign(key, hashes.SHA256())
    )
    shown, trusted = directory / "server.pem", directory / "trusted.pem"
    shown.touch(0o600)
    trusted.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    shown.write_bytes(private + trusted.read_bytes())
    return SelfSigned(shown, trusted)
