"""The nose itself: a search that finds nothing proves something only if it would have found it."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.end_to_end.canary import leaks_in, leaks_under

SECRET = "tk_x3k9j2m8n+4hqv7c1z0b5f6d8s2a9w3e/y"


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        SECRET[13:25],
        SECRET[::-1],
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
        quote(SECRET, safe=""),
        "".join(f"%{byte:02x}" for byte in SECRET.encode()),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"u:{SECRET}".encode()).decode(),
        base64.b64encode(f"me:{SECRET}\n".encode()).decode(),
        base64.urlsafe_b64encode(f"bearer {SECRET}".encode()).decode(),
        SECRET.encode("utf-16-le").decode("latin-1"),
    ],
)
def test_a_secret_is_found_in_every_disguise(tmp_path: Path, written: str) -> None:
    (tmp_path / "file").write_bytes(f"before {written} after".encode("latin-1"))
    assert len(leaks_under(tmp_path, [SECRET])) == 1


def test_a_secret_in_a_file_name_is_found(tmp_path: Path) -> None:
    (tmp_path / SECRET.replace("/", "")).touch()
    assert len(leaks_under(tmp_path, [SECRET])) == 1


def test_the_public_prefix_is_no_leak_and_the_report_repeats_no_secret() -> None:
    assert not list(leaks_in(SECRET[:12].encode(), [SECRET], "a table"))
    (line,) = leaks_in(SECRET.encode(), [SECRET], "a log")
    assert SECRET[12:] not in line
