"""The Vault protocol: what every face asks. Every mutation is one transaction and one audit entry.

All calls are plain functions that may block; a face calls them off its loop. They raise the errors of
`keytui.domain.errors`, never a library's. Times are UTC. KEY arguments are ids: `find` turns what an operator
typed into one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from keytui.domain.access import Principal
from keytui.domain.alerts import Alert, Attempt, Notification, Severity
from keytui.domain.approvals import Approval
from keytui.domain.audit import AuditCheck, AuditFilter
from keytui.domain.automation import AutoRotation, AutoRotationReport, Selection
from keytui.domain.keys import Key, KeyDraft, KeyEdit
from keytui.domain.monitor import CallerTraffic, Monitor, Range
from keytui.domain.operators import Operator, OperatorDraft
from keytui.domain.query import Query, Sort
from keytui.domain.recognition import Recogniser
from keytui.domain.reports import Report, SourceStanding
from keytui.domain.rotation import Plan, Reason, Rotation
from keytui.domain.secrets import Secret
from keytui.domain.usage import Caller, CallerUse, Usage
from keytui.domain.verdict import Assessment
from keytui.domain.verification import Check
from keytui.vault.model import (
    AuditExtract,
    AuditPage,
    Changes,
    Checkpoint,
    Delivery,
    Diagnosis,
    DisabledUser,
    Due,
    Found,
    ImportReport,
    Issued,
    KeyDetail,
    NewOperator,
    Page,
    Proof,
    Rehearsal,
    RotationDetail,
    Standing,
)


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

    def find(self, reference: str) -> Key:
        """The key with this id, unique name or unique prefix. NotFound, or Ambiguous with the candidates."""
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


class Keeping(Protocol):
    """Keys: made, brought in, changed, ended."""

    def create(self, draft: KeyDraft, request_id: str) -> Issued:
        """A new key with its first version. AlreadyDone when this request id was carried out before."""
        ...

    def adopt(self, found: Sequence[Found], draft: KeyDraft) -> ImportReport:
        """Import values by digest; `draft` gives what they have in common. A value that is known adds nothing."""
        ...

    def edit(self, key_id: str, edit: KeyEdit) -> Key:
        """Change what may change."""
        ...

    def disable(self, key_id: str, note: str) -> Key:
        """Refuse the whole key, reversibly."""
        ...

    def enable(self, key_id: str, note: str) -> Key:
        """Take a disable back."""
        ...

    def revoke(self, key_id: str, version: int | None, reason: Reason, note: str) -> Key:
        """End a key, or one version of it, for good. A key's open rotation ends with it."""
        ...


class Rotating(Protocol):
    """The rotation, verb by verb. Acting on a rotation that another holds takes it over, and says so in the log."""

    def plan(self, key_id: str, plan: Plan, request_id: str) -> Rotation:
        """Open a rotation. RotationOpen names the one that is open already; Refused says what rehearsal found."""
        ...

    def issue(self, rotation_id: int) -> Issued:
        """Make the issuer accept the next version (in an emergency, revoke the old one first)."""
        ...

    def reissue(self, rotation_id: int) -> Issued:
        """Revoke the version that was never delivered, then issue another. Refused when it is in use already."""
        ...

    def prove(self, rotation_id: int, pasted: Secret) -> Rotation:
        """The new secret, pasted back, proves possession: the hand-over is done. Refused if it differs."""
        ...

    def handed_over(self, rotation_id: int, delivery: Delivery) -> Rotation:
        """The secret went out by a way that cannot be pasted back (a pipe, a file): the hand-over is done."""
        ...

    def deliver(self, rotation_id: int, delivery: Delivery) -> Rotation:
        """Note one delivery, one that begins, or one that failed; the hand-over stays open."""
        ...

    def retire(self, rotation_id: int, override: str = "") -> Rotation:
        """Suspend the old version. Unsafe without SAFE, unless `override` says why; it is audited."""
        ...

    def restore(self, rotation_id: int) -> Rotation:
        """Accept a suspended version again."""
        ...

    def complete(self, rotation_id: int, override: str = "") -> Rotation:
        """Revoke the suspended version. Needs a second SAFE, or `override`."""
        ...

    def rollback(self, rotation_id: int, note: str) -> Rotation:
        """Revoke the new version, and go on with the old one."""
        ...

    def abandon(self, rotation_id: int, note: str) -> Rotation:
        """Give up before anything was handed over."""
        ...

    def waive(self, rotation_id: int, subject: str, why: str) -> Rotation:
        """Set one finding of the verdict aside by its subject."""
        ...

    def leave_note(self, rotation_id: int, note: str) -> Rotation:
        """The hand-over note for whoever comes next."""
        ...

    def take_over(self, rotation_id: int) -> Rotation:
        """Hold the rotation from now on."""
        ...


class Sealing(Protocol):
    """Values that come back: third-party tokens and connection strings, sealed under a passphrase."""

    def seal(self, draft: KeyDraft, value: Secret) -> Key:
        """Keep a value. Locked without the passphrase; an existing key of the name gets a new version."""
        ...

    def reveal(self, key_id: str) -> Secret:
        """The current value, audited. Locked without the passphrase."""
        ...

    def set_passphrase(self, new: Secret) -> None:
        """The first passphrase; afterwards the vault is unlocked. Refused when there is one."""
        ...

    def change_passphrase(self, old: Secret, new: Secret) -> None:
        """Rewrap the data key; nothing that is sealed is touched."""
        ...

    def unlock(self, passphrase: Secret) -> None:
        """Open the seal for this process. Refused when wrong, and slower with every wrong try."""
        ...

    def lock(self) -> None:
        """Close the seal in every process that has this vault open."""
        ...


