"""Where workers put their numbers; apart, because it must be set before prometheus_client is imported."""

from __future__ import annotations

from typing import Final

METRICS_DIRECTORY: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The library's own name for it."""
