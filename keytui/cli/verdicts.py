"""A verdict on the command line: its exit code, and its reasons as lines."""

from __future__ import annotations

from typing import Final

from keytui.cli.exits import Exit
from keytui.cli.times import minute
from keytui.domain.durations import short
from keytui.domain.verdict import Assessment, Verdict

BY_VERDICT: Final = {
    Verdict.SAFE: Exit.DONE,
    Verdict.NOT_SAFE: Exit.NOT_SAFE,
    Verdict.UNKNOWN: Exit.UNKNOWN,
}


def reasons(assessment: Assessment) -> list[str]:
    """A verdict's reasons as lines, the ones that were waived last."""
    lines = []
    for finding in sorted(assessment.reasons, key=lambda finding: bool(finding.waived_by)):
        waived = f" (waived by {finding.waived_by})" if finding.waived_by else ""
        span = short(finding.window.end - finding.window.start)
        lines.append(f"  {finding.verdict.replace('_', ' ')}: {finding.detail}{waived}")
        lines.append(f"      {finding.source}, as of {minute(finding.as_of)}, over {span}")
        if finding.remedy and not finding.waived_by:
            lines.append(f"      {finding.remedy}")
        if finding.subject and not finding.waived_by:
            lines.append(f"      `keytui waive` calls it {finding.subject!r}")
    return lines
