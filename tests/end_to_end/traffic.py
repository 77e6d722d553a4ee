"""Requests against a running service, as its callers send them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, Self

from tests.end_to_end.display import PATIENCE
from tests.end_to_end.home import Home

ROOT: Final = Path(__file__).parents[2]
IN_FORCE_WITHIN: Final = 1.0
"""Seconds until every running verifier follows a change of the vault."""


class Service:
    """`tests.end_to_end.service` in a process of its own. It ends cleanly with the `with` block."""

    def __init__(self, home: Home) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.end_to_end.service"],
            cwd=ROOT,
            env=home.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=PATIENCE)

    def accepts(self, secret: str, caller: str = "web-1") -> bool:
        """Send one request; whether it was let in."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"caller": caller, "secret": secret}) + "\n")
        self._process.stdin.flush()
        return bool(json.loads(self._process.stdout.readline())["valid"])

    def seconds_until(self, secret: str, *, accepted: bool, caller: str = "web-1") -> float:
        """Send requests until one is answered that way; how long that took."""
        begin = time.monotonic()
        while self.accepts(secret, caller) is not accepted:
            assert time.monotonic() - begin < PATIENCE, f"still not {'accepted' if accepted else 'refused'}"
        return time.monotonic() - begin
