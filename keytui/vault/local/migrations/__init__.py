"""Alembic's scripts: how a vault's schema came to be, step by step."""

from typing import Final

HEAD: Final = "0007"
"""The newest revision. Each is a number that is one higher."""
