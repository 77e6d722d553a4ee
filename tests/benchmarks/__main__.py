"""Run every benchmark and print one line each: what was measured, what it is compared with, and the ratio."""

from __future__ import annotations

from tests.benchmarks import ingestion, recording_cost, scanning, start_up, usage_report, verifier_check, verify_route
from tests.benchmarks.ratio import Ratio


def main() -> None:
    """Print the ratios as the rows of docs/performance.md's table."""
    for benchmark in (start_up, verifier_check, recording_cost, verify_route, ingestion, scanning, usage_report):
        for ratio in benchmark.ratios():
            print(line(ratio), flush=True)  # noqa: T201  # the benchmarks' output


def line(ratio: Ratio) -> str:
    """One row of a Markdown table."""
    return f"| {ratio.what} | {ratio.measured} | {ratio.baseline}, {ratio.compared} | {ratio.value:.2f} |"


main()
