"""`keytui probe` where the libraries that ask servers are missing, and what they cost the other commands: nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROBE = """
[probes.edge]
kind = "metrics"
url = "http://127.0.0.1:9/metrics"
metric = "requests_total"
key_label = "key"
"""
WITHOUT = """
import sys
sys.modules[sys.argv[1]] = None
from keytui.cli.entry import main
sys.exit(main(["probe"]))
"""
IMPORTED = """
import sys
import keytui.cli.app
sys.stdout.write(str(sorted(name for name in ("httpx", "prometheus_client") if name in sys.modules)))
"""


def run(home: Path, program: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A program in an interpreter of its own."""
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        env={"KEYTUI_HOME": str(home), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("library", ["httpx", "prometheus_client"])
def test_a_missing_library_is_named_with_its_extra(tmp_path: Path, library: str) -> None:
    (tmp_path / "config.toml").write_text(PROBE)
    (tmp_path / "config.toml").chmod(0o600)
    done = run(tmp_path, WITHOUT, library)
    assert done.returncode == 2
    assert library in done.stderr
    assert "keytui[prometheus]" in done.stderr


def test_no_other_command_loads_them(tmp_path: Path) -> None:
    done = run(tmp_path, IMPORTED)
    assert (done.stdout, done.stderr) == ("[]", "")