class Witnessing(Protocol):
    """Evidence from elsewhere: sources that are asked, beside the recorders that report by themselves."""

    def sources(self) -> tuple[SourceStanding, ...]:
        """Every evidence source, the recorders included, by name."""
        ...

    def recogniser(self) -> Recogniser:
        """Recognises the vault's versions in texts from outside."""
        ...

    def bookmarks(self, source: str) -> Mapping[str, str]:
        """Where a source goes on, by name; empty for a new one."""
        ...

    def witness(self, report: Report) -> None:
        """Take one report in, in one transaction. Refused when another has moved a bookmark since it was read.

        A leak flags its version's key, and is audited and alerted; a use of an unknown key is an error of the probe.
        """
        ...

    def ingested(self, source: str, counts: Mapping[str, str]) -> None:
        """One run over a source has ended: its counts go into the audit log."""
        ...


class Alerting(Protocol):
    """Alerts, and the housekeeping that goes on beside."""

    def alerts(self, *, resolved: bool = False) -> tuple[Alert, ...]:
        """The open ones, the most serious first, then the newest; with `resolved` those of the last 30 days too."""
        ...

    def acknowledge(self, alert_id: int, note: str) -> Alert:
        """Somebody has seen it and says what is done about it. Audited."""
        ...

    def tend(self) -> tuple[Alert, ...]:
        """Look for new alerts, resolve what is over, roll old usage up; what has opened now. Safe in every profile:
        it notes what happened and changes no key. Cheap when it was done a moment ago, by whatever process.
        """
        ...

    def claim_notification(self, destination: str, severities: Sequence[Severity]) -> Notification | None:
        """An alert that a destination was not told of and that nobody else is telling it; None when there is none.

        It is this process's for `CLAIMED_FOR`. Safe in every profile.
        """
        ...

    def note_attempt(self, notification: Notification, attempt: Attempt) -> None:
        """How telling it ended. What failed is claimed again later, until it was told or the alert is long over."""
        ...

    def erase(self, caller: str) -> int:
        """Forget a person: the address or name becomes a number wherever callers are kept; how many were found.
        Counts and times stay, so that no verdict changes. Audited, without the name.
        """
        ...


class Governing(Protocol):
    """Who may come in, and what a second operator must agree to."""

    def principal(self) -> Principal:
        """Who is asking, as this vault knows them."""
        ...

    def add_operator(self, draft: OperatorDraft) -> NewOperator:
        """An operator or service with a new token, told this once. Refused when the name is taken."""
        ...

    def operators(self) -> tuple[Operator, ...]:
        """Everybody with a token that this principal may see, revoked ones last, by name."""
        ...

    def revoke_operator(self, name: str, note: str) -> Operator:
        """End a token at once, whatever it is doing."""
        ...

    def disable_user(self, user: str, note: str) -> DisabledUser:
        """Disable every key that `user` owns and revoke every token of that name. NotFound when there is neither."""
        ...

    def approvals(self, *, decided: bool = False) -> tuple[Approval, ...]:
        """Requests that wait for an answer, oldest first; with `decided` those of the last 30 days too."""
        ...

    def approve(self, approval_id: int, note: str) -> Approval:
        """Agree to it. Forbidden to whoever requested it; Refused once it is decided or expired."""
        ...

    def deny(self, approval_id: int, note: str) -> Approval:
        """Say no. Whoever requested it may take it back so."""
        ...


class Automating(Protocol):
    """Keys that rotate by themselves."""

    def auto_rotations(self) -> tuple[AutoRotation, ...]:
        """Every key that does, by name."""
        ...

    def enable_auto_rotation(
        self, which: Selection, interval: timedelta, *, keep_previous: bool = True
    ) -> AutoRotationReport:
        """Switch it on, or change its interval. A key without a target is refused: nobody would receive the secret.

        Refused when not one key could be switched on.
        """
        ...

    def disable_auto_rotation(self, which: Selection) -> AutoRotationReport:
        """Switch it off; an open rotation stays open. `keys` are those that it was on for."""
        ...


class Auditing(Protocol):
    """The log, for those who must trust it from outside."""

    def verify_audit(self, kept: Sequence[Checkpoint] = ()) -> AuditCheck:
        """Recompute the whole chain and its signed checkpoints, and see that those `kept` elsewhere are still in it."""
        ...

    def checkpoint(self) -> Checkpoint:
        """The log's head now, signed, to be kept elsewhere."""
        ...

    def audit_extract(
        self, key_id: str, rotation_id: int | None = None, *, with_addresses: bool = False
    ) -> AuditExtract:
        """All of one rotation of a key (the newest when none is named), in a form that an outsider can verify.

        Addresses of callers are left out unless they are asked for. NotFound when the key has no such rotation.
        """
        ...


class Vault(Reading, Keeping, Rotating, Automating, Sealing, Witnessing, Alerting, Auditing, Governing, Protocol):
    """Where keytui keeps what it knows."""

    def arm(self, typed_profile: str) -> datetime:
        """Make a read-only profile writable until the returned time; Refused unless its name was typed."""
        ...

    def present(self, token: Secret) -> None:
        """Go on as the holder of another token, in this process only. Unauthenticated, and nothing has changed, when it
        opens nothing; Refused by a vault that asks for none.
        """
        ...

    def close(self) -> None:
        """Let go of everything, with a clean end."""
        ...
