"""The JSON of every answer: names and types that scripts rely on. Times are ISO 8601, UTC, with a Z."""

from __future__ import annotations

from datetime import datetime

from keytui.cli.times import iso, whole_seconds
from keytui.domain.alerts import Alert
from keytui.domain.audit import AuditCheck
from keytui.domain.keys import KeySummary, Version
from keytui.domain.rotation import Rotation
from keytui.domain.usage import CallerUse
from keytui.domain.verdict import Assessment, Finding
from keytui.domain.verification import Check
from keytui.vault.alert_message import alert_data
from keytui.vault.model import Due, ImportReport, KeyDetail, Proof, Rehearsal

Shape = dict[str, object]


def key_shape(summary: KeySummary, now: datetime) -> Shape:
    """A key as `list` gives it."""
    key = summary.key
    return {
        "id": key.id,
        "name": key.name,
        "kind": key.kind,
        "owner": key.owner,
        "environment": key.environment,
        "tenant": key.tenant,
        "scopes": list(key.scopes),
        "issuer": key.issuer,
        "targets": list(key.targets),
        "prefix": summary.version.prefix,
        "version": summary.version.number,
        "state": key.state(now),
        "flags": list(summary.flags),
        "created_at": iso(key.created_at),
        "rotated_at": iso(key.rotated_at),
        "last_used_at": iso(summary.last_used_at),
        "expires_at": iso(key.expires_at),
    }


def detail_shape(detail: KeyDetail, now: datetime) -> Shape:
    """A key as `show` gives it: what `list` gives, what only a whole key has, and its versions."""
    key = detail.summary.key
    return {
        **key_shape(detail.summary, now),
        "description": key.description,
        "apps": list(key.apps),
        "format": key.format,
        "issuer_keeps_plaintext": detail.keeps_plaintext,
        "sensitive": key.sensitive,
        "rotation": detail.summary.rotation_id,
        "versions": [version_shape(version) for version in detail.versions],
    }


def version_shape(version: Version) -> Shape:
    return {
        "number": version.number,
        "state": version.state,
        "prefix": version.prefix,
        "fingerprint": version.fingerprint,
        "label": version.label,
        "weak": version.weak,
        "drift": version.drift,
        "created_at": iso(version.created_at),
        "delivered_at": iso(version.delivered_at),
        "last_used_at": iso(version.last_used_at),
        "accept_until": iso(version.accept_until),
        "revoked_at": iso(version.revoked_at),
    }


def caller_shape(use: CallerUse) -> Shape:
    return {
        "caller": use.caller.name,
        "declared": use.caller.declared,
        "version": use.version,
        "first_seen": iso(use.first_seen),
        "last_seen": iso(use.last_seen),
        "accepted": use.accepted,
        "refused": use.refused,
        "longest_gap_seconds": whole_seconds(use.longest_gap),
    }


def rotation_shape(rotation: Rotation, now: datetime) -> Shape:
    plan = rotation.plan
    return {
        "id": rotation.id,
        "key_id": rotation.key_id,
        "key": rotation.key_name,
        "environment": rotation.environment,
        "strategy": plan.strategy,
        "first": plan.first,
        "reason": plan.reason,
        "state": rotation.state,
        "old_version": rotation.old_version,
        "new_version": rotation.new_version,
        "holder": rotation.holder,
        "note": rotation.note,
        "overdue": rotation.overdue(now),
        "started_at": iso(rotation.started_at),
        "delivered_at": iso(rotation.delivered_at),
        "overlap_ends_at": iso(rotation.overlap_ends_at),
        "suspended_at": iso(rotation.suspended_at),
        "closed_at": iso(rotation.closed_at),
    }


def rehearsal_shape(rehearsal: Rehearsal) -> Shape:
    return {
        "key_id": rehearsal.key.id,
        "key": rehearsal.key.name,
        "old_version": rehearsal.old.number,
        "new_version": rehearsal.next_number,
        "overlap_seconds": whole_seconds(rehearsal.overlap),
        "problems": list(rehearsal.problems),
        "warnings": list(rehearsal.warnings),
        "callers": [caller_shape(use) for use in rehearsal.callers],
    }


def assessment_shape(assessment: Assessment) -> Shape:
    return {
        "verdict": assessment.verdict,
        "question": assessment.question,
        "as_of": iso(assessment.as_of),
        "assumption": assessment.assumption,
        "reasons": [_finding_shape(finding) for finding in assessment.reasons],
    }


def _finding_shape(finding: Finding) -> Shape:
    return {
        "verdict": finding.verdict,
        "source": finding.source,
        "detail": finding.detail,
        "count": finding.count,
        "as_of": iso(finding.as_of),
        "window": {"start": iso(finding.window.start), "end": iso(finding.window.end)},
        "subject": finding.subject,
        "remedy": finding.remedy,
        "waived_by": finding.waived_by,
    }


def proof_shape(proof: Proof) -> Shape:
    return {
        "rotation_id": proof.rotation_id,
        "new_accepted_at": iso(proof.new_accepted_at),
        "old": proof.old,
        "old_state": proof.old_state,
        "acknowledgements": [
            {
                "recorder": acknowledgement.recorder,
                "after_seconds": None if acknowledgement.after is None else acknowledgement.after.total_seconds(),
            }
            for acknowledgement in proof.acknowledgements
        ],
    }


def check_shape(check: Check) -> Shape:
    """What a service learns of a secret, and nothing else of its key."""
    return {"valid": check.valid, "key_id": check.key_id, "version": check.version, "reason": check.reason}


def due_shape(due: Due, now: datetime) -> Shape:
    return {
        "at": iso(due.at),
        "what": due.what,
        "overdue": due.at <= now,
        "key_id": due.key.id,
        "key": due.key.name,
        "environment": due.key.environment,
        "owner": due.key.owner,
        "rotation": due.rotation_id,
    }


def alert_shape(alert: Alert) -> Shape:
    """An alert, as it is also sent."""
    return dict(alert_data(alert))


def import_shape(report: ImportReport, left_out: list[Shape], now: datetime) -> Shape:
    return {
        "added": [key_shape(summary, now) for summary in report.added],
        "present": list(report.present),
        "weak": list(report.weak),
        "left_out": left_out,
    }


def audit_check_shape(check: AuditCheck) -> Shape:
    return {
        "whole": check.broken_at is None,
        "entries": check.entries,
        "checkpoints": check.checkpoints,
        "broken_at": check.broken_at,
        "detail": check.detail,
    }
