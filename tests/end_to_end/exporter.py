"""A service with a counter by key, for a real Prometheus to scrape: a line `KEY COUNT` on its input raises it."""

from __future__ import annotations

import sys

from prometheus_client import Counter, start_http_server


def main() -> None:
    """Listen on the port that is the first argument; answer each line with one, so that a test need not wait."""
    requests = Counter("requests", "Requests by key.", ["key"])
    start_http_server(int(sys.argv[1]), "127.0.0.1")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        key, count = line.split()
        requests.labels(key).inc(int(count))
        sys.stdout.write("counted\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
