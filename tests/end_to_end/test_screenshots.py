"""The pictures of the README and the guide show the program as it is now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"


def test_the_screenshots_are_up_to_date(tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, SCREENSHOTS / "make.py", tmp_path], capture_output=True, text=True, timeout=120, check=False
    )
    assert made.returncode == 0, made.stderr
    fresh = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("*.svg")}
    kept = {path.name: path.read_text(encoding="utf-8") for path in SCREENSHOTS.glob("*.svg")}
    stale = sorted(name for name in fresh.keys() | kept.keys() if fresh.get(name) != kept.get(name))
    assert not stale, f"out of date: {', '.join(stale)}; run python screenshots/make.py"
