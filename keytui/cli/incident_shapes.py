"""The JSON of incidents: names and types that scripts rely on."""

from __future__ import annotations

from keytui.cli.shapes import Shape
from keytui.cli.times import iso
from keytui.domain.incidents import CutOff, Incident, IncidentDetail, Load, Moment


def incident_shape(incident: Incident) -> Shape:
    """An incident as `list` gives it."""
    return {
        "id": incident.id,
        "title": incident.title,
        "tenant": incident.tenant,
        "keys": [
            {"id": key.id, "name": key.name, "environment": key.environment, "version": key.version}
            for key in incident.keys
        ],
        "open": incident.open,
        "opened_by": incident.opened_by,
        "opened_at": iso(incident.opened_at),
        "closed_by": incident.closed_by,
        "closed_at": iso(incident.closed_at),
        "cause": incident.cause,
        "remediation": incident.remediation,
        "lessons": incident.lessons,
        "override": incident.override,
        "load": incident.load,
    }


def incident_detail_shape(detail: IncidentDetail) -> Shape:
    """An incident as `show` gives it."""
    return {
        **incident_shape(detail.incident),
        "timeline": [_moment_shape(one) for one in detail.timeline],
        "cut_off": [cut_off_shape(one) for one in detail.cut_off],
        "load_now": [_load_shape(one) for one in detail.load],
        "left_out": detail.left_out,
        "let_in": [{"key": one.key_name, "version": one.version} for one in detail.let_in],
    }


def cut_off_shape(one: CutOff) -> Shape:
    return {
        "caller": one.caller,
        "declared": one.declared,
        "key": one.key_name,
        "version": one.version,
        "last_let_in_at": iso(one.last_let_in_at),
        "cut_off_at": iso(one.cut_off_at),
        "refused": one.refused,
        "back_at": iso(one.back_at),
    }


def _moment_shape(one: Moment) -> Shape:
    return {"at": iso(one.at), "what": one.what, "who": one.who, "text": one.text}


def _load_shape(one: Load) -> Shape:
    return {
        "key": one.key_name,
        "before": list(one.before),
        "rate": round(one.rate, 1),
        "over_seconds": int(one.over.total_seconds()),
        "missing": one.missing,
        "back": one.back,
        "said": one.in_words(),
    }
