"""Where files are made and lost thousands of times."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

_MEMORY = Path("/dev/shm")  # noqa: S108  # a file system in memory, where there is one


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory: a disk that is flushed at every change would be waited for all the time."""
    with TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else tmp_path, ignore_cleanup_errors=True) as directory:
        yield Path(directory)
