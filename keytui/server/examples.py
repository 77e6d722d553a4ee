"""What requests and answers look like, by the name that their schema has in the API's description."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from keytui.domain.access import Role
from keytui.domain.automation import AutoRotation, AutoRotationReport
from keytui.domain.drift import Drift
from keytui.domain.incidents import Closing, Incident, IncidentDraft, IncidentKey
from keytui.domain.keys import Flag, Key, KeyDraft, KeyEdit, KeySummary, Version, VersionState
from keytui.domain.no_such_value import NoSuchValue
from keytui.domain.operators import Operator, OperatorDraft
from keytui.domain.query import Facet
from keytui.domain.reviews import Decision, Review, Reviewed, ReviewPage, Viewer
from keytui.domain.rotation import Plan, Rotation, RotationState
from keytui.domain.secrets import Secret
from keytui.domain.usage import Caller
from keytui.domain.verdict import Assessment, Finding, Question, Verdict, Window
from keytui.domain.verification import Check, Outcome
from keytui.vault.many_keys import AddedKeys, NewKey, Origin
from keytui.vault.model import Issued, NewOperator, Page, Rows
from keytui.vault.sync_report import Drifted, IssuerStanding, SyncReport

_NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
_DAY: Final = timedelta(days=1)
_KEY: Final = Key("k3v9x0q1m2n4b5c6", "checkout-api", "production", _NOON, owner="payments", scopes=("orders:read",))
_FIRST: Final = Version(1, VersionState.OUTGOING, _NOON, "tk_8f3k2m9q1", "sha256:5f30c32e0428dc9d", _NOON + _DAY)
_SECOND: Final = Version(2, VersionState.ACTIVE, _NOON + _DAY, "tk_x7v1n4b2c", "sha256:27b43615e238e9e2")
_ROTATION: Final = Rotation(
    7, _KEY.id, _KEY.name, "production", Plan(), RotationState.ISSUED, 1, 2, _NOON + _DAY, "ada@10.0.0.7"
)
_SECRET: Final = Secret("tk_x7v1n4b2c0d8s6a4p9z3w5y1r7t0u2e6")
_OPERATOR: Final = Operator(
    "o8co8g0807fipctr", "ada", Role.TENANT_ADMIN, "acme", frozenset(), "kto_00wjfaw0", _NOON, "root@host"
)
_INCIDENT: Final = Incident(
    3,
    "checkout-api in a public repository",
    "",
    (IncidentKey(_KEY.id, _KEY.name, "production", 1),),
    "ada@10.0.0.7",
    _NOON,
)
_REVIEW: Final = Review(_KEY.id, _NOON + _DAY, "ada@10.0.0.7", Decision.KEPT, "payments still need it", "payments")
_MAKER: Final = Viewer("bob@10.0.0.8", "received it as it was made", 1, _NOON)
_UNMOVED: Final = Finding(
    Verdict.NOT_SAFE,
    "recorder orders-1",
    "billing made 12 requests with the old version in the last hour",
    _NOON + _DAY,
    Window(_NOON, _NOON + _DAY),
    count=12,
    subject="billing",
    remedy="move it to the new version",
    caller="billing",
)

EXAMPLES: Final[Mapping[str, object]] = {
    "Create": {"draft": KeyDraft("checkout-api", "production", owner="payments", scopes=("orders:read",))},
    "Batch": {
        "new": (
            NewKey("orders-worker-17", KeyDraft("", "production", owner="orders"), "5f30c32e" * 8, "tk_8f3k2m9q1"),
        ),
        "origin": Origin.IMPORTED,
    },
    "AddedKeys": AddedKeys(1),
    "Copied": {"version": 2, "to": "your terminal's clipboard (OSC 52)"},
    "Edit": {"edit": KeyEdit(owner="checkout")},
    "Rotate": {"plan": Plan()},
    "Planned": {"plan": Plan(), "request_id": "5d0c7d1e-nightly"},
    "OpenIncident": {"draft": IncidentDraft(_INCIDENT.title, (_KEY.id,))},
    "CloseIncident": {
        "closing": Closing("a .env file was committed", "the file is gone, the key rotated", "scan before a push")
    },
    "Incident": _INCIDENT,
    "Note": {"note": "who asked for it, and why"},
    "Override": {"override": "the old service was switched off"},
    "Enable": {"interval_days": 90, "keep_previous": True, "environment": "production"},
    "Add": {"draft": OperatorDraft("ada", Role.TENANT_ADMIN, "acme", expires_at=_NOON + 90 * _DAY)},
    "Checked": {"secret": _SECRET, "caller": Caller("billing", declared=True), "scopes": ("orders:read",)},
    "SignOff": {"decision": Decision.KEPT, "note": "payments still need it"},
    "Review": _REVIEW,
    "ReviewPage": ReviewPage((Reviewed(KeySummary(_KEY, _SECOND, _NOON + _DAY, ()), (), (_MAKER,), _REVIEW),), 0, 1),
    "Key": _KEY,
    "Issued": Issued(_KEY, _SECOND, _SECRET, _ROTATION),
    "Page": Page((KeySummary(_KEY, _SECOND, _NOON + _DAY, (Flag.ROTATING,), (), 7),), 0, 1),
    "Rows": Rows((KeySummary(_KEY, _SECOND, _NOON + _DAY, (Flag.ROTATING,), (), 7),), 0, None),
    "NoSuchValue": NoSuchValue(Facet.ENVIRONMENT, "prod", ("production",)),
    "Rotation": _ROTATION,
    "Assessment": Assessment(Verdict.NOT_SAFE, Question.RETIRE, _NOON + _DAY, (_UNMOVED,)),
    "SyncReport": SyncReport("reserve", _NOON, 12, 11, 0, (_KEY,), (Drifted(_KEY, 1, Drift.STILL_ACCEPTED),), (), ()),
    "IssuerStanding": IssuerStanding("reserve", "rest", None, _NOON, _NOON, 12, 1),
    "Check": Check(True, Outcome.ACCEPTED, _KEY.id, _KEY.name, 2, _KEY.scopes),
    "NewOperator": NewOperator(_OPERATOR, Secret("kto_00wjfaw0q1m2n4b5c6k3v9x0s6a4p9z3w5y1r7t0")),
    "AutoRotationReport": AutoRotationReport((AutoRotation(_KEY, 90 * _DAY, True, _NOON + 90 * _DAY),)),
}
