"""The JSON of the monitor: what `usage` and `callers` answer, number for number as the Usage mode shows it."""

from __future__ import annotations

from collections.abc import Iterable

from keytui.cli.shapes import Shape, alert_shape, caller_shape, rotation_shape
from keytui.cli.times import iso, whole_seconds
from keytui.domain.monitor import CallerTraffic, KeyTraffic, Monitor, Point, RotationTraffic


def monitor_shape(monitor: Monitor) -> Shape:
    """One moment of the monitor. Rates are per second, over the last sixty seconds."""
    return {
        "as_of": iso(monitor.as_of),
        "range": {
            "label": monitor.range.label,
            "span_seconds": whole_seconds(monitor.range.span),
            "bucket_seconds": whole_seconds(monitor.range.bucket),
        },
        "per_second": monitor.per_second,
        "refused_per_second": monitor.refused_per_second,
        "total_keys": monitor.total_keys,
        "keys": [_key_shape(key) for key in monitor.keys],
        "points": _points_shape(monitor.points),
        "rotations": [_rotation_shape(traffic, monitor) for traffic in monitor.rotations],
        "refused_from": [
            {"address": each.address, "refused": each.refused, "last_at": iso(each.last_at), "keys": list(each.keys)}
            for each in monitor.refused_from
        ],
        "alerts": [alert_shape(alert) for alert in monitor.alerts],
    }


def caller_traffic_shape(traffic: CallerTraffic) -> Shape:
    """One caller on one version of a key. Its rate is per minute."""
    return {
        "key_id": traffic.key_id,
        "key": traffic.key_name,
        **caller_shape(traffic.use),
        "per_minute": traffic.per_minute,
    }


def _key_shape(key: KeyTraffic) -> Shape:
    return {
        "key_id": key.key_id,
        "key": key.key_name,
        "environment": key.environment,
        "per_second": key.per_second,
        "refused_per_second": key.refused_per_second,
        "accepted_24h": key.day,
        "accepted": key.accepted,
        "refused": key.refused,
        "versions": [{"version": use.version, "accepted": use.accepted} for use in key.versions],
        "alert": None if key.alert is None else alert_shape(key.alert),
    }


def _points_shape(points: Iterable[Point]) -> list[Shape]:
    return [{"at": iso(point.at), "accepted": point.accepted, "refused": point.refused} for point in points]


def _rotation_shape(traffic: RotationTraffic, monitor: Monitor) -> Shape:
    return {
        **rotation_shape(traffic.rotation, monitor.as_of),
        "old": _points_shape(traffic.old),
        "old_per_second": traffic.old_per_second,
        "new": _points_shape(traffic.new),
        "new_per_second": traffic.new_per_second,
        "unmoved": [
            {
                "caller": each.caller,
                "declared": each.declared,
                "last_on_old": iso(each.last_on_old),
                "per_minute": each.per_minute,
            }
            for each in traffic.unmoved
        ],
    }
