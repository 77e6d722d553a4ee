"""A service that keytui protects, as a process of its own: each line on its input is one request.

A request is JSON `{"caller": …, "secret": …}`; the answer is JSON `{"valid": …, "version": …, "reason": …}`.
"""

from __future__ import annotations

import json
import sys

import keytui


def main() -> None:
    """Answer requests until the input ends, then end cleanly."""
    with keytui.open_verifier("bookings") as verifier:
        for line in sys.stdin:
            request = json.loads(line)
            check = verifier.check(request["secret"], caller=request["caller"])
            answer = {"valid": check.valid, "version": check.version, "reason": check.reason}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
