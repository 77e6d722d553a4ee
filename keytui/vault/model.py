"""What a vault answers with, beside the domain's own words. Frozen, and the same from every vault."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from keytui.domain.audit import AuditEntry
from keytui.domain.keys import Key, KeySummary, Version
from keytui.domain.operators import Operator
from keytui.domain.rotation import Rotation, Step
from keytui.domain.secrets import Secret
from keytui.domain.usage import CallerUse, UsagePoint
from keytui.domain.verdict import Assessment
from keytui.domain.verification import Check


@dataclass(frozen=True, slots=True)
class Changes:
    """What moved since a position of the feed. `position` goes into the next question."""

    position: int
    key_ids: tuple[str, ...] = ()
    usage_as_of: datetime | None = None
    everything: bool = False
    """So much has moved that its keys are not named: any may have."""

    def concern(self, key_id: str) -> bool:
        """Whether that key may have moved."""
        return self.everything or key_id in self.key_ids

    def and_then(self, later: Changes) -> Changes:
        """What has moved since the older of two positions."""
        return Changes(
            max(self.position, later.position),
            tuple(dict.fromkeys(self.key_ids + later.key_ids)),
            later.usage_as_of or self.usage_as_of,
            self.everything or later.everything,
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Rows `offset` … of `total` that match."""

    rows: tuple[KeySummary, ...]
    offset: int
    total: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows `offset` … of those that match; `total` is how many do, where that was known without counting them."""

    rows: tuple[KeySummary, ...]
    offset: int
    total: int | None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, newest first, of `total` that match; of a filter with `before`, of those up to here."""

    entries: tuple[AuditEntry, ...]
    offset: int
    total: int


@dataclass(frozen=True, slots=True)
class KeyDetail:
    """All of one key. Versions and rotations newest first; callers by last use."""

    summary: KeySummary
    versions: tuple[Version, ...]
    callers: tuple[CallerUse, ...]
    rotations: tuple[Rotation, ...]
    audit: tuple[AuditEntry, ...]
    keeps_plaintext: bool | None = False
    """Whether the key's issuer keeps the secrets themselves; None where the vault's machine does not know it."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A version that was just accepted, with its secret: the only time it leaves the vault."""

    key: Key
    version: Version
    secret: Secret
    rotation: Rotation | None = None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rotation would meet, found without writing. `problems` refuse it, `warnings` do not."""

    key: Key
    old: Version
    next_number: int
    callers: tuple[CallerUse, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    overlap: timedelta


@dataclass(frozen=True, slots=True)
class Delivery:
    """One way the new secret went to one place. `state` is `sent`, `proven` or `failed`; or `begun`, before it is
    tried, so that a place that may have got it is known even when nobody lived to say so. What is begun without a
    detail is under way: for some minutes nobody else may act on the rotation.
    """

    target: str
    state: str
    at: datetime
    fingerprint: str | None
    """What the version that is there is known as: `Version.known_as`."""
    detail: str = ""
    run: str = ""
    """Which process it is of, as a random word: two of one name do not go back under each other's delivery."""


@dataclass(frozen=True, slots=True)
class RotationDetail:
    """All of one rotation. `pace` are the requests per bucket of both versions since shortly before it began."""

    rotation: Rotation
    old: Version
    new: Version | None
    steps: tuple[Step, ...]
    deliveries: tuple[Delivery, ...]
    callers: tuple[CallerUse, ...]
    pace: tuple[UsagePoint, ...]
    assessment: Assessment | None
    """None before the hand-over and after the end."""


class Refusal(StrEnum):
    """How asking with the old secret ended."""

    REFUSED = "refused"
    ACCEPTED = "still accepted"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """One registered verifier and whether it has taken the retirement in. `after` is how long it took."""

    recorder: str
    after: timedelta | None


@dataclass(frozen=True, slots=True)
class Proof:
    """Step 6: the new secret accepted, the old one refused, with the measured time."""

    rotation_id: int
    new_accepted_at: datetime | None
    old: Refusal
    old_state: str
    acknowledgements: tuple[Acknowledgement, ...]

    @property
    def refused_everywhere_after(self) -> timedelta | None:
        """The slowest acknowledgement; None while one is outstanding or there is no verifier to ask."""
        times = [ack.after for ack in self.acknowledgements]
        known = [time for time in times if time is not None]
        return max(known) if known and len(known) == len(times) else None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why a secret does not work, for the operator who holds it: findings in words, each with what to do."""

    check: Check
    findings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that falls due: `what` is `rotation`, `auto-rotation`, `expiry` or `overlap end`."""

    at: datetime
    what: str
    key: Key
    rotation_id: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One secret found outside, ready to be imported: by digest only, unless it is to be sealed."""

    name: str
    variable: str
    secret: Secret


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did: new keys, those that were there already (by name), and weak ones among the new."""

    added: tuple[KeySummary, ...]
    present: tuple[str, ...]
    weak: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewOperator:
    """An operator or service that was just made, with its token: the only time it leaves the vault."""

    operator: Operator
    token: Secret


@dataclass(frozen=True, slots=True)
class DisabledUser:
    """What disabling a person did: keys they own, refused from now on, and tokens of theirs, revoked."""

    keys: tuple[Key, ...]
    operators: tuple[Operator, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The audit chain's head at one time, signed. What an operator keeps elsewhere, to show a truncation later."""

    sequence: int
    hash: str
    at: datetime
    signature: bytes
    public_key: bytes
    """Ed25519, 32 bytes. The signature covers `keytui audit SEQUENCE HASH`."""


@dataclass(frozen=True, slots=True)
class AuditExtract:
    """One rotation's whole story, signed: what `keytui evidence` writes and `docs/verify_evidence.py` verifies."""

    document: str
    """Canonical JSON. It holds no secret, and no address of a caller unless it was asked for."""
    signature: str
    """Ed25519 over `keytui evidence ` and the document, in hex."""
    public_key: str
    """Of the vault's signing key, in hex."""
