"""The clocks of several hosts."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

BY_RIGHT_CLOCKS: Final = timedelta(hours=1)
"""How far those of hosts that share a vault are apart at most."""
