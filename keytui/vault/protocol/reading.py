"""Questions that write nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from keytui.domain.audit import AuditFilter
from keytui.domain.keys import Key
from keytui.domain.monitor import CallerTraffic, Monitor
from keytui.domain.no_such_value import NoSuchValue
from keytui.domain.query import Query, Sort
from keytui.domain.ranges import Range
from keytui.domain.rotation import Plan, Rotation
from keytui.domain.secrets import Secret
from keytui.domain.usage import Caller, CallerUse, Usage
from keytui.domain.verdict import Assessment
from keytui.domain.verification import Check
from keytui.vault.model import (
    AuditPage,
    Changes,
    Diagnosis,
    Due,
    KeyDetail,
    Page,
    Proof,
    Rehearsal,
    RotationDetail,
    Rows,
)
from keytui.vault.standing import Standing
from keytui.vault.wanted import Wanted


class Reading(Protocol):
    """Questions that write nothing."""

    def standing(self) -> Standing:
        """What the status line shows. Unreachable when the vault does not answer."""
        ...

    def changes(self, after: int, timeout: float) -> Changes:
        """Wait up to `timeout` seconds for anything after position `after` (0: from now); the one feed there is."""
        ...

    def page(self, query: Query, sort: Sort, offset: int, limit: int) -> Page:
        """Rows `offset` to `offset + limit` of the keys that match, and how many match."""
        ...

    def rows(self, query: Query, sort: Sort, offset: int, limit: int, wanted: Wanted | None = None) -> Rows:
        """The same rows without waiting for their number: it is told where it costs nothing, else `count` tells it.

        Unwanted once nobody waits any more.
        """
        ...

    def count(self, query: Query, wanted: Wanted | None = None) -> int:
        """How many keys match. Unwanted once nobody waits any more."""
        ...

    def no_such_values(self, query: Query) -> tuple[NoSuchValue, ...]:
        """Values that the query names and that no key has, each with what may have been meant.

        Where it would take long to know, nothing is said. What `state:` does not ask for counts as no key.
        """
        ...

    def find(self, reference: str) -> Key:
        """The key with this id, unique name, unique prefix or fingerprint of a version.

        NotFound, or Ambiguous with the candidates.
        """
        ...

    def detail(self, key_id: str) -> KeyDetail:
        """All of one key."""
        ...

    def rehearse(self, key_id: str, plan: Plan) -> Rehearsal:
        """What rotating would meet."""
        ...

    def rotations(self, open_only: bool, offset: int, limit: int) -> tuple[Rotation, ...]:
        """Rotations, newest first."""
        ...

    def open_rotation(self, key_id: str) -> Rotation | None:
        """The key's open rotation."""
        ...

    def rotation(self, rotation_id: int) -> RotationDetail:
        """All of one rotation, with its verdict if it has one."""
        ...

    def verdict(self, rotation_id: int) -> Assessment:
        """May the old version be suspended (once it is: revoked)? Refused before the hand-over and after the end."""
        ...

    def proof(self, rotation_id: int, old: Secret | None = None) -> Proof:
        """What shows that the new version works and the old one does not; asked with `old` if it is given."""
        ...

    def callers(self, key_id: str) -> tuple[CallerUse, ...]:
        """Who uses a key, latest first."""
        ...

    def usage(self, key_id: str | None, since: datetime, limit: int) -> tuple[Usage, ...]:
        """Requests of a key, or of the `limit` busiest keys, since a time, or since the oldest that is kept."""
        ...

    def monitor(self, over: Range, limit: int, key_id: str | None = None) -> Monitor:
        """Who uses what right now and over a range, of the `limit` busiest keys; with a key, of that one alone.

        A range that is longer than usage is kept is answered as one of what is kept.
        """
        ...

    def caller_traffic(self, key_id: str) -> tuple[CallerTraffic, ...]:
        """A key's callers with their rates, the busiest first, then the latest."""
        ...

    def caller_keys(self, caller: Caller) -> tuple[CallerTraffic, ...]:
        """Every version of every key that a caller uses, known by its name and whether it declared it."""
        ...

    def schedule(self, until: datetime) -> tuple[Due, ...]:
        """What falls due until a time, earliest first, overdue things included."""
        ...

    def check(self, secret: Secret, scopes: Sequence[str], caller: Caller) -> Check:
        """One answer about one secret, recorded as a probe."""
        ...

    def diagnose(self, secret: Secret) -> Diagnosis:
        """Why a secret does not work, and what to do."""
        ...

    def audit(self, which: AuditFilter, offset: int, limit: int) -> AuditPage:
        """Entries of the log, newest first."""
        ...
