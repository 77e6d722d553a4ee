"""Alembic's scripts: how a vault's schema came to be, step by step."""
