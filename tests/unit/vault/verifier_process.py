"""A service with a verifier, as a process of its own: a line `secret caller` on stdin, the answer on stdout."""

from __future__ import annotations

import sys
from pathlib import Path

from keytui.domain.audit import Actor
from keytui.vault.local.feed import LocalFeed
from keytui.vault.profile import Profile
from keytui.verify.verifier import Verifier


def main(directory: str, name: str, database: str) -> None:
    feed = LocalFeed.open(Profile("test", Path(directory), Actor("service", "api-host"), database=database))
    with Verifier(feed, feed, name=name) as verifier:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        for line in sys.stdin:
            secret, caller = line.split()
            sys.stdout.write(f"{verifier.check(secret, caller=caller).reason}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
