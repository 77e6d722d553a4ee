"""Every endpoint under /admin, with what it takes to be allowed it and a request that it would carry out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from keytui.domain.access import Operation
from tests.unit.server.team import PASSPHRASE

_NOON: Final = "2026-11-20T12:00:00Z"
_CALLER: Final = {"name": "billing", "declared": True}
_TOKEN: Final = {"name": "NAME", "environment": "production", "kind": "token", "tenant": "TENANT"}
_REPORT: Final = {"source": "log NAME", "kind": "access log", "since": _NOON, "as_of": _NOON}
_LEAK: Final = {"key_id": "KEY", "version": 1, "place": "deploy.env line 3"}
_SIGNAL: Final = {"kind": "leak", "subject": "it", "severity": "critical", "detail": "somewhere"}
_ALERT: Final = {"id": 1, "signal": _SIGNAL, "opened_at": _NOON, "seen_at": _NOON}
_TOLD: Final = {"id": "none", "destination": "NAME", "alert": _ALERT}
_SENT: Final = {"target": "file", "state": "sent", "at": _NOON, "fingerprint": None}
_PROBED: Final = {
    "probe": "edge",
    "version": 1,
    "expected": "accepted",
    "outcome": "accepted",
    "said": "200",
    "after": "PT0.1S",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`needs` is None where it is enough to be somebody. In a body and a query, KEY, NAME and TENANT stand for one."""

    needs: Operation | None
    body: object = None
    query: str = ""


