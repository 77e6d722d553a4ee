"""What every row is."""

from __future__ import annotations

from sqlalchemy.orm import registry
from sqlmodel import SQLModel


class Row(SQLModel, registry=registry()):
    """Tables of our own registry: a service that runs our verifier may have SQLModel tables of the same names."""
