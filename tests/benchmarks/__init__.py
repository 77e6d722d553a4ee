"""Speed, as ratios against a named baseline in one run: `python -m tests.benchmarks`. See docs/performance.md."""