_NOTE: Final = {"note": "why"}
_OVERRIDE: Final = {"override": "it has to go"}
_READ, _ROTATE, _AUDIT = Operation.READ, Operation.ROTATE, "/admin/audit-logs"

ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    "GET /admin/keys": Endpoint(_READ),
    "POST /admin/keys": Endpoint(
        Operation.CREATE, {"draft": {"name": "NAME", "environment": "production", "tenant": "TENANT"}}
    ),
    "GET /admin/keys/rows": Endpoint(_READ),
    "GET /admin/keys/count": Endpoint(_READ),
    "GET /admin/keys/no-such-values": Endpoint(_READ),
    "GET /admin/keys/find": Endpoint(_READ, query="reference=KEY"),
    "POST /admin/keys/import": Endpoint(
        Operation.IMPORT,
        {
            "found": [{"name": "NAME", "variable": "API_KEY", "secret": "NAME-NAME-NAME"}],
            "draft": {"name": "", "environment": "production", "tenant": "TENANT"},
        },
    ),
    "POST /admin/keys/batch": Endpoint(
        Operation.IMPORT,
        {
            "new": [
                {
                    "name": "NAME",
                    "draft": {"name": "", "environment": "production", "tenant": "TENANT"},
                    "value": "NAME-NAME",
                }
            ],
            "origin": "imported",
        },
    ),
    "GET /admin/keys/{key_id}": Endpoint(_READ),
    "PATCH /admin/keys/{key_id}": Endpoint(Operation.EDIT, {"edit": {"description": "another"}}),
    "DELETE /admin/keys/{key_id}": Endpoint(Operation.REVOKE, _NOTE, query="reason=leaver"),
    "POST /admin/keys/{key_id}/copied": Endpoint(_ROTATE, {"version": 1, "to": "a clipboard"}),
    "POST /admin/keys/{key_id}/disable": Endpoint(Operation.DISABLE, _NOTE),
    "POST /admin/keys/{key_id}/enable": Endpoint(Operation.DISABLE, _NOTE),
    "POST /admin/keys/{key_id}/rotate": Endpoint(_ROTATE, {"plan": {"strategy": "rolling"}}),
    "POST /admin/keys/{key_id}/rehearsal": Endpoint(_READ),
    "GET /admin/keys/{key_id}/rotation": Endpoint(_READ),
    "POST /admin/keys/{key_id}/rotations": Endpoint(_ROTATE, {"plan": {}, "request_id": "NAME"}),
    "POST /admin/keys/{key_id}/retire": Endpoint(_ROTATE, _OVERRIDE),
    "POST /admin/keys/{key_id}/restore": Endpoint(_ROTATE),
    "POST /admin/keys/{key_id}/complete": Endpoint(_ROTATE, _OVERRIDE),
    "POST /admin/keys/{key_id}/rollback": Endpoint(_ROTATE, _NOTE),
    "POST /admin/keys/{key_id}/reveal": Endpoint(Operation.REVEAL, {"passphrase": PASSPHRASE}),
    "GET /admin/keys/{key_id}/callers": Endpoint(_READ),
    "GET /admin/keys/{key_id}/traffic": Endpoint(_READ),
    "GET /admin/keys/{key_id}/evidence": Endpoint(_READ),
    "GET /admin/keys/rotation": Endpoint(_READ),
    "POST /admin/keys/rotation/enable": Endpoint(Operation.SCHEDULE, {"interval_days": 90, "key_id": "KEY"}),
    "POST /admin/keys/rotation/disable": Endpoint(Operation.SCHEDULE, {"key_id": "KEY"}),
    "GET /admin/rotations": Endpoint(_READ),
    "GET /admin/rotations/{rotation_id}": Endpoint(_READ),
    "GET /admin/rotations/{rotation_id}/verdict": Endpoint(_READ),
    "POST /admin/rotations/{rotation_id}/proof": Endpoint(_READ, {"old": None}),
    "POST /admin/rotations/{rotation_id}/issue": Endpoint(_ROTATE),
    "POST /admin/rotations/{rotation_id}/reissue": Endpoint(_ROTATE),
    "POST /admin/rotations/{rotation_id}/prove": Endpoint(_ROTATE, {"pasted": "NAME"}),
    "POST /admin/rotations/{rotation_id}/handed-over": Endpoint(_ROTATE, {"delivery": _SENT}),
    "POST /admin/rotations/{rotation_id}/deliver": Endpoint(_ROTATE, {"delivery": _SENT}),
    "POST /admin/rotations/{rotation_id}/retire": Endpoint(_ROTATE, _OVERRIDE),
    "POST /admin/rotations/{rotation_id}/restore": Endpoint(_ROTATE),
    "POST /admin/rotations/{rotation_id}/revoke-old": Endpoint(_ROTATE, _OVERRIDE),
    "POST /admin/rotations/{rotation_id}/complete": Endpoint(_ROTATE, _OVERRIDE),
    "POST /admin/rotations/{rotation_id}/rollback": Endpoint(_ROTATE, _NOTE),
    "POST /admin/rotations/{rotation_id}/abandon": Endpoint(_ROTATE, _NOTE),
    "POST /admin/rotations/{rotation_id}/waive": Endpoint(_ROTATE, {"subject": "billing", "why": "it is gone"}),
    "POST /admin/rotations/{rotation_id}/note": Endpoint(_ROTATE, _NOTE),
    "POST /admin/rotations/{rotation_id}/probed": Endpoint(_ROTATE, {"probed": _PROBED}),
    "POST /admin/rotations/{rotation_id}/take-over": Endpoint(_ROTATE),
    "POST /admin/seal": Endpoint(Operation.SEAL, {"draft": _TOKEN, "value": "NAME", "passphrase": PASSPHRASE}),
    "POST /admin/passphrase": Endpoint(Operation.PASSPHRASE, {"new": PASSPHRASE}),
    "POST /admin/passphrase/change": Endpoint(Operation.PASSPHRASE, {"old": PASSPHRASE, "new": PASSPHRASE}),
    "POST /admin/passphrase/unlock": Endpoint(Operation.REVEAL, {"passphrase": PASSPHRASE}),
    "POST /admin/passphrase/lock": Endpoint(Operation.PASSPHRASE),
    "GET /admin/standing": Endpoint(_READ),
    "GET /admin/changes": Endpoint(_READ),
    "GET /admin/usage": Endpoint(_READ, query="since=2026-11-20T00:00:00Z"),
    "GET /admin/monitor": Endpoint(_READ),
    "GET /admin/schedule": Endpoint(_READ, query="until=2027-11-20T00:00:00Z"),
    "POST /admin/callers/keys": Endpoint(_READ, {"caller": _CALLER}),
    "POST /admin/callers/erase": Endpoint(Operation.ERASE, {"caller": "NAME"}),
    "POST /admin/check": Endpoint(Operation.CHECK, {"secret": "NAME", "caller": _CALLER}),
    "POST /admin/diagnose": Endpoint(Operation.CHECK, {"secret": "NAME"}),
    "GET /admin/sources": Endpoint(_READ),
    "GET /admin/recogniser": Endpoint(Operation.WITNESS),
    "GET /admin/sources/bookmarks": Endpoint(Operation.WITNESS, query="source=edge"),
    "POST /admin/sources/reports": Endpoint(Operation.WITNESS, {"report": _REPORT}),
    "POST /admin/leaks": Endpoint(Operation.WITNESS, {"leaks": [{**_LEAK, "at": _NOON}]}),
    "POST /admin/sources/ingested": Endpoint(Operation.WITNESS, {"source": "log NAME", "counts": {"lines": "7"}}),
    "GET /admin/issuers": Endpoint(_READ),
    "POST /admin/issuers/{name}/sync": Endpoint(Operation.SYNC),
    "GET /admin/alerts": Endpoint(_READ),
    "POST /admin/alerts/tend": Endpoint(_READ),
    "POST /admin/alerts/{alert_id}/acknowledge": Endpoint(Operation.ACKNOWLEDGE, _NOTE),
    "GET /admin/incidents": Endpoint(_READ),
    "POST /admin/incidents": Endpoint(Operation.RESPOND, {"draft": {"title": "NAME", "key_ids": ["KEY"]}}),
    "GET /admin/incidents/{incident_id}": Endpoint(_READ),
    "POST /admin/incidents/{incident_id}/note": Endpoint(Operation.RESPOND, _NOTE),
    "POST /admin/incidents/{incident_id}/close": Endpoint(
        Operation.RESPOND, {"closing": {"cause": "a leak", "remediation": "rotated", "lessons": "look twice"}}
    ),
    "POST /admin/notifications/claim": Endpoint(
        Operation.NOTIFY, {"destination": "NAME", "severities": ["critical", "warning"]}
    ),
    "POST /admin/notifications/attempts": Endpoint(Operation.NOTIFY, {"notification": _TOLD, "attempt": {}}),
    f"GET {_AUDIT}": Endpoint(_READ, query="key_id=KEY"),
    f"GET {_AUDIT}/verify": Endpoint(_READ),
    f"POST {_AUDIT}/verify": Endpoint(_READ, {"kept": []}),
    f"GET {_AUDIT}/checkpoint": Endpoint(_READ),
    "GET /admin/reviews": Endpoint(_READ),
    "POST /admin/keys/{key_id}/review": Endpoint(Operation.REVIEW, {"decision": "kept", **_NOTE}),
    "GET /admin/principal": Endpoint(None),
    "GET /admin/operators": Endpoint(_READ),
    "POST /admin/operators": Endpoint(
        Operation.OPERATE, {"draft": {"name": "NAME", "role": "staff", "tenant": "TENANT"}}
    ),
    "POST /admin/operators/revoke": Endpoint(Operation.OPERATE, {"name": "NAME"}),
    "POST /admin/users/{user_id}/keys/disable": Endpoint(Operation.DISABLE, _NOTE),
    "GET /admin/approvals": Endpoint(_READ),
    "POST /admin/approvals/{approval_id}/approve": Endpoint(Operation.APPROVE, _NOTE),
    "POST /admin/approvals/{approval_id}/deny": Endpoint(Operation.APPROVE, _NOTE),
}
