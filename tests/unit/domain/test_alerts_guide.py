"""The guide's page on alerts: every kind and every threshold that there is, with its default."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

from keytui.domain.alerts import AlertKind
from keytui.domain.detectors.folding import MOST_SINGLE
from keytui.domain.durations import parse_duration
from keytui.domain.thresholds import Thresholds

GUIDE = (Path(__file__).parents[3] / "docs" / "guide" / "alerts.md").read_text(encoding="utf-8")


def test_every_kind_is_explained() -> None:
    told = re.findall(r"^\| `([a-z-]+)` \| (?:warning|critical|notice)", GUIDE, re.MULTILINE)
    assert sorted(told) == sorted(AlertKind)


def test_every_threshold_stands_there_with_its_default() -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| `(\w+)` \| .+ \|$", GUIDE, re.MULTILINE))
    defaults = {field.name: getattr(Thresholds(), field.name) for field in fields(Thresholds)}
    assert told.keys() == defaults.keys()
    for name, default in defaults.items():
        shown = parse_duration(told[name]) if isinstance(default, timedelta) else int(told[name])
        assert shown == default, name


def test_how_many_stand_for_themselves() -> None:
    assert f"More than {MOST_SINGLE} of one kind" in GUIDE
