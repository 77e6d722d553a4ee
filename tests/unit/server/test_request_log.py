"""The line of a request: what it may repeat of a path, and that no line is lost on the way."""

from __future__ import annotations

import threading

import pytest

from keytui.server.request_log import Noted, RequestLog, cleaned

SECRET = "tk_0123456789abcdefghijklmnopqrstuv"


@pytest.mark.parametrize(
    ("path", "query", "shown"),
    [
        ("/admin/keys", "", "/admin/keys"),
        ("/admin/keys/abcdefgh12345678/rotate", "", "/admin/keys/abcdefgh12345678/rotate"),
        ("/admin/rotations/17/verdict", "", "/admin/rotations/17/verdict"),
        ("/admin/audit-logs", "key_id=x&format=csv", "/admin/audit-logs?key_id=*&format=*"),
        (f"/admin/keys/{SECRET}", "", "/admin/keys/*"),
        ("/admin/keys/find", f"reference={SECRET}", "/admin/keys/find?reference=*"),
        ("/admin/keys", SECRET, "/admin/keys?*"),
        ("/\x1b[31m/a b", "", "/*/*"),
        ("/v1/verify", "", "/v1/verify"),
    ],
)
def test_what_could_be_a_secret_is_left_out(path: str, query: str, shown: str) -> None:
    assert cleaned(path, query) == shown


def test_every_line_is_written_though_many_threads_write() -> None:
    written: list[str] = []
    log = RequestLog(written.append)

    def note() -> None:
        for _ in range(500):
            log.note("GET /live", 200, 0.001, "127.0.0.1", Noted("ada", "abcdefgh12345678", 2, "accepted"))

    threads = [threading.Thread(target=note) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()

    lines = "".join(written).splitlines()
    assert len(lines) == 2000
    assert lines[0].endswith(
        "GET /live 200 1.0ms from=127.0.0.1 by=ada key=abcdefgh12345678 version=2 outcome=accepted"
    )
