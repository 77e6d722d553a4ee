"""What an issuer tells of a version, without the value that it may have told with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keytui.domain.drift import Told
from keytui.domain.keys import ACCEPTED, VersionState
from keytui.domain.secrets import FORMATS, PREFIX_LENGTH, Secret, is_weak
from keytui.issuers.issuer import Listed
from keytui.vault.local.keys.minting import digest_of

_FORMAT: Final = "tk"


@dataclass(frozen=True, slots=True)
class Heard:
    """One version. Of its value there is what a vault stores."""

    told: Told
    label: str
    state: VersionState
    accepted: bool
    digest: str
    """"" where no value was told."""
    weak: bool
    format: str
    """What the value looks like, as far as anybody can see."""
    scopes: tuple[str, ...]
    created_at: datetime | None
    last_used_at: datetime | None
    expires_at: datetime | None


def heard(listed: Listed, pepper: bytes, now: datetime) -> Heard:
    """The version, accepted or not as it stands there at `now`."""
    mark, value = listed.mark, listed.value
    weak = value is not None and is_weak(value)
    prefix = mark.prefix if value is None else "" if weak else value.prefix()
    digests = {digest for digest in (mark.digest, value and value.digest()) if digest}
    told = mark.digest if prefix else ""  # without a prefix it may be of a weak value, and could be guessed from it
    digest = told if value is None else digest_of(value, pepper)
    return Heard(
        told=Told(frozenset(digests | ({digest} if digest else set())), prefix[:PREFIX_LENGTH], mark.reference),
        label=listed.label,
        state=listed.state,
        accepted=listed.state in ACCEPTED and (listed.expires_at is None or now < listed.expires_at),
        digest=digest,
        weak=weak,
        format=_format(value, prefix),
        scopes=listed.scopes,
        created_at=_past(listed.created_at, now),
        last_used_at=_past(listed.last_used_at, now),
        expires_at=listed.expires_at,
    )


def _past(at: datetime | None, now: datetime) -> datetime | None:
    """Never later than now, whatever clock the issuer goes by."""
    return None if at is None else min(at, now)


def _format(value: Secret | None, prefix: str) -> str:
    looks = (
        format_.name
        for format_ in FORMATS.values()
        if (format_.fits(value) if value is not None else format_.prefix and prefix.startswith(format_.prefix))
    )
    return next(looks, _FORMAT)
