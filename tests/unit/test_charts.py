"""The charts of docs/performance.md say what its tables say."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.charts import CHARTS, Measured, main, measured

TABLE = """
The whole run, once.

| what | now | baseline in the same run | aim |
|---|---|---|---|
| frame painted | 286 ms (best 285 ms) | a bare app, 250 ms; ratio 1.16 | ratio 1.2 |
| bytes at rest | 0 |  | 0 |
| Home and End | p50 16 ms, p95 62 ms; processor 110 ms |  | 50 ms |
| the slowest filters | `orders-` 1039 ms |  |  |
| of another table | 1 ms |  | 2 ms |
"""


def test_a_chart_takes_the_later_times_and_reads_a_ratio_as_so_many_times_the_baseline() -> None:
    assert list(measured(TABLE, "The whole run")) == [
        Measured("frame painted", 286, "a bare app", 250, 300),
        Measured("Home and End", 62, "", None, 50),
    ]


def test_the_charts_are_up_to_date(tmp_path: Path) -> None:
    main(tmp_path)
    fresh = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    kept = {path.name: path.read_text(encoding="utf-8") for path in CHARTS.iterdir()}
    assert fresh == kept, "run python -m tests.benchmarks.charts"
