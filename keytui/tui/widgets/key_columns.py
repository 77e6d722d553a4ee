"""The columns of the key table. At 60 cells the name, its last use and its flags remain."""

from __future__ import annotations

from textual.content import Content

from keytui.clock import Clock
from keytui.domain.durations import short
from keytui.domain.keys import KeySummary, age
from keytui.tui.widgets.columns import Column
from keytui.tui.wording import QUIET, ago, flags_of, outside, spark


def key_columns(clock: Clock) -> tuple[Column[KeySummary], ...]:
    """Name, environment, owner, prefix, version, age, last use, recent use, flags."""
    return (
        Column("NAME", 16, lambda row: outside(row.key.name), grow=2),
        Column("ENV", 11, lambda row: outside(row.key.environment), rank=1),
        Column("OWNER", 8, lambda row: outside(row.key.owner), rank=4, grow=1),
        Column("PREFIX", 12, lambda row: outside(row.version.prefix or "", QUIET), rank=5),
        Column("VER", 3, lambda row: Content(f"v{row.version.number}"), rank=6, right=True),
        Column("AGE", 4, lambda row: Content(short(age(row.age_from, clock()))), rank=3, right=True),
        Column("LAST USED", 9, lambda row: ago(row.last_used_at, clock()), right=True),
        Column("24 H", 8, lambda row: spark(row.activity), rank=2),
        Column("FLAGS", 22, lambda row: flags_of(row, clock()), grow=4, whole=True),
    )
