"""How far each series was counted: its last sample, whose it is, and how that is kept as a bookmark."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from keytui.probes.attribution import Meaning
from keytui.probes.series import Sample, Target

Group = tuple[str, int, str, str]
"""Series that stand and fall together: a version's on one job and instance."""


@dataclass(frozen=True, slots=True)
class Count:
    """The last countable sample of a series. `gone`: when others of its group went on without it."""

    last: Sample
    key_id: str
    version: int
    target: Target
    gone: datetime | None = None

    @staticmethod
    def of(meaning: Meaning, target: Target, last: Sample) -> Count:
        return Count(last, meaning.key_id, meaning.version, target)

    def group(self, ephemeral: bool) -> Group:
        """Its group; where instances come and go, those of a job are one."""
        job, instance = self.target
        return self.key_id, self.version, job, "" if ephemeral else instance

    def written(self) -> str:
        """As a bookmark's value."""
        fields = {
            "at": self.last.at.isoformat(),
            "value": repr(self.last.value),
            "key": self.key_id,
            "version": str(self.version),
            "job": self.target[0],
            "instance": self.target[1],
        }
        if self.last.started is not None:
            fields["started"] = repr(self.last.started)
        if self.gone is not None:
            fields["gone"] = self.gone.isoformat()
        return json.dumps(fields)

    @staticmethod
    def read(value: str) -> Count:
        """From a bookmark's value."""
        fields: dict[str, str] = json.loads(value)
        started, gone = fields.get("started"), fields.get("gone")
        return Count(
            Sample(datetime.fromisoformat(fields["at"]), float(fields["value"]), float(started) if started else None),
            fields["key"],
            int(fields["version"]),
            (fields["job"], fields["instance"]),
            datetime.fromisoformat(gone) if gone else None,
        )
