"""Requests that run through a rolling rotation by commands, in processes of their own: how many were sent, and failed.

`python -m tests.benchmarks.rolling` prints one line for each kind of issuer, and fails where a request did.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.end_to_end.home import Home
from tests.rolling import SERVICES, key_to_rotate, rotated_under_requests

EACH: Final = 2500
"""Requests before, between and after the three commands: 10,000 and more in all."""


def main() -> None:
    """One rotation for each kind."""
    for kind in SERVICES:
        with TemporaryDirectory() as directory:
            print(f"{kind}: {_measured(kind, Path(directory))}", flush=True)  # noqa: T201  # the benchmark's output


def _measured(kind: str, directory: Path) -> str:
    home = Home(directory)
    with SERVICES[kind](directory) as service:
        home.vault_home.mkdir(mode=0o700)
        config = home.vault_home / "config.toml"
        config.touch(0o600)
        config.write_text(service.tables)
        home.keytui("sync")
        key = key_to_rotate([str(one["name"]) for one in json.loads(home.keytui("list", "--json").stdout)])
        home.keytui("edit", key, "--target", "consumers")
        began = time.monotonic()
        requests = rotated_under_requests(home.keytui, service, key, EACH)
        took = time.monotonic() - began
    if requests.failed:
        raise SystemExit(f"{kind}: {len(requests.failed)} of {requests.count:,} requests failed")
    return f"{requests.count:,} requests in {took:.1f} s, {len(requests.failed)} failed"


if __name__ == "__main__":
    main()
